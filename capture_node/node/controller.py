"""A node's recorder under the control of whoever may: the service, hotkeys, the end of the program.

One recording at a time. Every method may be called on any thread; those that begin or end a recording take turns.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from capture_node.clock import now_ns
from capture_node.inputs.input_source import PadDescription
from capture_node.node.machine import Machine, NoticeSink, RunningRecorder
from capture_node.node.recording_errors import AlreadyRecordingError, NotRecordingError
from capture_node.node.spool_usage import SpoolUsage
from capture_node.node.spooled import describe_session, describe_spool, recover_spool
from capture_node.node.status import NodeFacts, NodeStatus, RecoveredSession, SpooledSession
from capture_node.node.wish import RecordingWish
from capture_node.node_settings import NodeSettings
from capture_node.recorder.capture_profile import RecordingProfile, list_profiles
from capture_node.recorder.status import Notice, NoticeKind, RecorderState, RecorderStatus
from capture_node.sources.frame_source import SourceDescription
from capture_node.upload.status import UploadStatus
from playloom.errors import PlayloomError

LOOK_S = 0.25
"""How soon a change of a recorder by itself (the window was closed, the disk is full) is noticed."""


class NodeController:
    """Begins, watches and ends recordings.

    Args:
        settings: of the node.
        machine: what it runs on.
        notify: takes what the player should know.

    Attributes:
        settings: of the node.
    """

    def __init__(self, settings: NodeSettings, machine: Machine, *, notify: NoticeSink = lambda notice: None) -> None:
        self.settings = settings
        self._machine = machine
        self._notify_player = notify
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._changes = 0
        self._recorder: RunningRecorder | None = None
        self._last: RecorderStatus = RecorderStatus(state=RecorderState.IDLE)
        self._last_wish: RecordingWish | None = None
        self._own_notices: dict[NoticeKind, Notice] = {}
        self._usage = SpoolUsage(settings.spool)
        self._closed = False
        self._uploads: Callable[[], UploadStatus] = UploadStatus

    # What there is

    def sources(self) -> list[SourceDescription]:
        """Monitors and windows.

        Raises:
            CaptureError: there is no desktop here.
        """
        return self._machine.sources()

    def pads(self) -> list[PadDescription]:
        """The gamepads that are plugged in.

        Raises:
            CaptureError: SDL is missing.
        """
        recorder = self._recorder
        if recorder is not None and (pads := recorder.status().pads):
            return list(pads)
        return self._machine.pads()

    def profiles(self) -> list[RecordingProfile]:
        """The capture profiles by their names: the player's own and Playloom's.

        Raises:
            DefinitionError: one of the player's own is not valid.
        """
        return list_profiles()

    def sessions(self) -> list[SpooledSession]:
        """What lies in the spool, oldest first.

        Raises:
            RecordingError: the spool cannot be listed.
        """
        current = self._last_status().session_path if self.is_recording else None
        return describe_spool(self.settings.spool, recording=current)

    def status(self) -> NodeStatus:
        """How things stand; at once, also while a recording begins or ends."""
        recorder = self._last_status()
        own = [
            notice for kind, notice in self._own_notices.items() if all(one.kind != kind for one in recorder.notices)
        ]
        notices = sorted([*recorder.notices, *own], key=lambda notice: not notice.warning)
        recorder = replace(recorder, notices=tuple(notices))
        return NodeStatus(monotonic_ns=now_ns(), recorder=recorder, node=self._facts(), uploads=self._uploads())

    @property
    def is_recording(self) -> bool:
        """Whether a recording is going on, paused or not."""
        return self._recorder is not None

    def require_recording(self) -> None:
        """Raise `NotRecordingError` unless a recording is going on."""
        self._running()

    # What is done

    def start(self, wish: RecordingWish | None = None) -> None:
        """Begin a recording.

        Args:
            wish: what is wanted; None: the last one again, or what the settings name.

        Raises:
            AlreadyRecordingError: one is going on.
            PlayloomError: it cannot begin; says why and what to do.
        """
        with self._turn:
            if self._closed:
                raise PlayloomError("the node is ending", remedy="Start it again: playloom node run")
            if self._recorder is not None:
                raise AlreadyRecordingError(self._recorder.status().source)
            wish = self._last_wish or RecordingWish() if wish is None else wish
            complete = self.settings.complete(wish)
            recorder = self._machine.make_recorder(complete, self.settings, self.tell)
            recorder.start()
            self._recorder = recorder
            self._last_wish = replace(wish, name=None)  # two sessions cannot have one name
            threading.Thread(target=self._watch, args=[recorder], name="recording", daemon=True).start()
        status = recorder.status()
        title = "" if status.source is None else f": {status.source.title}"
        self._say(f"Recording has begun{title}")

    def stop(self) -> list[SpooledSession]:
        """End the recording in good order; returns its sessions when their files are whole.

        Raises:
            NotRecordingError: none is going on.
            PlayloomError: a file could not be closed in good order.
        """
        with self._turn:
            recorder = self._running()
            try:
                sessions = recorder.stop()
            finally:
                self._ended(recorder)
        self._say(f"Recording has ended: {', '.join(session.path.name for session in sessions) or 'nothing was kept'}")
        return [describe_session(session.path) for session in sessions]

    def pause(self) -> None:
        """Keep nothing until `resume`. Raises `PlayloomError` if that cannot be now."""
        self._running().pause()
        self._say("Recording is paused: nothing is kept")

    def resume(self) -> None:
        """Go on recording. Raises `PlayloomError` if that cannot be now."""
        self._running().resume()
        self._say("Recording goes on")

    def mark(self, text: str | None = None) -> None:
        """Note this moment. Raises `PlayloomError` if that cannot be now."""
        self._running().mark(text)
        self._say("This moment is marked" if text is None else f"This moment is marked: {text}")

    def discard(self, seconds: float) -> None:
        """Throw the last seconds away and go on; the recorder says so. Raises `PlayloomError` if that cannot be now."""
        self._running().discard(seconds)
        self.note_change()

    def preview(self, max_width: int) -> bytes | None:
        """The last picture as a JPEG, masked; None while there is none."""
        recorder = self._recorder
        return None if recorder is None else recorder.preview(max_width)

    def recover(self) -> list[RecoveredSession]:
        """Make sessions in the spool that were cut off readable, and say what they lack.

        Raises:
            AlreadyRecordingError: something is being recorded.
            RecordingError: the spool cannot be listed.
        """
        with self._turn:
            if self._recorder is not None:  # its files are not at rest
                raise AlreadyRecordingError(self._recorder.status().source)
            recovered = recover_spool(self.settings.spool)
        if recovered:
            text = ". ".join(str(session) for session in recovered)
            failed = any(session.problem is not None for session in recovered)
            self.notify(Notice(kind=NoticeKind.SESSION, text=text, since_monotonic_ns=now_ns(), warning=failed))
        return recovered

    def close(self) -> list[SpooledSession]:
        """End the recording in good order if one is going on, and begin none any more.

        Raises:
            PlayloomError: a file could not be closed in good order.
        """
        self._closed = True
        try:
            return self.stop()
        except NotRecordingError:
            return []

    # Who listens

    @property
    def changes(self) -> int:
        """Counts changes of state and notices."""
        return self._changes

    def wait_for_change(self, seen: int, timeout_s: float) -> int:
        """The count of changes once it differs from ``seen``, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes != seen, timeout_s)
            return self._changes

    def notify(self, notice: Notice) -> None:
        """Tell the player, and whoever asks for the status from now on."""
        self._own_notices = {**self._own_notices, notice.kind: notice}
        self.tell(notice)

    def tell(self, notice: Notice) -> None:
        """Tell the player; the status does not keep it."""
        self._notify_player(notice)
        self.note_change()

    def show_uploads(self, uploads: Callable[[], UploadStatus]) -> None:
        """Let the status say what ``uploads`` says, from now on."""
        self._uploads = uploads
        self.note_change()

    def _say(self, text: str) -> None:
        self.tell(Notice(kind=NoticeKind.SESSION, text=text, since_monotonic_ns=now_ns(), warning=False))

    def note_change(self) -> None:
        """Wake whoever waits for a change of the status."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def _running(self) -> RunningRecorder:
        recorder = self._recorder
        if recorder is None:
            raise NotRecordingError
        return recorder

    def _watch(self, recorder: RunningRecorder) -> None:
        """Notice what changes by itself, until the recording ends."""
        seen: object = None
        while self._recorder is recorder:
            has_ended = recorder.wait(LOOK_S)
            status = recorder.status()
            now = (status.state, status.session_path, status.focused, status.pads, status.notices)
            if now != seen:
                seen = now
                self.note_change()
            if has_ended:
                with self._turn:
                    if self._recorder is recorder:  # by itself; nobody has stopped it meanwhile
                        self._ended(recorder)
                return

    def _ended(self, recorder: RunningRecorder) -> None:
        self._last = recorder.status()
        self._recorder = None
        self._usage.forget()
        self.note_change()

    def _last_status(self) -> RecorderStatus:
        recorder = self._recorder
        return self._last if recorder is None else recorder.status()

    def _facts(self) -> NodeFacts:
        settings = self.settings
        spool_bytes, spool_sessions = self._usage.measure()
        return NodeFacts(
            version=version("playloom"),
            pid=os.getpid(),
            player=settings.player,
            spool=settings.spool,
            spool_bytes=spool_bytes,
            spool_quota_bytes=settings.spool_quota_bytes,
            spool_sessions=spool_sessions,
        )
