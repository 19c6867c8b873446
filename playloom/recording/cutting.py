"""A session's end thrown away: what came after a moment is gone from all of its files, and session.json says so.

The video ends with the last fragment that holds nothing from then on, at most a second earlier than asked for; times
and inputs end with it. The wish is on the disk before anything is cut, so that a crash in between brings nothing back:
`recover_session` goes on where it was.
"""

from __future__ import annotations

import mmap
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.append_file import cannot_write
from playloom.recording.input_stream import InputReader
from playloom.recording.mp4_boxes import TopLevelWalk, open_for_reading
from playloom.recording.mp4_index import index_video
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, START_FILE, SYNC_FILE, VIDEO_FILE, Session
from playloom.recording.session_info import (
    INFO_FILE,
    Mark,
    SessionInfo,
    file_record,
    session_info_values,
    write_json,
    write_session_info,
)
from playloom.recording.sync_table import read_sync

DISCARD = "discard"
"""The mark of what was thrown away."""


def cut_session(path: Path, from_ns: int, info: SessionInfo, *, end_ns: int | None = None) -> Session | None:
    """Throw away a session's frames, inputs and marks from a moment on.

    Args:
        path: the session's directory; nobody writes in it.
        from_ns: the moment, on the session's clock.
        info: what is known of the session.
        end_ns: until when the player threw away; None if ``info`` has the mark of it already.

    Returns:
        What is left; None if nothing is, and the directory is gone.

    Raises:
        RecordingError: a file cannot be read.
        OutputError: a file cannot be written.
    """
    if end_ns is not None:
        mark = Mark(kind=DISCARD, begin_ns=from_ns, end_ns=max(from_ns, end_ns))
        info = replace(info, marks=(*info.marks, mark))
    info = replace(info, marks=kept_marks(info.marks, from_ns))
    write_json(path / START_FILE, session_info_values(info))
    (path / INFO_FILE).unlink(missing_ok=True)
    frames, repeated = cut_files(path, from_ns)
    if not frames:
        shutil.rmtree(path)
        return None
    more = [name for name in info.files if name not in SESSION_FILES and (path / name).is_file()]
    info = replace(
        info,
        counts=replace(info.counts, frames=frames, repeated=repeated),
        files={name: file_record(path / name) for name in (*SESSION_FILES, *more)},
    )
    write_session_info(path / INFO_FILE, info)
    (path / START_FILE).unlink(missing_ok=True)
    return Session(path=path, session_id=info.session_id, info=info)


def kept_marks(marks: tuple[Mark, ...], from_ns: int) -> tuple[Mark, ...]:
    """Those before a moment, and the marks of what was thrown away."""
    return tuple(
        mark if mark.kind == DISCARD or mark.end_ns is None else replace(mark, end_ns=min(mark.end_ns, from_ns))
        for mark in marks
        if mark.kind == DISCARD or mark.begin_ns < from_ns
    )


def cut_files(path: Path, from_ns: int) -> tuple[int, int]:
    """Cut video, times and inputs off at a moment; how many frames are left, and how many of them repeat another.

    Raises:
        RecordingError, OutputError: as `cut_session`.
    """
    content = (path / SYNC_FILE).read_bytes()
    if content.count(b"\n") < 2:
        return 0, 0
    table, _ = read_sync(path / SYNC_FILE)
    wanted = int(np.searchsorted(table.monotonic_ns, from_ns))
    frames, video_bytes = _video_end(path / VIDEO_FILE, min(wanted, len(table)))
    if not frames:
        return 0, 0
    if frames < len(table):
        from_ns = min(from_ns, int(table.monotonic_ns[frames]))
    _truncate(path / INPUTS_FILE, _inputs_end(path / INPUTS_FILE, from_ns))
    _truncate(path / SYNC_FILE, _rows_end(content, frames))
    _truncate(path / VIDEO_FILE, video_bytes)
    return frames, 0 if table.repeated is None else int(np.count_nonzero(table.repeated[:frames]))


def _video_end(video: Path, wanted: int) -> tuple[int, int]:
    """How many frames the fragments hold that have none after the first ``wanted``, and where these fragments end."""
    try:
        offsets: NDArray[np.int64] = np.sort(index_video(video).offset)
    except RecordingError:
        return 0, 0  # not one fragment
    ends: list[int] = []
    descriptor = open_for_reading(video)
    try:
        walk = TopLevelWalk(video, descriptor, os.fstat(descriptor).st_size)
        ends = [box.start for box in walk if box.kind == b"moof"]
        ends.append(walk.stopped_at)
    finally:
        os.close(descriptor)
    best = (0, 0)
    for end in ends:
        frames = int(np.searchsorted(offsets, end))
        if frames <= wanted:
            best = (frames, end)
    return best


def _inputs_end(inputs: Path, from_ns: int) -> int:
    """Where the records end that are earlier than a moment."""
    reader = InputReader(inputs)
    earlier = 0
    for table in reader.blocks():
        kept = int(np.searchsorted(table.monotonic_ns, from_ns))
        earlier += kept
        if kept < len(table):
            break
    return _records_end(inputs, earlier)


def _records_end(inputs: Path, records: int) -> int:
    if not records:
        return 0
    with inputs.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = 0
        for _ in range(records):
            end += 4 + int.from_bytes(content[end : end + 4], "little")
        return end


def _rows_end(content: bytes, rows: int) -> int:
    end = content.find(b"\n") + 1
    while rows:
        end = content.find(b"\n", end) + 1 or len(content)
        rows -= 1
    return end


def _truncate(path: Path, size_bytes: int) -> None:
    try:
        with path.open("r+b") as file:
            file.truncate(size_bytes)
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error
