"""Keeps every test off the network and off the user's own caches and screen, and signals as a terminal has them.

No test leaves its process before all other programs of the machine, either: SVT-AV1 would, where root runs it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from playloom.scheduling import scheduled_as_before

# Set before any library reads them, which is when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(Path(tempfile.gettempdir()) / f"playloom-tests-hf-{os.getuid()}")
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
# The programs of the tests are compiled once and not by each of hundreds anew, which a machine may ask for.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A program beside others waits for its own threads asleep, and has no more of them than it was given.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"  # the user's desktop shows no notifications

# How fast examples come says how busy the machine is, and nothing of what is tested.
settings.register_profile("playloom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("playloom")

# Started in the background (nohup, a script's "&", some CI) we would hand ignored signals on to the programs tested.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _scheduled_as_before() -> Iterator[None]:
    with scheduled_as_before():
        yield
