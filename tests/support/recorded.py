"""Finished sessions whose video is noise: made at once, of any size, for what only carries files."""

from __future__ import annotations

import random
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
from tests.support.sessions import START_NS, press, write_sync

_BLOCK_BYTES = 16 << 20

STARTED_UNIX_NS = 1_760_000_000_000_000_000


def make_recorded(root: Path, name: str, *, video_bytes: int = 300_000, age_s: int = 0, frames: int = 30) -> Path:
    """A finished session; ``age_s``: how long before the others it was recorded."""
    path = root / name
    path.mkdir(parents=True)
    noise = random.Random(name)
    with (path / "capture.mp4").open("wb") as video:
        for begin in range(0, video_bytes, _BLOCK_BYTES):
            video.write(noise.randbytes(min(_BLOCK_BYTES, video_bytes - begin)))
    times = [START_NS + round(k * 1e9 / 30) for k in range(frames)]
    write_sync(path / "sync.csv", times, [k * 33_333_333 for k in range(frames)])
    (path / "actions.bin").write_bytes(encode_snapshot(press(times[0], 0)))
    profile = CaptureProfile(width=64, height=48, source_width=64, source_height=48, fps=30, keyframe_interval=30)
    info = SessionInfo(
        session_id=f"recording-{name}",
        source="test",
        player="ada",
        game_id="test-game",
        capture_profile=profile,
        clock=Clock(
            kind=ClockKind.MONOTONIC,
            started_unix_ns=STARTED_UNIX_NS - age_s * 1_000_000_000,
            started_monotonic_ns=times[0],
        ),
        counts=FrameCounts(frames=frames),
        files={file: file_record(path / file) for file in SESSION_FILES},
    )
    write_session_info(path / "session.json", info)
    return path
