"""Records a source and the inputs into sessions: the grid, the encoder and the watch over both, and their control.

Four threads and one rule: nobody waits for somebody slower. The grid looks at the source and puts a frame into a
bounded queue; the encoder's thread empties it; inputs go from their own threads into their file; the keeper looks after
disk, limits and pictures. What cannot be kept up with is dropped, counted and said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import NoReturn

from capture_node.clock import now_ns
from capture_node.inputs.hub import InputHub
from capture_node.inputs.input_source import FocusWatch, InputSource
from capture_node.recorder.encoder_notice import tell_encoder
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.listening import Listening
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.parts import Listeners, RecordingParts, start_parts
from capture_node.recorder.preview import preview_jpeg
from capture_node.recorder.room import check_room
from capture_node.recorder.settings import RecorderSettings
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.recorder.status_reading import idle_status, read_status
from capture_node.sources.frame_source import FrameSource
from playloom.errors import OutputError, PlayloomError
from playloom.recording.session import Session

GRID_S = 30.0
"""The grid's thread ends within this; a source that holds it longer is left to itself."""


class Recorder:
    """One recording, from `start` to `stop`. Every method may be called on any thread.

    Args:
        source: what is seen; opened, asked and closed by the recorder.
        inputs: what is pressed; started and stopped by the recorder.
        focus: knows whether the source's window has focus; None where there is none (a monitor).
        settings: how, where and as whose session.
        notify: is told what the player should know; must not block.
        hub: keeps what is held; given by who wants to look into it.
    """

    def __init__(
        self,
        *,
        source: FrameSource,
        inputs: Sequence[InputSource] = (),
        focus: FocusWatch | None = None,
        settings: RecorderSettings,
        notify: Callable[[Notice], None] | None = None,
        hub: InputHub | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._hub = hub or InputHub(settings.hotkeys)
        self._board = NoticeBoard(notify)
        self._gate = InputGate(self._hub, settings.input_scope, has_focus_watch=focus is not None)
        self._listening = Listening(tuple(inputs), focus, hub=self._hub, gate=self._gate, board=self._board)
        self._turn = Lock()
        self._state = RecorderState.IDLE
        self._failure: str | None = None
        self._ending = Lock()  # taken for good by the first reason to end
        self._ended = Event()
        self._parts: RecordingParts | None = None
        self._paused_ns: int | None = None
        self._sessions: list[Session] = []
        self._last_status: RecorderStatus | None = None

    def start(self) -> None:
        """Begin; returns when frames are being recorded.

        Raises:
            PlayloomError: it cannot: no picture, no encoder, no room, or it was started before.
        """
        with self._turn:
            if self._parts is not None or self._ended.is_set():
                raise PlayloomError("this recording has begun already", remedy="Make another recorder for another one")
            other_bytes = check_room(self._settings)
            self._listening.start()
            try:
                self._parts = self._start_frames(other_bytes)
            except PlayloomError:
                self._listening.stop()
                raise
            self._state = RecorderState.RECORDING

    def pause(self) -> None:
        """Record nothing until `resume`.

        Raises:
            PlayloomError: it is not recording.
        """
        with self._turn:
            parts = self._running(RecorderState.RECORDING, "paused")
            self._gate.set_paused(True, now_ns())
            with parts.grid.lock:
                parts.grid.is_paused = True
                self._paused_ns = now_ns()
            self._state = RecorderState.PAUSED

    def resume(self) -> None:
        """Go on after a pause.

        Raises:
            PlayloomError: it is not paused; or the pause cannot be noted.
        """
        with self._turn:
            parts = self._running(RecorderState.PAUSED, "resumed")
            self._end_pause(parts)
            with parts.grid.lock:
                parts.grid.is_paused = False
            self._gate.set_paused(False, now_ns())
            self._state = RecorderState.RECORDING

    def mark(self, text: str | None = None) -> None:
        """Note this moment.

        Raises:
            PlayloomError: nothing is being recorded; or it cannot be written.
        """
        with self._turn:
            parts = self._running(None, "marked")
            self._mark(parts, "note", begin_ns=now_ns(), text=text)

    def discard(self, seconds: float) -> None:
        """Throw away the last seconds; recording goes on in a new session. When this returns, they are gone.

        Raises:
            PlayloomError: nothing is being recorded; or something could not be thrown away, and where it lies.
        """
        if not seconds > 0:
            raise PlayloomError(f"{seconds:g} seconds cannot be thrown away", remedy="Say how many, such as 120")
        with self._turn:
            parts = self._running(None, "thrown away")
            end_ns = now_ns() if self._paused_ns is None else self._paused_ns
            from_ns = max(0, end_ns - round(seconds * 1e9))
            try:
                following = parts.series.open()
            except PlayloomError as error:
                self._discard_and_fail(parts, from_ns, end_ns, error)
            with parts.grid.lock:
                spare, parts.grid.next_session = parts.grid.next_session, None
                session = parts.series.current
                assert session is not None
                session.discard(from_ns, end_ns)
                parts.series.switch(following, now_ns())
                parts.grid.latest = None
                if self._paused_ns is not None:
                    self._paused_ns = following.begin_ns
            if spare is not None:
                parts.series.drop(spare)
            parts.series.wait_for(session)
            parts.series.discard(from_ns, end_ns)
            self._board.post(NoticeKind.SESSION, f"The last {seconds:g} seconds are thrown away", warning=False)

    def _discard_and_fail(self, parts: RecordingParts, from_ns: int, end_ns: int, error: PlayloomError) -> NoReturn:
        """Throw away, and end: no session can be written that would go on."""
        with parts.grid.lock:
            session = parts.series.current
            assert session is not None
            session.discard(from_ns, end_ns)
        self._fail(str(error))
        raise PlayloomError(
            f"the recording cannot go on, and ends: {error.problem}",
            remedy="What was to be thrown away of its last session is gone once its files are closed",
        ) from error

    def stop(self) -> list[Session]:
        """End, in good order; returns the sessions that were recorded. A second call returns them again.

        Raises:
            PlayloomError: a session could not be finished; what is there can be recovered.
        """
        with self._turn:
            if self._parts is not None and not self._ended.is_set():
                self._shut_down(self._parts)
        return list(self._sessions)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended, by itself or by `stop`; whether it has."""
        return self._ended.wait(timeout_s)

    def preview(self, max_width: int = 320) -> bytes | None:
        """The last picture as it was recorded, as a JPEG; None before the first."""
        parts = self._parts
        picture = None if parts is None else parts.grid.latest
        return None if picture is None else preview_jpeg(picture, max_width)

    def status(self) -> RecorderStatus:
        """How things stand; at once."""
        parts = self._parts
        if parts is None or (session := parts.series.current) is None:
            fps, state, failure = self._settings.profile.fps, self._state, self._failure
            return idle_status(self._last_status, parts, fps=fps, state=state, board=self._board, failure=failure)
        self._last_status = read_status(
            parts,
            session,
            state=self._state,
            source=self._source.description,
            hub=self._hub,
            gate=self._gate,
            board=self._board,
            failure=self._failure,
        )
        return self._last_status

    def _running(self, state: RecorderState | None, what: str) -> RecordingParts:
        parts = self._parts
        if parts is None or self._state not in (RecorderState.RECORDING, RecorderState.PAUSED):
            raise PlayloomError(f"nothing is being recorded that could be {what}", remedy="Start a recording first")
        if state is not None and self._state is not state:
            raise PlayloomError(f"the recording is {self._state} and cannot be {what}")
        return parts

    def _start_frames(self, other_bytes: int) -> RecordingParts:
        parts = start_parts(
            self._source,
            self._settings,
            hub=self._hub,
            gate=self._gate,
            board=self._board,
            other_bytes=other_bytes,
            told=Listeners(dropping=self._dropping, lost=self._source_lost, end=self._end, fail=self._fail),
        )
        session = parts.series.current
        encoder = None if session is None else session.writer.info.encoder
        tell_encoder(self._board, encoder, self._settings.profile.encoders)
        return parts

    def _dropping(self, reason: str) -> None:
        self._board.post(
            NoticeKind.DROPPING,
            f"Frames are lost: {reason}. Choose a smaller profile, a faster preset or another encoder",
        )

    def _source_lost(self, reason: str) -> None:
        self._end(NoticeKind.SESSION, f"The recording has ended: {reason}")

    def _end(self, kind: NoticeKind, reason: str, *, failure: str | None = None) -> None:
        """End by itself, in good order; the first reason counts. On any thread."""
        if self._ending.acquire(blocking=False):
            self._failure = failure
            self._board.post(kind, reason)
            Thread(target=self._stop_by_itself, name="end-recording", daemon=True).start()

    def _stop_by_itself(self) -> None:
        with suppress(PlayloomError):  # it stands in the status
            self.stop()

    def _fail(self, failure: str) -> None:
        self._end(NoticeKind.SESSION, f"The recording has failed: {failure}", failure=failure)

    def _mark(
        self, parts: RecordingParts, kind: str, *, begin_ns: int, end_ns: int | None = None, text: str | None = None
    ) -> None:
        session = parts.series.current
        # A session that has just rolled over is closed: its follower takes the mark.
        while session is not None and not session.mark(kind, begin_ns=begin_ns, end_ns=end_ns, text=text):
            if session.fault is not None or session is parts.series.current:
                return
            session = parts.series.current

    def _end_pause(self, parts: RecordingParts) -> None:
        if self._paused_ns is not None:
            self._mark(parts, "pause", begin_ns=self._paused_ns, end_ns=now_ns())
            self._paused_ns = None

    def _shut_down(self, parts: RecordingParts) -> None:
        self.status()
        self._state = RecorderState.STOPPING
        parts.grid.stop()
        parts.grid.join(GRID_S)
        self._listening.stop()
        try:
            self._end_pause(parts)
        except OutputError as error:
            self._failure = self._failure or str(error)
        with parts.grid.lock:
            spare, parts.grid.next_session = parts.grid.next_session, None
            parts.series.switch(None, now_ns())
        if spare is not None:
            parts.series.drop(spare)
        parts.keeper.stop()
        parts.queue.close()
        try:
            parts.wait_for_encoder()
            self._sessions = parts.series.results()
        except PlayloomError as error:
            self._failure = self._failure or str(error)
            self._sessions = parts.series.finished()
            raise
        finally:
            self._state = RecorderState.IDLE if self._failure is None else RecorderState.FAILED
            self._ended.set()
