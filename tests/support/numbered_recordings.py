"""Finished recordings whose frames show their numbers, with all that an upload and a dataset want to know of them."""

from __future__ import annotations

from pathlib import Path

from playloom.recording.input_stream import encode_snapshot
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_info import (
    CaptureProfile,
    Clock,
    ClockKind,
    FrameCounts,
    SessionInfo,
    file_record,
    write_session_info,
)
from tests.support.numbered_sessions import START_NS, NumberedVideo, snapshot_for, write_numbered_video

STARTED_UNIX_NS = 1_760_000_000_000_000_000
FPS = 30


def write_numbered_recording(path: Path, count: int, *, first: int = 0, player: str = "ada") -> Path:
    """A recording of ``count`` frames, numbered from ``first``: no other one's where the numbers are no other's."""
    path.mkdir(parents=True)
    numbers = range(first, first + count)
    times_ns = [round(frame * 1e9 / FPS) for frame in range(count)]
    write_numbered_video(path / "capture.mp4", numbers, times_ns, NumberedVideo(), FPS)
    rows = [f"{frame},{START_NS + at_ns},{at_ns}\n" for frame, at_ns in enumerate(times_ns)]
    (path / "sync.csv").write_text("frame_index,monotonic_ns,pts\n" + "".join(rows))
    inputs = [snapshot_for(number, START_NS + at_ns - 1000) for number, at_ns in zip(numbers, times_ns, strict=True)]
    (path / "actions.bin").write_bytes(b"".join(map(encode_snapshot, inputs)))
    profile = CaptureProfile(width=96, height=64, source_width=96, source_height=64, fps=FPS, keyframe_interval=10)
    info = SessionInfo(
        session_id=f"recording-{path.name}",
        source="test",
        player=player,
        game_id="test_game",
        capture_profile=profile,
        clock=Clock(kind=ClockKind.MONOTONIC, started_unix_ns=STARTED_UNIX_NS, started_monotonic_ns=START_NS),
        counts=FrameCounts(frames=count),
        files={file: file_record(path / file) for file in SESSION_FILES},
    )
    write_session_info(path / "session.json", info)
    return path
