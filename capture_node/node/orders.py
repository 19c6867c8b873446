"""What a player orders by hotkeys, carried out one after the other; what cannot be is answered, too."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence

from capture_node.clock import now_ns
from capture_node.hotkeys.hotkey import Hotkey, HotkeyAction, HotkeyFailure, Hotkeys
from capture_node.node.controller import NodeController
from capture_node.recorder.status import Notice, NoticeKind, RecorderState
from playloom.errors import PlayloomError


class HotkeyOrders:
    """Listens from `start` to `stop`.

    Orders are carried out on a thread of their own: closing a session's files takes longer than a keyboard may wait.

    Args:
        controller: carries them out.
        hotkeys: hears them.
    """

    def __init__(self, controller: NodeController, hotkeys: Hotkeys) -> None:
        self._controller = controller
        self._hotkeys = hotkeys
        self._orders: queue.SimpleQueue[HotkeyAction | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hotkey orders", daemon=True)

    def start(self) -> Mapping[HotkeyAction, Hotkey]:
        """Register the hotkeys of the settings; the player is told of those that cannot be had.

        Returns:
            Those that work.
        """
        bindings = self._controller.settings.hotkeys
        failures = self._hotkeys.start(bindings, lambda action, _pressed_ns: self._orders.put(action))
        self._thread.start()
        if failures:
            self._controller.notify(
                Notice(kind=NoticeKind.HOTKEY, text=_in_words(failures), since_monotonic_ns=now_ns())
            )
        failed = {failure.action for failure in failures}
        return {action: hotkey for action, hotkey in bindings.items() if action not in failed}

    def stop(self) -> None:
        """Give the hotkeys back; an order that is being carried out is finished first."""
        self._hotkeys.stop()
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (action := self._orders.get()) is not None:
            try:
                self._carry_out(action)
            except PlayloomError as error:
                self._controller.tell(
                    Notice(kind=NoticeKind.SESSION, text=str(error), since_monotonic_ns=now_ns(), warning=True)
                )

    def _carry_out(self, action: HotkeyAction) -> None:
        controller = self._controller
        match action:
            case HotkeyAction.TOGGLE if controller.is_recording:
                controller.stop()
            case HotkeyAction.TOGGLE:
                controller.start()
            case HotkeyAction.PAUSE if controller.status().recorder.state is RecorderState.PAUSED:
                controller.resume()
            case HotkeyAction.PAUSE:
                controller.pause()
            case HotkeyAction.MARK:
                controller.mark()
            case HotkeyAction.DISCARD:
                controller.discard(controller.settings.discard_s)


def _in_words(failures: Sequence[HotkeyFailure]) -> str:
    """One sentence a reason: without a desktop all fail for the same."""
    by_reason: dict[str, list[HotkeyFailure]] = {}
    for failure in failures:
        by_reason.setdefault(failure.reason, []).append(failure)
    return ". ".join(
        str(same[0])
        if len(same) == 1
        else f"The hotkeys {', '.join(f'{one.hotkey} ({one.action})' for one in same)} do not work: {reason}"
        for reason, same in by_reason.items()
    )
