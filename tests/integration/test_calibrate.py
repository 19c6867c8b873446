from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from capture_node.calibration import run
from capture_node.calibration.calibration import read_calibration
from playloom.errors import CaptureError
from tests.support.sdl3_pads import SDL3_LIBRARY
from tests.support.x_screen import x_screen


def calibrate(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "playloom", "node", "calibrate", *arguments],
        env=environment | {"PLAYLOOM_SDL3": str(SDL3_LIBRARY)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_presses_of_a_virtual_pad_are_seen_in_the_captured_window_and_on_the_monitor(tmp_path: Path) -> None:
    with x_screen((800, 600)) as screen:
        environment = screen.environment | {"PLAYLOOM_HOME": str(tmp_path)}
        result = calibrate(environment, "--virtual", "--presses", "6")
        assert result.returncode == 0, result.stderr
        *_, summary, stored, _ = result.stdout.splitlines()
        assert summary.startswith("Half of 6 presses were in the picture within ")
        file = tmp_path / "config" / "calibration.json"
        assert stored == f"Stored in {file}, drawn in {file.with_suffix('.png')}"
        calibration = read_calibration(file)
        assert calibration is not None
        assert (calibration.source, calibration.pad, calibration.missed) == ("window", "Playloom virtual pad", 0)
        assert all(0 <= delay < 2000 for delay in calibration.delays_ms)

        plot = tmp_path / "monitor.png"
        result = calibrate(environment, "--virtual", "--presses", "5", "--monitor", "0", "--plot", str(plot), "--json")
        assert result.returncode == 0, result.stderr
        figures = json.loads(result.stdout)
        assert (figures["source"], figures["input_to_picture_presses"]) == ("monitor", 5)
        with Image.open(plot) as image:
            assert image.size == (960, 480)


def test_without_a_pad_the_error_says_what_to_do() -> None:
    with pytest.raises(CaptureError, match="no gamepad is plugged in") as caught:
        run.calibrate(presses=5)
    assert caught.value.remedy == "Plug one in, or let a virtual pad press: playloom node calibrate --virtual"


def test_without_a_desktop_the_error_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"SDL_VIDEODRIVER": "x11", "PLAYLOOM_HOME": str(tmp_path)}
    result = calibrate(environment, "--virtual")
    assert result.returncode == 1
    assert "The calibration window: SDL cannot show one" in result.stderr
    assert "Run this on the desktop that you play on" in result.stderr


def test_a_drawing_of_another_kind_is_refused_before_anybody_presses(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"PLAYLOOM_HOME": str(tmp_path)}
    result = calibrate(environment, "--virtual", "--plot", "delay.txt")
    assert result.returncode == 1
    assert result.stderr == "error: delay.txt: it is drawn as a PNG. Give a name that ends in .png\n"
