"""The inputs of one recording, and the watch over the focus of its window: what can be listened to is listened to."""

from __future__ import annotations

from collections.abc import Sequence

from capture_node.inputs.hub import InputHub
from capture_node.inputs.input_source import FocusWatch, InputSource
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.notices import NoticeBoard
from capture_node.recorder.status import NoticeKind
from playloom.errors import CaptureError


class Listening:
    """Starts and stops what brings events.

    Args:
        inputs: what is pressed.
        focus: knows whether the source's window has focus; None where there is none.
        hub: takes every event.
        gate: is told of the focus.
        board: tells the player of what cannot be recorded.
    """

    def __init__(
        self,
        inputs: Sequence[InputSource],
        focus: FocusWatch | None,
        *,
        hub: InputHub,
        gate: InputGate,
        board: NoticeBoard,
    ) -> None:
        self._inputs, self._focus = inputs, focus
        self._hub, self._gate, self._board = hub, gate, board

    def start(self) -> None:
        """Listen to what can be listened to; the player is told of the rest."""
        for source in self._inputs:
            try:
                source.start(self._hub.handle)
            except CaptureError as error:
                self._board.post(NoticeKind.INPUT, f"{source.name} cannot be recorded: {error}")
        if self._focus is not None:
            try:
                self._focus.start(self._gate.set_focused)
            except CaptureError as error:
                self._gate.lose_focus_watch()
                self._board.post(NoticeKind.UNFOCUSED, f"Keyboard and mouse are not recorded: {error}")

    def stop(self) -> None:
        """Listen to nothing any more."""
        for source in self._inputs:
            source.stop()
        if self._focus is not None:
            self._focus.stop()
