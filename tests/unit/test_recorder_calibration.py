from __future__ import annotations

from pathlib import Path

import pytest

from capture_node.assembly import recorder_settings
from capture_node.calibration.calibration import Calibration, write_calibration
from capture_node.node.wish import RecordingWish
from capture_node.node_paths import NodePaths
from capture_node.node_settings import default_settings
from capture_node.sources.catalogue import SourceRequest
from playloom.errors import DefinitionError
from workers.action_delay import MEASURED_MS

FIGURES = {
    "input_to_picture_ms_p50": 22.0,
    "input_to_picture_ms_p95": 24.0,
    "input_to_picture_presses": 5,
}


def figures_of(paths: NodePaths, request: SourceRequest) -> dict[str, float]:
    return dict(recorder_settings(RecordingWish(source=request), default_settings(paths)).calibration)


def test_sessions_of_the_screen_carry_what_was_measured_on_this_machine(tmp_path: Path) -> None:
    paths = NodePaths(config=tmp_path / "config", data=tmp_path / "data")
    assert figures_of(paths, SourceRequest(window="Game")) == {}
    write_calibration(
        paths.calibration_file,
        Calibration(delays_ms=(20, 21, 22, 23, 24), missed=0, source="window", pad="Pad", resolution_ms=0.5),
    )
    assert figures_of(paths, SourceRequest(window="Game")) == FIGURES
    assert figures_of(paths, SourceRequest(monitor=0)) == FIGURES
    assert figures_of(paths, SourceRequest(gym="pong")) == {}
    assert figures_of(paths, SourceRequest(pattern=True)) == {}


def test_the_median_stands_where_conversion_looks_for_it() -> None:
    assert MEASURED_MS in FIGURES


def test_a_damaged_calibration_stops_a_recording_before_it_begins(tmp_path: Path) -> None:
    paths = NodePaths(config=tmp_path, data=tmp_path)
    paths.calibration_file.write_text("{")
    with pytest.raises(DefinitionError, match="Measure again: playloom node calibrate"):
        figures_of(paths, SourceRequest(window="Game"))
