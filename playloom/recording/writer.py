"""The recorder core: frames and inputs into a session directory, readable at any moment up to the last second.

Whoever captures (a Gymnasium environment, a screen) gives it frames from one thread; it has no queue of its own,
because only the capturing side knows what may be dropped when the disk or the encoder cannot keep up. Inputs may come
from any thread: they wait for no encoder, and are in their file when `SessionWriter.add_inputs` returns.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from av.error import FFmpegError

from playloom.errors import OutputError
from playloom.recording.acting_log import AGENT_KEY, ActingLog
from playloom.recording.append_file import AppendFile, cannot_write
from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.recording.session import INPUTS_FILE, SESSION_FILES, START_FILE, SYNC_FILE, VIDEO_FILE, Session
from playloom.recording.session_info import (
    INFO_FILE,
    Clock,
    ClockKind,
    FrameCounts,
    Mark,
    PicturePlace,
    SessionInfo,
    file_record,
    session_info_values,
    sync_directory,
    write_json,
    write_session_info,
)
from playloom.recording.session_name import check_session_name, new_session_name
from playloom.recording.sync_table import AGENT_COLUMN, SYNC_HEADER, encode_sync_row
from playloom.recording.video_encoder import Picture, VideoEncoder, VideoSettings, frame_time_ns

FLUSH_INTERVAL_S = 1.0
"""Frame times reach the system at least this often."""

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
        acting: who acts in each frame, where an agent plays a part.
    """

    source: str
    player: str | None = None
    game_id: str | None = None
    profile_name: str | None = None
    task: str | None = None
    window: str | None = None
    picture: PicturePlace | None = None
    clock: Clock = field(default_factory=start_clock)
    session_id: str | None = None
    acting: ActingLog | None = None


class SessionWriter:
    """Records one session.

    As a context manager it finishes the session when the block ends well. When the block ends with an exception, what
    was recorded stays without a session.json, and `recover_session` makes it readable.

    `add_frame` belongs to one thread, `add_inputs`, `mark` and `see_onto_disk` to any; `finish` and `abort` to the one
    that knows that no frame will follow.

    Attributes:
        path: the session's directory.
        info: what is known so far.
        frames: how many frames were recorded.
    """

    def __init__(
        self,
        path: Path,
        info: SessionInfo,
        video: VideoSettings,
        *,
        disk_interval_s: float | None = DISK_INTERVAL_S,
        acting: ActingLog | None = None,
    ) -> None:
        self.path = path
        self.info = info
        self._acting = acting
        self._fps = video.fps
        self._repeated = 0
        self._inputs_moved = 0
        self._flushed_s = self._on_disk_s = time.monotonic()
        self._last_frame_ns = -1
        self._last_input: InputSnapshot | None = None
        self._last_of_pad: dict[int, InputSnapshot] = {}
        self._more_files: list[str] = []
        self._finished: Session | None = None
        self._closed = False
        self._disk_interval_s = disk_interval_s
        self._inputs_lock = Lock()
        self._info_lock = Lock()
        self._files: list[AppendFile] = []
        try:
            self._inputs = self._open(INPUTS_FILE)
            self._sync = self._open(SYNC_FILE)
            self._sync.write((SYNC_HEADER + ("" if acting is None else f",{AGENT_COLUMN}") + "\n").encode())
            self._video_file = self._open(VIDEO_FILE)
            self._video = VideoEncoder(self._video_file, video)
            self.info = replace(info, encoder=self._video.info)
            write_json(path / START_FILE, session_info_values(self.info))
            self._flush()
            self.see_onto_disk()
        except (OutputError, FFmpegError):
            self._close_files()
            raise

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        name: str | None = None,
        start: SessionStart,
        video: VideoSettings,
        disk_interval_s: float | None = DISK_INTERVAL_S,
    ) -> SessionWriter:
        """Begin a session in a new directory.

        Args:
            root: where sessions lie; made if it is not there.
            name: the directory's name; None: the session id.
            start: who plays what.
            video: how to record the pictures.
            disk_interval_s: how often `add_frame` sees everything onto the disk; None: someone calls `see_onto_disk`
                on a thread that may wait for the disk.

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
            picture=start.picture,
            capture_profile=video.capture_profile,
            clock=start.clock,
            counts=FrameCounts(frames=0),
            extra=_acting_of(start.acting),
        )
        try:
            return cls(path, info, video, disk_interval_s=disk_interval_s, acting=start.acting)
        except (OutputError, FFmpegError):
            shutil.rmtree(path, ignore_errors=True)  # nothing is in it, and its name is wanted for the next try
            raise

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

    @property
    def repeated(self) -> int:
        """How many of them only repeat the one before."""
        return self._repeated

    @property
    def written_bytes(self) -> int:
        """What the session's files hold so far."""
        return sum(file.size_bytes for file in self._files)

    def add_inputs(self, snapshot: InputSnapshot) -> None:
        """Record what is held, if that or the mouse's place has changed since the last call for the same pad.

        It is in the file when this returns, and any thread may call. A time before the last one's becomes the last
        one's: sources on several threads may overtake each other by microseconds. How often that happened stands in
        session.json.

        Raises:
            OutputError: the file cannot be written.
        """
        with self._inputs_lock:
            self._add_inputs(snapshot)

    def _add_inputs(self, snapshot: InputSnapshot) -> None:
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
        self._inputs.flush()

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
        agent = None if self._acting is None else self._acting.mask_at(monotonic_ns)
        row = encode_sync_row(number, monotonic_ns, frame_time_ns(self._fps, number), repeated=repeated, agent=agent)
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
        with self._info_lock:
            assert not self._closed, "a closed session takes no marks"
            self.info = replace(self.info, marks=(*self.info.marks, mark))
            write_json(self.path / START_FILE, session_info_values(self.info))

    def see_onto_disk(self) -> None:
        """See onto the disk what has been flushed: what a power cut cannot take. It may take long; on any thread.

        Raises:
            OutputError: the disk is full or failed.
        """
        for file in self._files:
            file.see_onto_disk()
        sync_directory(self.path)

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
            self._flush()
            self.see_onto_disk()
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
            extra={**self.info.extra, **_acting_of(self._acting)},
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
        if self._disk_interval_s is not None and now_s - self._on_disk_s >= self._disk_interval_s:
            self._flush()
            self.see_onto_disk()
            self._on_disk_s = time.monotonic()

    def _flush(self) -> None:
        # Times first: a frame on the disk without its time would be lost. Inputs are in their file already.
        self._sync.flush()
        self._video_file.flush()
        self._flushed_s = time.monotonic()

    def _close_files(self) -> None:
        with self._inputs_lock, self._info_lock:
            self._closed = True
            for file in self._files:
                file.close()


def _acting_of(acting: ActingLog | None) -> Mapping[str, Any]:
    """What session.json says of who acts; at the end it may be more than at the beginning."""
    return {} if acting is None else {AGENT_KEY: acting.to_document()}
