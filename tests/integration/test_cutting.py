"""A session's end thrown away: gone from all files, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playloom.recording import cutting
from playloom.recording.cutting import cut_session
from playloom.recording.input_stream import read_inputs
from playloom.recording.mp4_index import index_video
from playloom.recording.recovery import recover_session
from playloom.recording.session import Session, open_session
from playloom.recording.session_info import Mark, SessionInfo, file_record
from playloom.recording.sync_table import read_sync
from playloom.recording.video_encoder import VideoSettings
from playloom.recording.writer import SessionStart, SessionWriter
from tests.support.sessions import frame_numbers, numbered_image, press

TICK_NS = 33_333_333
VIDEO = VideoSettings(width=64, height=48, fps=30, crf=18, threads=1)


def begin(root: Path, frames: int = 95) -> SessionWriter:
    """A session with a fragment for each 30 frames, and a key that changes every ten."""
    writer = SessionWriter.create(root, name="one", start=SessionStart(source="test"), video=VIDEO)
    for k in range(frames):
        writer.add_inputs(press(k * TICK_NS, keys=[4 + k // 10]))
        writer.add_frame(numbered_image(k), k * TICK_NS + 1, repeated=k % 2 == 1)
    return writer


def info_of(session: Session | None) -> SessionInfo:
    assert session is not None
    assert session.info is not None
    return session.info


def check_first_sixty(path: Path) -> None:
    assert frame_numbers(path / "capture.mp4") == list(range(60))
    assert index_video(path / "capture.mp4").damage == []
    table, damage = read_sync(path / "sync.csv")
    assert (table.frame_index.tolist(), damage) == (list(range(60)), [])
    inputs, damage = read_inputs(path / "actions.bin")
    assert (inputs.monotonic_ns.tolist(), damage) == ([k * TICK_NS for k in range(0, 61, 10)], [])
    assert sorted(file.name for file in path.iterdir()) == ["actions.bin", "capture.mp4", "session.json", "sync.csv"]


def test_video_times_inputs_and_marks_end_at_the_fragment_before_the_moment(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.mark("note", begin_ns=5)
    writer.mark("pause", begin_ns=50 * TICK_NS, end_ns=90 * TICK_NS)
    writer.mark("note", begin_ns=88 * TICK_NS, text="my password is")
    info = info_of(writer.finish(dropped=1))
    left = cut_session(writer.path, 75 * TICK_NS, info, end_ns=95 * TICK_NS)
    assert left == open_session(writer.path)
    check_first_sixty(writer.path)
    kept = info_of(left)
    assert (kept.counts.frames, kept.counts.repeated) == (60, 30)
    assert [(mark.kind, mark.end_ns) for mark in kept.marks] == [
        ("note", None),
        ("pause", 75 * TICK_NS),
        ("discard", 95 * TICK_NS),
    ]
    assert kept.files == {name: file_record(writer.path / name) for name in kept.files}
    assert b"password" not in b"".join(file.read_bytes() for file in writer.path.iterdir())


def test_a_moment_at_the_end_of_a_fragment_keeps_all_of_it(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    cut_session(writer.path, 60 * TICK_NS + 1, info_of(writer.finish()), end_ns=95 * TICK_NS)
    check_first_sixty(writer.path)


def test_a_moment_after_the_end_changes_nothing_but_the_marks(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    before = info_of(writer.finish())
    after = info_of(cut_session(writer.path, 10**15, before, end_ns=10**15))
    assert (after.files, after.counts) == (before.files, before.counts)


@pytest.mark.parametrize("frames", [0, 5, 95])
def test_where_nothing_is_left_the_directory_is_gone(tmp_path: Path, frames: int) -> None:
    writer = begin(tmp_path, frames)
    writer.abort()
    assert cut_session(writer.path, TICK_NS, writer.info, end_ns=10**12) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("last_step", ["_inputs_end", "_rows_end", "_truncate", "write_session_info"])
def test_after_a_crash_in_the_middle_recovery_throws_the_rest_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_step: str
) -> None:
    writer = begin(tmp_path)
    info = info_of(writer.finish())

    def crash(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cutting, last_step, crash)
        with pytest.raises(KeyboardInterrupt):
            cut_session(writer.path, 75 * TICK_NS, info, end_ns=95 * TICK_NS)
    assert not (writer.path / "session.json").exists()
    recover_session(writer.path)
    check_first_sixty(writer.path)
    assert info_of(open_session(writer.path)).marks == (
        Mark(kind="discard", begin_ns=75 * TICK_NS, end_ns=95 * TICK_NS),
    )


def test_a_recorder_that_was_killed_before_it_threw_away_does_so_when_recovered(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.mark("discard", begin_ns=75 * TICK_NS, end_ns=95 * TICK_NS)
    writer.abort()
    recover_session(writer.path)
    check_first_sixty(writer.path)


def test_a_recovered_session_that_was_thrown_away_whole_is_removed_and_said(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.mark("discard", begin_ns=TICK_NS, end_ns=95 * TICK_NS)
    writer.abort()
    [damage] = recover_session(writer.path)
    assert "thrown away by the player" in damage.problem
    assert list(tmp_path.iterdir()) == []


def test_a_second_cut_goes_further_back(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    info = info_of(cut_session(writer.path, 75 * TICK_NS, info_of(writer.finish()), end_ns=95 * TICK_NS))
    left = cut_session(writer.path, 35 * TICK_NS, replace(info), end_ns=99 * TICK_NS)
    assert info_of(left).counts.frames == 30
    assert [(mark.kind, mark.begin_ns) for mark in info_of(left).marks] == [
        ("discard", 75 * TICK_NS),
        ("discard", 35 * TICK_NS),
    ]
