"""What a node's controller needs of the machine that it runs on; tests give it another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from capture_node.inputs.input_source import PadDescription
from capture_node.node.wish import RecordingWish
from capture_node.node_settings import NodeSettings
from capture_node.recorder.status import Notice, RecorderStatus
from capture_node.sources.frame_source import SourceDescription
from playloom.recording.session import Session

type NoticeSink = Callable[[Notice], None]
"""Takes what a player should know; called on any thread, returns at once."""


class RunningRecorder(Protocol):
    """What is asked of a recorder; see `capture_node.recorder.recorder.Recorder`."""

    def start(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def mark(self, text: str | None = None) -> None: ...
    def discard(self, seconds: float) -> None: ...
    def stop(self) -> list[Session]: ...
    def status(self) -> RecorderStatus: ...
    def preview(self, max_width: int = 320) -> bytes | None: ...
    def wait(self, timeout_s: float) -> bool: ...


class Machine(Protocol):
    """What a controller asks of the machine that it runs on; see `capture_node.assembly.ThisMachine`."""

    def sources(self) -> list[SourceDescription]: ...
    def pads(self) -> list[PadDescription]: ...
    def make_recorder(self, wish: RecordingWish, settings: NodeSettings, notify: NoticeSink) -> RunningRecorder:
        """A recorder for ``wish``, which is complete; it has not begun.

        Raises:
            CaptureError: what is asked for is not there.
        """
        ...
