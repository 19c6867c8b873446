"""The sessions of one recording: the first, and those that follow at a limit or after something was thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from capture_node.clock import now_ns
from capture_node.inputs.hub import InputHub
from capture_node.recorder.frame_queue import FrameQueue
from capture_node.recorder.picture_fit import place_inside
from capture_node.recorder.running_session import RunningSession
from capture_node.recorder.second_place import in_second_place, take_second_place
from capture_node.recorder.settings import RecorderSettings
from capture_node.sources.frame_source import SourceDescription, SourceKind
from playloom.errors import PlayloomError, ProcessError
from playloom.recording.session import Session
from playloom.recording.session_info import Clock, ClockKind, PicturePlace
from playloom.recording.video_encoder import VideoSettings
from playloom.recording.writer import SessionStart, SessionWriter

CLOSING_S = 120.0
"""A session's files are closed (encoded to the end, hashed) within this, or something is broken."""


class SessionSeries:
    """Opens sessions, puts one in another's place, closes them in the background.

    Args:
        settings: of the recorder.
        video: of all its sessions.
        description: what is captured.
        hub: whose snapshots go into the current session.
        queue: whose frames go there.

    Attributes:
        current: the session that frames and inputs go into.
    """

    def __init__(
        self,
        settings: RecorderSettings,
        video: VideoSettings,
        description: Callable[[], SourceDescription],
        hub: InputHub,
        queue: FrameQueue,
    ) -> None:
        self._settings = settings
        self._video = video
        self._description = description
        self._hub = hub
        self._queue = queue
        self._lock = Lock()
        self._opened = 0
        self._closed: list[tuple[RunningSession, Future[Session | None]]] = []
        self._closer = ThreadPoolExecutor(
            1,
            thread_name_prefix="close-session",
            initializer=take_second_place if settings.yields_to_game else None,
        )
        self.current: RunningSession | None = None

    @property
    def written_bytes(self) -> int:
        """What all its sessions hold so far."""
        with self._lock:
            closed = sum(session.size_bytes for session, _ in self._closed)
        return closed + (0 if self.current is None else self.current.size_bytes)

    def open(self) -> RunningSession:
        """A new session, which gets nothing yet.

        Raises:
            OutputError: it cannot be written there, or no encoder works.
        """
        settings, described = self._settings, self._description()
        self._opened += 1
        name = settings.name
        if name is not None and self._opened > 1:
            name = self._next_name(name)
        begin_ns = now_ns()
        start = SessionStart(
            source=described.kind.value,
            player=settings.player,
            game_id=settings.game_id,
            profile_name=settings.profile_name,
            task=settings.task,
            window=described.title if described.kind is SourceKind.WINDOW else None,
            picture=self._place(described),
            clock=Clock(kind=ClockKind.MONOTONIC, started_unix_ns=time.time_ns(), started_monotonic_ns=begin_ns),
            acting=settings.acting,
        )

        def create() -> SessionWriter:
            return SessionWriter.create(settings.root, name=name, start=start, video=self._video, disk_interval_s=None)

        # The encoder's own threads stand where the thread stands that makes it.
        writer = in_second_place(create) if settings.yields_to_game else create()
        return RunningSession(writer, number=self._opened, begin_ns=begin_ns)

    def _next_name(self, name: str) -> str:
        number = self._opened
        while (self._settings.root / f"{name}-{number}").exists():  # of an earlier recording of this name
            number += 1
        return f"{name}-{number}"

    def _place(self, described: SourceDescription) -> PicturePlace:
        inner = place_inside(described.width, described.height, self._video.width, self._video.height)
        return PicturePlace(
            x=inner.x,
            y=inner.y,
            width=inner.width,
            height=inner.height,
            source_width=described.width,
            source_height=described.height,
        )

    def switch(self, session: RunningSession | None, at_ns: int) -> None:
        """Frames and inputs from ``at_ns`` on go into another session, or with None nowhere."""
        before = self.current
        if session is not None:
            session.begin_ns = session.last_frame_ns = at_ns
        self._hub.attach(None if session is None else session.add_snapshot, at_ns)
        self.current = session
        if before is not None:
            before.end_ns = at_ns
            self._queue.end_session(before)

    def drop(self, session: RunningSession) -> None:
        """Remove a session that nothing went into."""
        session.close({})
        self._opened -= 1

    def close_later(self, session: RunningSession) -> None:
        """Finish a session's files in the background: its last frame has been encoded."""
        delay_ms = self._hub.delay_ms
        figures = dict(self._settings.calibration)
        if delay_ms is not None and session.input_events:
            figures["input_delay_ms_p50"] = delay_ms
        with self._lock:
            self._closed.append((session, self._closer.submit(session.close, figures)))

    def discard(self, from_ns: int, end_ns: int) -> None:
        """Throw away what the sessions before the current one hold from ``from_ns`` on; returns when it is gone.

        Raises:
            PlayloomError: it could not be thrown away, and where it lies.
        """
        with self._lock:
            earlier = [session for session, _ in self._closed if session.end_ns > from_ns]
        for session in earlier:
            self._closer.submit(session.cut, from_ns, end_ns).result()

    def wait_for(self, session: RunningSession) -> None:
        """Wait until a session that was put aside is closed.

        Raises:
            PlayloomError: it could not be closed in good order.
        """
        deadline_s = time.monotonic() + CLOSING_S
        while time.monotonic() < deadline_s:
            with self._lock:
                future = next((future for closed, future in self._closed if closed is session), None)
            if future is not None:
                future.result(CLOSING_S)
                return
            time.sleep(0.01)
        raise ProcessError(f"{session.writer.path}: the encoder has not come to an end")

    def results(self) -> list[Session]:
        """The sessions that are left, all closed now.

        Raises:
            PlayloomError: one could not be closed in good order; the others are.
        """
        self._closer.shutdown()
        with self._lock:
            closed = list(self._closed)
        faults = [error for _, future in closed if isinstance(error := future.exception(), PlayloomError)]
        if faults:
            raise faults[0]
        return self.finished()

    def finished(self) -> list[Session]:
        """The sessions that are closed by now and left."""
        with self._lock:
            return [session for running, _ in self._closed if (session := running.result) is not None]
