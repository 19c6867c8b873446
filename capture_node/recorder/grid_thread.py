"""The thread that keeps the grid: one look at the source a tick, one frame into the queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

import av

from capture_node.clock import now_ns
from capture_node.recorder.frame_queue import FrameQueue, QueuedFrame
from capture_node.recorder.picture_fit import PictureFit
from capture_node.recorder.quiet_phase import QuietPhase
from capture_node.recorder.running_session import RunningSession
from capture_node.recorder.session_series import SessionSeries
from capture_node.recorder.tick_grid import TickGrid
from capture_node.sources.frame_source import FrameSource, Grab, SourceLostError
from playloom.errors import CaptureError, PlayloomError

FIRST_PICTURE_S = 5.0
"""A source has a picture within this, or the player is told that there is nothing to record."""

_LOOK_AGAIN_S = 0.02

# So long before a tick the source is told of it: some questions to a busy X server fit into that.
_READY_NS = 1_000_000


class GridThread(Thread):
    """Owns the source: opens it, looks at it once a tick, closes it.

    Args:
        source: has pictures.
        fps: ticks a second.
        queue: takes the frames.
        dropping: is told at once when a tick is dropped, and why.
        lost: is told why the source has no more pictures, unless `stop` was called.
        failed: is told why it cannot be looked at any more.

    Attributes:
        lock: is held while a frame is put into the queue. Who pauses or changes the session holds it, too.
        next_session: the next frame begins it, if it is there.
        is_paused: no frame is taken.
        latest: the last picture as it is recorded.
        no_picture_since_ns: since when the source has had none; None while it has.
        frames: how many frames went into the queue, in all sessions.
        dropped_ns: when a tick was dropped last; None before the first.
    """

    def __init__(
        self,
        source: FrameSource,
        fps: int,
        queue: FrameQueue,
        *,
        dropping: Callable[[str], None],
        lost: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        super().__init__(name="grid", daemon=True)
        self.lock = Lock()
        self.next_session: RunningSession | None = None
        self.is_paused = False
        self.latest: av.VideoFrame | None = None
        self.no_picture_since_ns: int | None = None
        self.frames = 0
        self.dropped_ns: int | None = None
        self._source = source
        self._fps = fps
        self._queue = queue
        self._dropping = dropping
        self._lost, self._failed = lost, failed
        self._ready = Event()
        self._go = Event()
        self._stopping = Event()
        self._size: tuple[int, int] | None = None
        self._error: PlayloomError | None = None
        self._why_ended = "the part that looks at the screen has failed"
        self._fit: PictureFit | None = None
        self._series: SessionSeries | None = None
        self._last_ns = -1

    def open(self) -> tuple[int, int]:
        """Start the thread and wait for the first picture; its width and height.

        Raises:
            CaptureError: there is none.
        """
        self.start()
        self._ready.wait()
        if self._size is not None:
            return self._size
        self.join()
        raise self._error or CaptureError("The source", self._why_ended)

    def begin(self, fit: PictureFit, series: SessionSeries) -> None:
        """Begin to tick, into the series' current session."""
        self._fit, self._series = fit, series
        self._go.set()

    def stop(self) -> None:
        """End after the tick that is under way; `join` waits for that."""
        self._stopping.set()
        self._go.set()

    def run(self) -> None:
        try:
            self._source.open()
            self._size = self._first_size()
            self._ready.set()
            self._go.wait()
            if not self._stopping.is_set():
                self._keep_time()
        except PlayloomError as error:
            self._error, self._why_ended = error, str(error)
        finally:
            self._source.close()
            if self._ready.is_set() and not self._stopping.is_set():
                tell = self._lost if isinstance(self._error, SourceLostError) else self._failed
                tell(self._why_ended)
            self._ready.set()

    def _first_size(self) -> tuple[int, int]:
        give_up_ns = now_ns() + round(FIRST_PICTURE_S * 1e9)
        while (grab := self._source.grab()) is None:
            if self._stopping.is_set() or now_ns() >= give_up_ns:
                raise CaptureError(
                    f"'{self._source.description.title}'",
                    "gives no picture",
                    remedy="Show the window: one that is minimized has none",
                )
            time.sleep(_LOOK_AGAIN_S)
        return grab.image.shape[1], grab.image.shape[0]

    def _keep_time(self) -> None:
        grid = TickGrid(self._fps, now_ns())
        phase = QuietPhase(grid.tick_ns)
        while not self._stopping.is_set():
            if self.is_paused:
                self._stopping.wait(_LOOK_AGAIN_S)
                grid = TickGrid(self._fps, now_ns())
                phase = QuietPhase(grid.tick_ns)
                continue
            if _sleep_until(grid.due_ns - _READY_NS):
                self._source.make_ready()
            _sleep_until(grid.due_ns)
            grab = self._tick(grid, now_ns())
            drawn_ns = None if grab is None else grab.drawn_ns
            grid.shift_ns = phase.move(None if drawn_ns is None else drawn_ns - grid.due_ns)
            grid.advance()

    def _tick(self, grid: TickGrid, time_ns: int) -> Grab | None:
        missed = grid.drop_missed(time_ns)
        is_late = grid.is_late(time_ns)
        if missed:
            self._drop(missed, "this machine is too busy")
        if self._queue.is_full:
            self._drop(1, "the encoder cannot keep up")
            return None
        grab = self._source.grab()
        if grab is None:
            self.no_picture_since_ns = self.no_picture_since_ns or time_ns
        else:
            self.no_picture_since_ns = None
        self._record(grab, is_late=is_late)
        return grab

    def _record(self, grab: Grab | None, *, is_late: bool) -> None:
        assert self._fit is not None
        assert self._series is not None
        picture = self.latest
        is_repeated = picture is not None and (grab is None or not grab.changed)
        if not is_repeated:
            if grab is None:
                return
            picture = self._fit.fit(grab)
        assert picture is not None
        time_ns = now_ns() if grab is None or grab.monotonic_ns <= self._last_ns else grab.monotonic_ns
        with self.lock:
            if self.is_paused:
                return
            self.latest = picture
            if self.next_session is not None:
                self._series.switch(self.next_session, time_ns)
                self.next_session = None
            session = self._series.current
            if session is None or time_ns < session.begin_ns:
                return
            frame = QueuedFrame(session=session, picture=picture, monotonic_ns=time_ns, repeated=is_repeated)
            if self._queue.put(frame):
                self._last_ns = time_ns
                self.frames += 1
                session.count_frame(time_ns)
                session.late += is_late

    def _drop(self, ticks: int, reason: str) -> None:
        assert self._series is not None
        session = self._series.current
        if session is not None:
            session.dropped += ticks
        self.dropped_ns = now_ns()
        self._dropping(reason)


def _sleep_until(time_ns: int) -> bool:
    """False where that is past."""
    rest_ns = time_ns - now_ns()
    if rest_ns <= 0:
        return False
    time.sleep(rest_ns / 1e9)
    return True
