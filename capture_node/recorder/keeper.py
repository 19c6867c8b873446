"""The thread that looks after a recording twice a second: disk, limits, pictures, the encoder's pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread

from capture_node.clock import now_ns
from capture_node.inputs.hub import InputHub
from capture_node.inputs.input_source import PadDescription
from capture_node.recorder.frame_queue import FrameQueue
from capture_node.recorder.grid_thread import GridThread
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.picture_watch import PictureWatch
from capture_node.recorder.room import disk_low, free_bytes, spool_full
from capture_node.recorder.running_session import RunningSession
from capture_node.recorder.session_series import SessionSeries
from capture_node.recorder.settings import RecorderSettings
from capture_node.recorder.status import NoticeKind
from playloom.errors import OutputError, PlayloomError

LOOK_S = 0.5
DISK_INTERVAL_S = 2.0
"""Everything is seen onto the disk this often: what a power cut may cost."""

STALL_S = 3.0
"""An encoder that has taken nothing for so long, with pictures waiting, stands still."""

DROPPING_S = 10.0
"""A notice of dropped frames stays for so long after the last."""

RATE_S = 3.0
"""The measured rate is over so much time."""

_SECOND_NS = 1_000_000_000


class Keeper(Thread):
    """Looks after a recording until `stop`.

    Args:
        settings: of the recorder.
        hub, gate: of its inputs.
        grid, queue, series: of its frames.
        board: takes notices.
        end: is told when the recording must end by itself, with the kind of notice and a sentence.
        fail: is told why it cannot go on.

    Attributes:
        disk_free_bytes: where sessions lie.
        measured_fps: frames a second over the last seconds.
    """

    def __init__(
        self,
        settings: RecorderSettings,
        *,
        hub: InputHub,
        gate: InputGate,
        grid: GridThread,
        queue: FrameQueue,
        series: SessionSeries,
        board: NoticeBoard,
        other_bytes: int,
        end: Callable[[NoticeKind, str], None],
        fail: Callable[[str], None],
    ) -> None:
        super().__init__(name="keeper", daemon=True)
        self.disk_free_bytes = free_bytes(settings)
        self.measured_fps = 0.0
        self._settings = settings
        self._hub, self._gate, self._grid, self._queue, self._series = hub, gate, grid, queue, series
        self._board = board
        self._other_bytes = other_bytes
        self._end, self._fail = end, fail
        self._stopping = Event()
        self._watch = PictureWatch(board)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="see-onto-disk")
        self._on_disk: Future[None] | None = None
        self._on_disk_ns = now_ns()
        self._rates: deque[tuple[int, int]] = deque(maxlen=1 + round(RATE_S / LOOK_S))
        self._taken, self._progress_ns = 0, now_ns()
        self._is_stalled = False
        self._pads: dict[int, PadDescription] = {}
        self._misses_pads = False

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
        self._disk.shutdown(wait=False)

    def run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            session = self._series.current
            if session is None:
                continue
            time_ns = now_ns()
            if session.fault is not None:
                self._fail(session.fault)
                return
            self._look_at_disk(session, time_ns)
            self._look_at_limits(session, time_ns)
            self._look_at_pace(time_ns)
            self._look_at_pads()
            if self._grid.is_paused:
                self._watch.rest()
            else:
                self._watch.look(
                    self._grid.latest,
                    time_ns,
                    no_picture_since_ns=self._grid.no_picture_since_ns,
                    misses_focus=self._gate.misses_focus,
                    events=self._hub.events,
                )

    def _look_at_disk(self, session: RunningSession, time_ns: int) -> None:
        try:
            self.disk_free_bytes = free_bytes(self._settings)
        except OSError as error:
            session.fault = f"{self._settings.root} is gone: {error.strerror}"
            return
        if self.disk_free_bytes < self._settings.disk_reserve_bytes:
            reason = disk_low(self._settings, self.disk_free_bytes)
            self._end(NoticeKind.DISK_LOW, f"The recording has ended: {reason}")
        quota_bytes = self._settings.quota_bytes
        if quota_bytes is not None and self._other_bytes + self._series.written_bytes >= quota_bytes:
            self._end(NoticeKind.SPOOL_FULL, f"The recording has ended: {spool_full(self._settings)}")
        if self._on_disk is not None and self._on_disk.done():
            error = self._on_disk.exception()
            if isinstance(error, OutputError) and session.fault is None:
                session.fault = str(error)
            self._on_disk = None
        if self._on_disk is None and time_ns - self._on_disk_ns >= DISK_INTERVAL_S * _SECOND_NS:
            self._on_disk_ns = time_ns
            if not self._stopping.is_set():
                self._on_disk = self._disk.submit(session.writer.see_onto_disk)

    def _look_at_limits(self, session: RunningSession, time_ns: int) -> None:
        profile = self._settings.profile
        is_long = time_ns - session.begin_ns >= profile.roll_over_minutes * 60 * _SECOND_NS
        is_large = session.writer.written_bytes >= profile.roll_over_gb * 1e9
        if self._grid.next_session is None and session.taken and (is_long or is_large):
            try:
                following = self._series.open()
            except PlayloomError as error:
                self._fail(str(error))
                return
            with self._grid.lock:
                self._grid.next_session = following
            self._board.post(
                NoticeKind.SESSION, f"The recording goes on in '{following.writer.path.name}'", warning=False
            )

    def _look_at_pace(self, time_ns: int) -> None:
        frames = self._grid.frames
        self._rates.append((time_ns, frames))
        then_ns, then = self._rates[0]
        if time_ns > then_ns:
            self.measured_fps = (frames - then) * 1e9 / (time_ns - then_ns)
        if self._queue.taken != self._taken or not len(self._queue):
            self._taken, self._progress_ns = self._queue.taken, time_ns
            if self._is_stalled:
                self._is_stalled = False
                self._board.clear(NoticeKind.ENCODER)
        elif time_ns - self._progress_ns >= STALL_S * _SECOND_NS:
            self._is_stalled = True
            self._board.post(
                NoticeKind.ENCODER,
                "The encoder stands still, and nothing is recorded. Stop, and record with another encoder",
            )
        dropped_ns = self._grid.dropped_ns
        if dropped_ns is not None and time_ns - dropped_ns >= DROPPING_S * _SECOND_NS:
            self._board.clear(NoticeKind.DROPPING)

    def _look_at_pads(self) -> None:
        plugged = {pad.pad: pad for pad in self._hub.pads}
        self._pads |= plugged
        gone = [pad for number, pad in sorted(self._pads.items()) if number not in plugged]
        if gone:
            self._misses_pads = True
            names = ", ".join(f"'{pad.name}'" for pad in gone)
            self._board.post(NoticeKind.INPUT, f"{names}: unplugged. Plug it in again, and recording takes it up")
        elif self._misses_pads:
            self._misses_pads = False
            self._board.clear(NoticeKind.INPUT)
