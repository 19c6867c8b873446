from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capture_node.calibration import measurement
from capture_node.calibration.calibration import Calibration, percentile, read_calibration, write_calibration
from capture_node.calibration.measurement import is_bright, measure
from capture_node.calibration.plot import draw_calibration, histogram
from capture_node.sources.frame_source import Grab, PixelFormat, SourceDescription, SourceKind
from playloom.errors import CaptureError, DefinitionError, OutputError

FIVE = (10.0, 12.0, 11.0, 30.0, 13.0)


def calibration(delays_ms: tuple[float, ...] = FIVE) -> Calibration:
    return Calibration(
        delays_ms=delays_ms, missed=1, source="window", pad="Pad", resolution_ms=0.5, measured_unix_s=1_700_000_000
    )


def test_sessions_are_told_the_median_and_the_95th_percentile() -> None:
    assert calibration().session_figures == {
        "input_to_picture_ms_p50": 12.0,
        "input_to_picture_ms_p95": 30.0,
        "input_to_picture_presses": 5,
    }


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 5), (95, 10), (90, 9), (100, 10)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([3, 1, 2, 10, 9, 8, 7, 6, 5, 4], percent) == expected


def test_what_was_measured_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "config" / "calibration.json"
    assert read_calibration(file) is None
    write_calibration(file, calibration())
    assert read_calibration(file) == calibration()
    write_calibration(file, calibration((1, 2, 3, 4, 5)))
    assert [path.name for path in file.parent.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"delays_ms": [1, 2, 3, 4]}, "must be a list of 5 or more delays"),
        ({"delays_ms": [1, 2, 3, 4, -1]}, "-1 is not a delay from 0 to 10000 ms"),
        ({"delays_ms": [1, 2, 3, 4, "x"]}, "'x' is not a delay"),
        ({"missed": "none"}, "must be a whole number"),
    ],
)
def test_a_damaged_file_says_to_measure_again(tmp_path: Path, values: dict[str, object], problem: str) -> None:
    file = tmp_path / "calibration.json"
    write_calibration(file, calibration())
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
    with pytest.raises(DefinitionError, match=problem) as caught:
        read_calibration(file)
    assert str(caught.value).endswith("Measure again: playloom node calibrate")


def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_calibration(tmp_path / "config" / "calibration.json", calibration())


def test_a_histogram_begins_at_zero_and_counts_every_delay() -> None:
    assert histogram([0.0, 0.4, 2.0, 2.9]) == (0.1, [1, 0, 0, 0, 1, *[0] * 15, 1, *[0] * 8, 1])
    assert histogram([10, 12, 31], most_bars=20) == (2, [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1])


@pytest.mark.parametrize("delays_ms", [FIVE, (0.0,) * 5, (0.01, 0.02, 0.02, 0.01, 9000.0)])
def test_the_distribution_is_drawn_whatever_it_is(tmp_path: Path, delays_ms: tuple[float, ...]) -> None:
    draw_calibration(tmp_path / "calibration.png", calibration(delays_ms))
    with Image.open(tmp_path / "calibration.png") as image:
        assert (image.size, image.mode) == ((960, 480), "RGB")
        assert len(image.getcolors(1 << 20) or ()) > 5


def test_only_the_middle_of_a_picture_counts() -> None:
    picture = np.zeros((540, 960, 4), np.uint8)
    assert not is_bright(picture)
    picture[200:340, 380:580, :3] = 255
    assert is_bright(picture)
    assert is_bright(picture[:, :, :3])


class Machine:
    """A window whose flash is in the picture some time after a press; every look takes half a millisecond."""

    description = SourceDescription(kind=SourceKind.WINDOW, key="1", title="", width=64, height=36)

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000
        self.delays_ms: list[float | None] = []
        self.pressed_ns: int | None = None
        self.shown_ns: int | None = None
        self.is_open = False
        self.held = False

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def make_ready(self) -> None:
        pass

    def grab(self) -> Grab:
        assert self.is_open
        self.now_ns += 500_000
        bright = self.shown_ns is not None and self.now_ns >= self.shown_ns
        image = np.full((36, 64, 4), 255 if bright else 16, np.uint8)
        return Grab(image=image, pixel_format=PixelFormat.BGRA, monotonic_ns=self.now_ns)

    def arm(self) -> None:
        self.pressed_ns = self.shown_ns = None

    def darken(self) -> None:
        self.shown_ns = None

    def press(self) -> None:
        assert not self.held
        self.held = True
        delay_ms = self.delays_ms.pop(0)
        self.pressed_ns = self.now_ns
        self.shown_ns = None if delay_ms is None else self.now_ns + round(delay_ms * 1e6)

    def release(self) -> None:
        self.held = False

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "sleep", machine.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: machine.now_ns / 1e9)
    monkeypatch.setattr(measurement, "now_ns", lambda: machine.now_ns)
    return machine


def test_each_press_is_measured_to_the_first_picture_that_shows_it(machine: Machine) -> None:
    machine.delays_ms = [20, 35.2, 0, 5, 8]
    done: list[int] = []
    result = measure(machine, machine, presses=5, press=machine.press, release=machine.release, progress=done.append)
    assert result.delays_ms == (20.5, 35.5, 0.5, 5.5, 8.5)
    assert (result.missed, done, machine.is_open) == (0, [1, 2, 3, 4, 5], False)
    assert result.resolution_ms == 1.0


def test_a_press_that_no_picture_shows_is_missed_and_counted(machine: Machine) -> None:
    machine.delays_ms = [5, None, 5, 5, 5, 5]
    result = measure(machine, machine, presses=6, press=machine.press, release=machine.release)
    assert (len(result.delays_ms), result.missed) == (5, 1)


def test_a_source_that_shows_something_else_is_an_error_after_three_presses(machine: Machine) -> None:
    machine.delays_ms = [None for _ in range(10)]
    with pytest.raises(CaptureError, match="does not show the window's flashes"):
        measure(machine, machine, presses=10, press=machine.press, release=machine.release)
    assert (len(machine.delays_ms), machine.is_open) == (7, False)


def test_a_source_that_stays_bright_is_an_error(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "is_bright", lambda _: True)
    with pytest.raises(CaptureError, match="does not show the window's flashes"):
        measure(machine, machine, presses=5)


def test_a_player_who_does_not_press_is_told_so(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "PRESSED_WITHIN_S", 2)
    with pytest.raises(CaptureError, match="no button was pressed for 2 s; 0 of 5 presses were measured"):
        measure(machine, machine, presses=5)
