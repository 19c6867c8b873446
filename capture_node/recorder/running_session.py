"""One session that is being recorded, between the grid, the encoder, the inputs and the player's wishes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

from av.error import FFmpegError

from capture_node.recorder.frame_queue import QueuedFrame
from capture_node.recorder.intervals import FrameIntervals
from playloom.errors import OutputError, PlayloomError
from playloom.recording.cutting import cut_files, cut_session
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.recovery import recover_session
from playloom.recording.session import Session
from playloom.recording.session_info import FrameCounts
from playloom.recording.writer import SessionWriter


class RunningSession:
    """A session from its first frame until its files are closed.

    The grid counts in it, the encoder's thread adds frames, the inputs' threads add snapshots; it is closed after the
    last of these.

    Args:
        writer: of its files.
        number: 1 for the first since the start.
        begin_ns: nothing older belongs into it.

    Attributes:
        writer, number, begin_ns: the same.
        taken: frames that the queue took.
        dropped, late: ticks, as in `FrameCounts`.
        last_frame_ns: the time of the last frame that the queue took.
        end_ns: nothing later belongs into it; known once another has taken its place.
        input_events: events recorded.
        fault: why its files cannot be written any more, or None.
    """

    def __init__(self, writer: SessionWriter, *, number: int, begin_ns: int) -> None:
        self.writer = writer
        self.number = number
        self.begin_ns = begin_ns
        self.taken = 0
        self.dropped = 0
        self.late = 0
        self.last_frame_ns = begin_ns
        self.end_ns = 2**63 - 1
        self.input_events = 0
        self.fault: str | None = None
        self._intervals = FrameIntervals()
        self._lock = Lock()
        self._discard_from_ns: int | None = None
        self._closed = False
        self._result: Session | None = None

    @property
    def result(self) -> Session | None:
        """The session once it is closed; None before, and where nothing is left of it."""
        return self._result

    @property
    def size_bytes(self) -> int:
        """What its files hold: so far, or once it is closed what is left of them."""
        if not self._closed:
            return self.writer.written_bytes
        if self._result is None or self._result.info is None:
            return 0
        return sum(file.bytes for file in self._result.info.files.values())

    def count_frame(self, monotonic_ns: int) -> None:
        """The queue has taken a frame of this time."""
        if self.taken:
            self._intervals.add(monotonic_ns - self.last_frame_ns)
        self.taken += 1
        self.last_frame_ns = monotonic_ns

    def add_frame(self, frame: QueuedFrame) -> None:
        """Encode and write a frame, unless it is thrown away already or nothing can be written any more."""
        discard_from_ns = self._discard_from_ns
        if self.fault is not None or (discard_from_ns is not None and frame.monotonic_ns >= discard_from_ns):
            return
        try:
            self.writer.add_frame(frame.picture, frame.monotonic_ns, repeated=frame.repeated)
        except OutputError as error:
            self.fault = str(error)
        except FFmpegError as error:
            self.fault = f"{self.writer.path}: the encoder failed: {error}"

    def add_snapshot(self, snapshot: InputSnapshot, events: int) -> None:
        """Write what is held: the hub's sink. A fault is kept for the one who looks after the recording."""
        try:
            self.writer.add_inputs(snapshot)
        except OutputError as error:
            self.fault = str(error)
        self.input_events += events

    def mark(self, kind: str, *, begin_ns: int, end_ns: int | None = None, text: str | None = None) -> bool:
        """Note a moment or a span; False if the session is closed.

        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            if self._closed or self.fault is not None:
                return False
            self.writer.mark(kind, begin_ns=max(begin_ns, self.begin_ns), end_ns=end_ns, text=text)
            return True

    def discard(self, from_ns: int, end_ns: int) -> bool:
        """Throw away what is later than ``from_ns``, once the session is closed; False if it is closed already.

        The wish is on the disk when this returns, where anything can still be written: even after a crash the span
        does not come back.
        """
        with self._lock:
            if self._closed:
                return False
            self._discard_from_ns = from_ns
            try:
                self.writer.mark("discard", begin_ns=from_ns, end_ns=end_ns)
            except OutputError as error:
                self.fault = self.fault or str(error)
            return True

    def close(self, figures: Mapping[str, float]) -> Session | None:
        """Finish the files; None if nothing is left of the session, and its directory is gone.

        Args:
            figures: for session.json's ``sync``, beside the session's own.

        Raises:
            OutputError: a file cannot be written; what is there can be recovered.
            PlayloomError: what was thrown away could not be cut off after a fault; it is still in the files.
        """
        with self._lock:
            self._closed = True
        writer = self.writer
        if self.fault is not None:
            writer.abort()
            self._mend(writer.path)
            return None
        counts = FrameCounts(frames=writer.frames, repeated=writer.repeated, dropped=self.dropped, late=self.late)
        sync = dict(figures) | self._figures()
        if not writer.frames:
            writer.abort()
            shutil.rmtree(writer.path)
        elif self._discard_from_ns is None:
            self._result = writer.finish(dropped=self.dropped, late=self.late, sync=sync)
        else:
            writer.abort()
            info = replace(writer.info, counts=counts, sync=sync)
            self._result = cut_session(writer.path, self._discard_from_ns, info)
            self.end_ns = self._discard_from_ns
        return self._result

    def _mend(self, path: Path) -> None:
        """Save what can be saved after a fault, without what was thrown away."""
        if self._discard_from_ns is not None and not cut_files(path, self._discard_from_ns)[0]:
            shutil.rmtree(path)
            return
        with suppress(PlayloomError):  # the fault has been told; what cannot be mended now can be later
            recover_session(path)

    def cut(self, from_ns: int, end_ns: int) -> Session | None:
        """Throw away a closed session's frames and inputs from ``from_ns`` on; None if nothing is left.

        Raises:
            PlayloomError: its files cannot be read or written.
        """
        if self._result is not None and self.end_ns > from_ns:
            info = self._result.info
            assert info is not None
            self._result = cut_session(self._result.path, from_ns, info, end_ns=end_ns)
            self.end_ns = from_ns
        return self._result

    def _figures(self) -> dict[str, float]:
        named = {"interval_ms_p50": 50.0, "interval_ms_p99": 99.0}
        found = {name: self._intervals.percentile_ms(percent) for name, percent in named.items()}
        return {name: value for name, value in found.items() if value is not None}
