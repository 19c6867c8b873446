"""A recording that was cut off (killed, out of power, disk full) made into a session that says what it lacks.

Frames, times and inputs end at slightly different places then: the encoder still held some frames whose times were
written already. What belongs together is kept, half a row or record at an end is cut away, and session.json says so.
The video is left as it is, because its reader copes with a fragment that was cut off.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from playloom.errors import RecordingError
from playloom.recording.append_file import cannot_write, lock_file
from playloom.recording.cutting import DISCARD, cut_files, kept_marks
from playloom.recording.damage import Damage
from playloom.recording.input_stream import MAX_MESSAGE_BYTES, InputReader
from playloom.recording.json_sections import JsonSection
from playloom.recording.mp4_index import index_video
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, START_FILE, SYNC_FILE, VIDEO_FILE
from playloom.recording.session_info import (
    INFO_FILE,
    Clock,
    ClockKind,
    FrameCounts,
    Recovery,
    SessionInfo,
    file_record,
    session_info_from,
    write_session_info,
)
from playloom.recording.sync_table import SyncTable, read_sync


def recover_session(path: Path) -> list[Damage]:
    """Make an interrupted session readable and write its session.json.

    Args:
        path: the session's directory. One that has a session.json is whole and left as it is.

    What the player had thrown away does not come back: where the recorder was stopped before it was cut off the files,
    it is now; a session of which nothing is left then is removed.

    Returns:
        What is lost or was repaired; empty if there was nothing to do.

    Raises:
        RecordingError: a file is missing, nothing of it can be read, or the session is being recorded right now.
        OutputError: the repaired files cannot be written.
    """
    if (path / INFO_FILE).exists():
        return []
    for name in SESSION_FILES:
        if not (path / name).is_file():
            problem = "is no file" if os.path.lexists(path / name) else "is missing"
            raise RecordingError(path / name, problem, remedy="Nothing can be recovered without it")
    _check_nobody_writes(path / VIDEO_FILE)
    if not _throw_away(path):
        shutil.rmtree(path)
        return [_damage(path, "was thrown away by the player, all of it; removed")]
    index = index_video(path / VIDEO_FILE)
    table, damage = read_sync(path / SYNC_FILE)
    damage = [*index.damage, *damage]
    frames = min(index.frames, len(table))
    if len(table) > frames:
        damage.append(_damage(path / SYNC_FILE, f"the last {len(table) - frames} frames did not reach the video"))
    if index.frames > frames:
        damage.append(_damage(path / VIDEO_FILE, f"the last {index.frames - frames} frames have no time"))
    damage += _recover_inputs(path / INPUTS_FILE)
    if frames == len(index.presentation_order) == len(table) and not damage:
        damage.append(_damage(path / INFO_FILE, "was missing; the recording ends where it was cut off"))
    _keep_rows(path / SYNC_FILE, frames)
    write_session_info(path / INFO_FILE, _recovered_info(path, table, frames, damage))
    (path / START_FILE).unlink(missing_ok=True)
    return damage


def _throw_away(path: Path) -> bool:
    """Cut off what the player has thrown away; whether anything is left."""
    try:
        marks = session_info_from(JsonSection.read(path / START_FILE)).marks
    except RecordingError:
        return True  # another recorder's session, or one of which nothing is known; said further on
    discards = [mark.begin_ns for mark in marks if mark.kind == DISCARD]
    return not discards or cut_files(path, min(discards))[0] > 0


def _check_nobody_writes(video: Path) -> None:
    with video.open("rb") as file:
        if not lock_file(file):
            raise RecordingError(video, "is being recorded right now", remedy="Stop the recording first")


def _recover_inputs(path: Path) -> list[Damage]:
    """Cut half a record off the end. A longer rest is left where it is: someone may find out what it was."""
    size_bytes = path.stat().st_size
    reader = InputReader(path)
    for _ in reader.blocks():
        pass
    rest_bytes = size_bytes - reader.readable_bytes
    if 0 < rest_bytes <= MAX_MESSAGE_BYTES + 4:
        _truncate(path, reader.readable_bytes)
    return reader.damage


def _keep_rows(path: Path, rows: int) -> None:
    """Cut sync.csv off behind its first ``rows`` rows."""
    content = path.read_bytes()
    end = content.find(b"\n") + 1
    while rows:
        stop = content.find(b"\n", end) + 1 or len(content)
        rows -= bool(content[end:stop].strip())
        end = stop
    if end < len(content):
        _truncate(path, end)


def _truncate(path: Path, size_bytes: int) -> None:
    try:
        os.truncate(path, size_bytes)
    except OSError as error:
        raise cannot_write(path, error) from error


def _recovered_info(path: Path, table: SyncTable, frames: int, damage: list[Damage]) -> SessionInfo:
    kept = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    info = _started_info(path, table, damage)
    discards = [mark.begin_ns for mark in info.marks if mark.kind == DISCARD]
    return replace(
        info,
        marks=kept_marks(info.marks, min(discards)) if discards else info.marks,
        counts=FrameCounts(
            frames=frames,
            repeated=0 if table.repeated is None else int(np.count_nonzero(table.repeated[:frames])),
        ),
        files={file.name: file_record(file) for file in kept},
        recovery=Recovery(lost=tuple(_sentence(one) for one in damage)),
    )


def _started_info(path: Path, table: SyncTable, damage: list[Damage]) -> SessionInfo:
    """What the recorder noted when it began; or what can be guessed, for another recorder's session."""
    start = path / START_FILE
    if start.exists():
        try:
            return session_info_from(JsonSection.read(start))
        except RecordingError as error:
            damage.append(Damage(file=start, place=error.place or "", problem=error.problem))
    duration_ns = int(table.monotonic_ns[-1] - table.monotonic_ns[0])
    return SessionInfo(
        session_id=path.resolve().name,
        source="unknown",
        clock=Clock(
            kind=ClockKind.MONOTONIC,
            started_unix_ns=max(0, (path / SYNC_FILE).stat().st_mtime_ns - max(0, duration_ns)),
            started_monotonic_ns=int(table.monotonic_ns[0]),
        ),
        counts=FrameCounts(frames=0),
    )


def _damage(file: Path, problem: str) -> Damage:
    return Damage(file=file, place="", problem=problem)


def _sentence(damage: Damage) -> str:
    """The damage without the directory, which may be called something else tomorrow."""
    where = f"{damage.file.name}, {damage.place}" if damage.place else damage.file.name
    return f"{where}: {damage.problem}"
