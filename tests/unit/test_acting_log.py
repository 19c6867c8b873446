from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import RecordingError
from playloom.recording.acting_log import MOST_ACTIONS, ActingLog, read_acted
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync
from playloom.recording.writer import SessionStart, SessionWriter, VideoSettings


def recorded(root: Path, log: ActingLog | None) -> Path:
    start = SessionStart(source="gym", game_id="g", acting=log)
    with SessionWriter.create(root, start=start, video=VideoSettings(width=32, height=32, fps=30)) as writer:
        for frame in range(4):
            if log is not None:
                log.note(1_000 + frame * 100, ["look"] if frame == 1 else ["look", "dash"] if frame == 2 else [])
            writer.add_frame(np.full((32, 32, 3), frame, np.uint8), 1_050 + frame * 100)
        return writer.path


def test_a_frame_takes_what_was_noted_last_at_or_before_its_time() -> None:
    log = ActingLog("run@1", ["look", "dash"])
    log.note(100, ["dash"])
    log.note(200, ["dash"])
    log.note(300, ["look", "dash"])
    log.note(250, [])
    assert [log.mask_at(at) for at in (0, 99, 100, 250, 299, 300)] == [0, 0, 2, 2, 2, 0]


def test_a_session_names_every_policy_that_played_a_part_in_it(tmp_path: Path) -> None:
    log = ActingLog("run@1", ["look"])
    start = SessionStart(source="gym", game_id="g", acting=log)
    with SessionWriter.create(tmp_path, start=start, video=VideoSettings(width=32, height=32, fps=30)) as writer:
        writer.add_frame(np.zeros((32, 32, 3), np.uint8), 1_000)
        log.take_over("run@1")
        log.take_over("run@2")
        writer.add_frame(np.zeros((32, 32, 3), np.uint8), 2_000)
    acted = read_acted(writer.path)
    assert acted is not None
    assert acted.policy == "run@1, run@2"


def test_a_session_keeps_who_acted_beside_its_frames_and_reads_as_any_other(tmp_path: Path) -> None:
    path = recorded(tmp_path, ActingLog("run@1", ["look", "dash"]))
    assert (path / "sync.csv").read_text().splitlines()[:3] == [
        "frame_index,monotonic_ns,pts,repeated,agent",
        "0,1050,0,0,0",
        "1,1150,33333333,0,1",
    ]
    acted = read_acted(path)
    assert acted is not None
    assert (acted.policy, acted.actions) == ("run@1", ("look", "dash"))
    assert acted.by_agent.tolist() == [[False, False], [True, False], [True, True], [False, False]]
    table, damage = read_sync(path / "sync.csv")
    assert (table.frame_index.tolist(), table.agent, damage) == ([0, 1, 2, 3], None, [])
    assert open_session(path).info is not None


def test_a_session_without_an_agent_has_no_column_and_nobody_who_acted(tmp_path: Path) -> None:
    path = recorded(tmp_path, None)
    assert (path / "sync.csv").read_text().startswith("frame_index,monotonic_ns,pts,repeated\n")
    assert read_acted(path) is None


def test_what_another_recorder_calls_agent_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "sync.csv"
    path.write_text("frame_index,monotonic_ns,pts,agent\n0,10,0,ada\n1,20,33,grace\n")
    table, damage = read_sync(path)
    assert (len(table), damage) == (2, [])
    with pytest.raises(RecordingError, match="agent is 'ada', not a whole number"):
        read_sync(path, agent=True)


def test_a_session_json_that_promises_what_sync_csv_has_not_is_damaged(tmp_path: Path) -> None:
    path = recorded(tmp_path, None)
    info = json.loads((path / "session.json").read_text())
    (path / "session.json").write_text(json.dumps(info | {"agent": {"policy": "run@1", "actions": ["look"]}}))
    with pytest.raises(RecordingError, match="has no column 'agent'"):
        read_acted(path)


def test_actions_beyond_the_digits_of_a_number_share_the_last_bit() -> None:
    names = [f"a{place}" for place in range(60)]
    log = ActingLog("run@1", names)
    log.note(1, ["a59"])
    assert log.mask_at(1) == 1 << (MOST_ACTIONS - 1)
    assert len(str(log.mask_at(1))) <= 18
