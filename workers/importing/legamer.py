"""LeGamer's recordings: the three files of a session without the fourth, which is all that has to be made.

LeGamer's recorder writes SDL's button ids, as ours does (only its converter counted them from 1), so the files are
taken as they are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from playloom.errors import PlayloomError, RecordingError
from playloom.recording.append_file import cannot_write
from playloom.recording.input_stream import InputReader
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, Session, find_sessions, open_session
from playloom.recording.session_info import CaptureProfile, Clock, ClockKind
from playloom.recording.sync_table import SyncTable, read_sync
from workers.importing.batch import ImportJob
from workers.importing.options import ImportOptions
from workers.importing.report import Imported
from workers.importing.session_output import SessionOutput, Source
from workers.importing.signature import session_name, signature_of

FORMAT = "legamer"


def legamer_jobs(root: Path, options: ImportOptions, *, copy: bool = False) -> Iterator[ImportJob]:
    """A job for each recording under ``root``.

    Args:
        root: a directory of recordings, or one recording.
        options: of the import.
        copy: copy the files. Else the session shares them with the recording where the file system can.

    Raises:
        PlayloomError: there is no recording.
    """
    found = [path for path in find_sessions(root) if not path.resolve().is_relative_to(options.output.resolve())]
    if not found:
        raise PlayloomError(
            f"There are no recordings in '{root}'", remedy=f"A recording holds the files {', '.join(SESSION_FILES)}"
        )
    for path in found:
        yield ImportJob(source=str(path), run=lambda progress, path=path: _import(path, options, copy, progress))


def _import(path: Path, options: ImportOptions, copy: bool, progress: Callable[[int], None]) -> Imported:
    recording = open_session(path)
    if recording.info is not None:
        raise RecordingError(path, "has a session.json already", remedy="It is a session of Playloom: use it as it is")
    signature = signature_of(path / name for name in SESSION_FILES)
    source = Source(
        format=FORMAT, place=str(path), name=session_name(path.resolve().name, signature), signature=signature
    )
    output = SessionOutput(options, source)
    if (made := output.made_already()) is not None:
        return made
    index = index_video(recording.video_path)
    sync, damage = read_sync(recording.sync_path)
    if not len(sync):
        raise RecordingError(recording.sync_path, "has no rows", remedy="Nothing was recorded: leave it out")
    with output:
        for lost in (*index.damage, *damage):
            output.fault(str(lost))
        if len(sync) != index.frames:
            output.fault(f"the video has {index.frames} frames and sync.csv {len(sync)} rows")
        _read_through(recording, output)
        for name in SESSION_FILES:
            _take(path / name, output.path / name, copy=copy)
        done = output.finish(clock=_clock(recording, sync), profile=_profile(index, sync))
    progress(done.frames)
    return done


def _read_through(recording: Session, output: SessionOutput) -> None:
    """Read all inputs, for what may be wrong with them; nothing of them is kept."""
    reader = InputReader(recording.inputs_path)
    for _ in reader.blocks():
        pass
    for lost in reader.damage:
        output.fault(str(lost))


def _take(source: Path, target: Path, *, copy: bool) -> None:
    try:
        if not copy:
            try:
                target.hardlink_to(source.resolve())
                return
            except OSError:  # another disk, or a file system without links
                pass
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(target, error) from error


def _clock(recording: Session, sync: SyncTable) -> Clock:
    """The recording says nothing of the calendar; its last file was closed when it ended."""
    first_ns, last_ns = int(sync.monotonic_ns[0]), int(sync.monotonic_ns[-1])
    ended_unix_ns = (recording.path / INPUTS_FILE).stat().st_mtime_ns
    return Clock(
        kind=ClockKind.MONOTONIC,
        started_unix_ns=max(0, ended_unix_ns - max(0, last_ns - first_ns)),
        started_monotonic_ns=max(0, first_ns),
    )


def _profile(index: VideoIndex, sync: SyncTable) -> CaptureProfile | None:
    """What the video shows of how it was recorded; None where its times show no rate."""
    span_ns = int(sync.monotonic_ns[-1] - sync.monotonic_ns[0])
    if span_ns <= 0 or index.pixel_format is None:
        return None
    keyframes = np.flatnonzero(index.keyframe[index.presentation_order])
    return CaptureProfile(
        width=index.width,
        height=index.height,
        source_width=index.width,
        source_height=index.height,
        fps=max(1, round((len(sync) - 1) * 1e9 / span_ns)),
        keyframe_interval=int(np.diff(keyframes, append=index.frames).max()) if len(keyframes) else index.frames,
        pixel_format=index.pixel_format,
    )
