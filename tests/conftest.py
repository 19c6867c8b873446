"""Keeps every test off the network and off the user's own caches and screen, and signals as a terminal has them."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

# Set before any library reads them, which is when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(Path(tempfile.gettempdir()) / f"playloom-tests-hf-{os.getuid()}")
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

# Started in the background (nohup, a script's "&", some CI) we would hand ignored signals on to the programs tested.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
