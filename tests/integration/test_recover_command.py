"""`playloom recover` over a folder of sessions."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from playloom.recording.cli import recover
from playloom.recording.session import START_FILE, open_session
from tests.support.sessions import make_session

app = typer.Typer()
app.command()(recover)


def test_cut_off_sessions_are_recovered_and_whole_ones_left_alone(tmp_path: Path) -> None:
    make_session(tmp_path, "whole", frames=5, with_session_json=True)
    make_session(tmp_path, "legamer", frames=5)
    cut = make_session(tmp_path, "cut", frames=5)
    (cut / START_FILE).write_text("{}")
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert f"recovered {cut}" in result.output
    assert "whole" not in result.output
    assert "legamer" not in result.output
    assert f"Next: playloom validate {tmp_path}" in result.output
    assert open_session(cut).info is not None
    again = CliRunner().invoke(app, [str(tmp_path)])
    assert (again.exit_code, "Nothing to recover" in again.output) == (0, True)


def test_a_session_beyond_help_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    broken = make_session(tmp_path, "a", frames=5)
    (broken / "capture.mp4").write_bytes(b"")
    cut = make_session(tmp_path, "b", frames=5)
    for path in (broken, cut):
        (path / START_FILE).write_text("{}")
    result = CliRunner().invoke(app, [str(tmp_path), "--json"])
    assert result.exit_code == 1
    listed = json.loads(result.output)
    assert [(entry["session"], entry["recovered"]) for entry in listed] == [(str(broken), False), (str(cut), True)]
    assert "capture.mp4" in listed[0]["error"]


def test_sessions_of_another_recorder_are_recovered_when_they_are_named_themselves(tmp_path: Path) -> None:
    path = make_session(tmp_path, "legamer", frames=5)
    other = make_session(tmp_path, "other one", frames=5)
    result = CliRunner().invoke(app, [str(path), str(other)])
    assert result.exit_code == 0, result.output
    assert f"recovered {path}" in result.output
    assert f"recovered {other}" in result.output
    assert "2 recovered, 0 not" in result.output
    assert f"Next: playloom validate {tmp_path}" in result.output


def test_a_name_that_is_no_folder_costs_only_itself(tmp_path: Path) -> None:
    cut = make_session(tmp_path, "cut", frames=5)
    (tmp_path / "notes.txt").write_text("x")
    result = CliRunner().invoke(app, [str(tmp_path / "notes.txt"), str(tmp_path / "gone"), str(cut)])
    assert result.exit_code == 1
    assert "notes.txt: is a file" in result.output
    assert "gone: does not exist" in result.output
    assert f"recovered {cut}" in result.output
    assert "1 recovered, 2 not" in result.output
