"""A machine for a node without screens and pads: its recorder says what the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from capture_node.hotkeys.hotkey import Hotkey, HotkeyAction, HotkeyFailure, HotkeySink
from capture_node.inputs.input_source import PadDescription
from capture_node.node.machine import NoticeSink
from capture_node.node.wish import RecordingWish
from capture_node.node_settings import NodeSettings
from capture_node.recorder.status import RecorderState, RecorderStatus
from capture_node.sources.frame_source import SourceDescription, SourceKind
from playloom.errors import CaptureError, PlayloomError
from playloom.recording.session import Session
from tests.support.sessions import make_session

WINDOW = SourceDescription(kind=SourceKind.WINDOW, key="42", title="Doom", width=640, height=480, process="doom")


class FakeRecorder:
    """Does what it is told, and keeps what it was told."""

    def __init__(self, root: Path, notify: NoticeSink) -> None:
        self.root = root
        self.notify = notify
        self.told: list[str] = []
        self.picture: bytes | None = b"\xff\xd8jpeg"
        self._ended = threading.Event()
        self._status = RecorderStatus(state=RecorderState.IDLE, source=WINDOW, fps=60)

    def start(self) -> None:
        self.told.append("start")
        self._status = replace(self._status, state=RecorderState.RECORDING, session_path=self.root / "one")

    def pause(self) -> None:
        if self._status.state is RecorderState.PAUSED:
            raise PlayloomError("the recording is paused already", remedy="Go on with resume")
        self.told.append("pause")
        self._status = replace(self._status, state=RecorderState.PAUSED)

    def resume(self) -> None:
        self.told.append("resume")
        self._status = replace(self._status, state=RecorderState.RECORDING)

    def mark(self, text: str | None = None) -> None:
        self.told.append(f"mark {text}")

    def discard(self, seconds: float) -> None:
        self.told.append(f"discard {seconds:g}")

    def stop(self) -> list[Session]:
        self.told.append("stop")
        self._status = replace(self._status, state=RecorderState.IDLE, session_path=None)
        self._ended.set()
        path = make_session(self.root, "one", with_session_json=True)
        return [Session(path=path, session_id="one", info=None)]

    def end(self, failure: str | None) -> None:
        """As if the window had been closed, or the disk were full."""
        state = RecorderState.IDLE if failure is None else RecorderState.FAILED
        self._status = replace(self._status, state=state, session_path=None, failure=failure)
        self._ended.set()

    def say(self, status: RecorderStatus) -> None:
        self._status = status

    def status(self) -> RecorderStatus:
        return self._status

    def preview(self, max_width: int = 320) -> bytes | None:
        del max_width
        return self.picture

    def wait(self, timeout_s: float) -> bool:
        return self._ended.wait(timeout_s)


@dataclass
class FakeMachine:
    """Has one window, two pads, and the recorders that were asked of it."""

    wishes: list[RecordingWish] = field(default_factory=list)
    recorders: list[FakeRecorder] = field(default_factory=list)
    problem: str | None = None

    def sources(self) -> list[SourceDescription]:
        if self.problem is not None:
            raise CaptureError("The screen", self.problem, remedy="Log in at a desktop")
        return [WINDOW]

    def pads(self) -> list[PadDescription]:
        return [
            PadDescription(pad=0, name="Pad A", guid="03", vendor_id=0x45E),
            PadDescription(pad=1, name="B", guid=""),
        ]

    def make_recorder(self, wish: RecordingWish, settings: NodeSettings, notify: NoticeSink) -> FakeRecorder:
        if self.problem is not None:
            raise CaptureError("The screen", self.problem, remedy="Log in at a desktop")
        self.wishes.append(wish)
        self.recorders.append(FakeRecorder(settings.spool, notify))
        return self.recorders[-1]


class FakeHotkeys:
    """Hotkeys that a test presses; those in ``failing`` cannot be had."""

    def __init__(self, *failing: HotkeyAction) -> None:
        self._failing = failing
        self._sink: HotkeySink | None = None

    def start(self, bindings: Mapping[HotkeyAction, Hotkey], sink: HotkeySink) -> Sequence[HotkeyFailure]:
        self._sink = sink
        return [
            HotkeyFailure(action=action, hotkey=bindings[action], reason="another program has it")
            for action in self._failing
        ]

    def press(self, action: HotkeyAction) -> None:
        assert self._sink is not None
        self._sink(action, 0)

    def stop(self) -> None:
        self._sink = None
