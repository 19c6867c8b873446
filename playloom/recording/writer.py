"""The recorder core: frames and inputs into a session directory, readable at any moment up to the last second.

Whoever captures (a Gymnasium environment, a screen) drives it from one thread; it has no queue of its own, because
only the capturing side knows what may be dropped when the disk or the encoder cannot keep up.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from av.error import FFmpegError

from playloom.errors import OutputError
from playloom.recording.append_file import AppendFile, cannot_write
from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, START_FILE, SYNC_FILE, VIDEO_FILE, Session
from playloom.recording.session_info import (
    INFO_FILE,
    Clock,
    ClockKind,
    FrameCounts,
    Mark,
    SessionInfo,
    file_record,
    session_info_values,
    sync_directory,
    write_json,
    write_session_info,
)
from playloom.recording.session_name import check_session_name, new_session_name
from playloom.recording.sync_table import SYNC_HEADER, encode_sync_row
from playloom.recording.video_encoder import Picture, VideoEncoder, VideoSettings, frame_time_ns

FLUSH_INTERVAL_S = 1.0
"""Inputs and frame times reach the system at least this often."""

DISK_INTERVAL_S = 2.0
"""Everything is seen onto the disk this often: what a power cut may cost. More often would stall slow disks."""


def start_clock(kind: ClockKind = ClockKind.MONOTONIC, *, monotonic_ns: int | None = None) -> Clock:
    """A session's clock, beginning now.

    Args:
        kind: real or simulated.
        monotonic_ns: what the clock shows now; None: the system's monotonic clock.
    """
    now_ns = time.monotonic_ns() if monotonic_ns is None else monotonic_ns
    return Clock(kind=kind, started_unix_ns=time.time_ns(), started_monotonic_ns=now_ns)


@dataclass(frozen=True, kw_only=True)
class SessionStart:
    """What is known when a recording begins; see `SessionInfo` for the meaning.

    Attributes:
        session_id: None: a new one.
    """

    source: str
    player: str | None = None
    game_id: str | None = None
    profile_name: str | None = None
    task: str | None = None
    window: str | None = None
    clock: Clock = field(default_factory=start_clock)
    session_id: str | None = None


class SessionWriter:
    """Records one session.

    As a context manager it finishes the session when the block ends well. When the block ends with an exception, what
    was recorded stays without a session.json, and `recover_session` makes it readable.

    Attributes:
        path: the session's directory.
        info: what is known so far.
        frames: how many frames were recorded.
    """

    def __init__(self, path: Path, info: SessionInfo, video: VideoSettings) -> None:
        self.path = path
        self.info = info
        self._fps = video.fps
        self._repeated = 0
        self._inputs_moved = 0
        self._last_frame_ns = -1
        self._last_input: InputSnapshot | None = None
        self._last_of_pad: dict[int, InputSnapshot] = {}
        self._more_files: list[str] = []
        self._finished: Session | None = None
        self._closed = False
        self._files: list[AppendFile] = []
        try:
            self._inputs = self._open(INPUTS_FILE)
            self._sync = self._open(SYNC_FILE)
            self._sync.write(f"{SYNC_HEADER}\n".encode())
            self._video_file = self._open(VIDEO_FILE)
            self._video = VideoEncoder(self._video_file, video)
            self.info = replace(info, encoder=self._video.info)
            write_json(path / START_FILE, session_info_values(self.info))
            self._see_onto_disk()
        except (OutputError, FFmpegError):
            self._close_files()
            raise

    @classmethod
    def create(cls, root: Path, *, name: str | None = None, start: SessionStart, video: VideoSettings) -> SessionWriter:
        """Begin a session in a new directory.

        Args:
            root: where sessions lie; made if it is not there.
            name: the directory's name; None: the session id.
            start: who plays what.
            video: how to record the pictures.

        Raises:
            OutputError: the name cannot be used or is taken, or nothing can be written there.
        """
        session_id = start.session_id or new_session_name()
        path = root / check_session_name(root, session_id if name is None else name)
        try:
            root.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            if not root.is_dir():
                raise OutputError(root, "is a file, not a directory", remedy="Name a directory for sessions") from error
            raise OutputError(path, "exists already", remedy="Choose another name") from error
        except OSError as error:
            raise cannot_write(path, error) from error
        info = SessionInfo(
            session_id=session_id,
            source=start.source,
            player=start.player,
            game_id=start.game_id,
            profile_name=start.profile_name,
            task=start.task,
            window=start.window,
            capture_profile=video.capture_profile,
            clock=start.clock,
            counts=FrameCounts(frames=0),
        )
        return cls(path, info, video)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:
            self.abort()

    @property
    def frames(self) -> int:
        return self._video.frames

    def add_inputs(self, snapshot: InputSnapshot) -> None:
        """Record what is held, if that or the mouse's place has changed since the last call for the same pad.

        A time before the last one's becomes the last one's: sources on several threads may overtake each other by
        microseconds. How often that happened stands in session.json.

        Raises:
            OutputError: the file cannot be written.
        """
        last, of_pad = self._last_input, self._last_of_pad.get(snapshot.pad)
        if last is not None and snapshot.monotonic_ns < last.monotonic_ns:
            snapshot = replace(snapshot, monotonic_ns=last.monotonic_ns)
            self._inputs_moved += 1
        if (
            last is not None
            and of_pad is not None
            and snapshot.same_state(of_pad)
            and (snapshot.keys, snapshot.mouse_buttons) == (last.keys, last.mouse_buttons)
        ):
            return
        self._last_input = self._last_of_pad[snapshot.pad] = snapshot
        self._inputs.write(encode_snapshot(snapshot))
        self._flush_in_time()

    def add_frame(self, image: Picture, monotonic_ns: int, *, repeated: bool = False) -> None:
        """Record the next frame of the grid.

        Args:
            image: uint8[height, width, 3] RGB, or a frame as FFmpeg gives it.
            monotonic_ns: when it was captured, later than the frame before.
            repeated: whether it only repeats the frame before.

        Raises:
            OutputError: a file cannot be written.
        """
        assert monotonic_ns > self._last_frame_ns, "frames come in the order of time"
        self._last_frame_ns = monotonic_ns
        number = self._video.frames
        row = encode_sync_row(number, monotonic_ns, frame_time_ns(self._fps, number), repeated=repeated)
        self._sync.write(row.encode())
        self._repeated += repeated
        self._video.add(image)
        if self._video_file.pending:
            self._flush()
        self._flush_in_time()

    def mark(self, kind: str, *, begin_ns: int, end_ns: int | None = None, text: str | None = None) -> None:
        """Note a moment or a span, at once on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        mark = Mark(kind=kind, begin_ns=begin_ns, end_ns=end_ns, text=text)
        self.info = replace(self.info, marks=(*self.info.marks, mark))
        write_json(self.path / START_FILE, session_info_values(self.info))

    def add_file(self, name: str) -> None:
        """Take a file that someone else writes into the session's directory into its list with sums."""
        check_session_name(self.path, name)
        assert name not in (*SESSION_FILES, INFO_FILE), name
        if name not in self._more_files:
            self._more_files.append(name)

    def finish(self, *, dropped: int = 0, late: int = 0, sync: Mapping[str, float] | None = None) -> Session:
        """Close the files and write session.json: the recording is whole. A second call changes nothing.

        Args:
            dropped: ticks of the grid that no frame was recorded for.
            late: frames that came more than a tick late.
            sync: further figures about timing.

        Raises:
            OutputError: a file cannot be written; what is there can be recovered.
        """
        if self._finished is not None:
            return self._finished
        assert not self._closed, "an aborted session cannot be finished"
        try:
            self._video.finish()
            self._see_onto_disk()
        except (OutputError, FFmpegError):
            self.abort()
            raise
        self._close_files()
        figures = dict(sync or {})
        if self._inputs_moved:
            figures["inputs_moved_forward"] = self._inputs_moved
        counts = FrameCounts(frames=self.frames, repeated=self._repeated, dropped=dropped, late=late)
        self.info = replace(
            self.info,
            counts=counts,
            sync=figures or None,
            files={name: file_record(self.path / name) for name in (*SESSION_FILES, *self._more_files)},
        )
        write_session_info(self.path / INFO_FILE, self.info)
        (self.path / START_FILE).unlink(missing_ok=True)
        self._finished = Session(path=self.path, session_id=self.info.session_id, info=self.info)
        return self._finished

    def abort(self) -> None:
        """Close the files as they are, without a session.json. What can still be written is written."""
        if self._closed:
            return
        with suppress(FFmpegError):  # the fault that ended the session has been raised already
            self._video.finish()
        for file in self._files:
            with suppress(OutputError):
                file.flush()
        self._close_files()

    def _open(self, name: str) -> AppendFile:
        file = AppendFile(self.path / name)
        self._files.append(file)
        return file

    def _flush_in_time(self) -> None:
        now_s = time.monotonic()
        if now_s - self._flushed_s >= FLUSH_INTERVAL_S:
            self._flush()
        if now_s - self._on_disk_s >= DISK_INTERVAL_S:
            self._see_onto_disk()

    def _flush(self) -> None:
        # Times and inputs first: a frame on the disk without its time would be lost.
        for file in self._files:
            file.flush()
        self._flushed_s = time.monotonic()

    def _see_onto_disk(self) -> None:
        for file in self._files:
            file.sync()
        sync_directory(self.path)
        self._flushed_s = self._on_disk_s = time.monotonic()

    def _close_files(self) -> None:
        self._closed = True
        for file in self._files:
            file.close()
