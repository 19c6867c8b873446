"""Hotkeys on Windows: RegisterHotKey, which hears them before any program does and refuses what another one holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from capture_node.clock import now_ns
from capture_node.hotkeys.hotkey import Hotkey, HotkeyAction, HotkeyFailure, HotkeySink, Modifier
from capture_node.windows.scan_codes import SCAN_CODES
from playloom.controls import KEYS

MODIFIER_FLAGS: Mapping[Modifier, int] = {Modifier.ALT: 1, Modifier.CTRL: 2, Modifier.SHIFT: 4, Modifier.GUI: 8}
"""MOD_ALT, MOD_CONTROL, MOD_SHIFT, MOD_WIN."""

NO_REPEAT = 0x4000
"""MOD_NOREPEAT: a combination that is held orders once."""

_VK_F1, _VK_NUMPAD0, _VK_DECIMAL = 0x70, 0x60, 0x6E
_VIRTUAL_KEYS: Mapping[int, int] = (
    {KEYS[f"f{number}"]: _VK_F1 + number - 1 for number in range(1, 25)}
    | {KEYS[f"keypad_{digit}"]: _VK_NUMPAD0 + digit for digit in range(10)}
    | {KEYS["keypad_period"]: _VK_DECIMAL}
)
"""Keys whose meaning no layout changes; of the keypad the one while Num Lock is on."""

_START_S = 10.0
_STOP_S = 5.0


class HotkeyQueue(Protocol):
    """Where Windows reports hotkeys: in the messages of one thread, which makes all calls but `interrupt`."""

    def open(self) -> None: ...

    def virtual_key(self, scan_code: int) -> int:
        """What the key means in the player's layout; 0 for nothing."""
        ...

    def register(self, number: int, flags: int, virtual_key: int) -> str | None:
        """None, or why it cannot be had: what another program holds is said to be so."""
        ...

    def wait(self) -> tuple[int, int] | None:
        """Wait for the next press: its number, and how many ms ago it was. None after `interrupt`."""
        ...

    def interrupt(self) -> None: ...

    def close(self, numbers: Sequence[int]) -> None:
        """Give these back."""
        ...


class WindowsHotkeys:
    """The hotkeys of a Windows desktop."""

    def __init__(self, make_queue: Callable[[], HotkeyQueue] | None = None) -> None:
        self._make_queue = make_queue or _windows_queue
        self._queue: HotkeyQueue | None = None
        self._thread: threading.Thread | None = None

    def start(self, bindings: Mapping[HotkeyAction, Hotkey], sink: HotkeySink) -> Sequence[HotkeyFailure]:
        """Register the combinations; returns the ones that cannot be had, each with the reason."""
        assert self._thread is None, "they are registered already"
        self._queue = queue = self._make_queue()
        failures: list[HotkeyFailure] = []
        started = threading.Event()

        def listen() -> None:
            queue.open()
            held: dict[int, HotkeyAction] = {}
            for number, (action, hotkey) in enumerate(bindings.items(), start=1):
                problem = _register(queue, number, hotkey)
                if problem is None:
                    held[number] = action
                else:
                    failures.append(HotkeyFailure(action=action, hotkey=hotkey, reason=problem))
            started.set()
            try:
                while (press := queue.wait()) is not None:
                    number, age_ms = press
                    if number in held:
                        sink(held[number], now_ns() - age_ms * 1_000_000)
            finally:
                queue.close(list(held))

        self._thread = threading.Thread(target=listen, name="hotkeys", daemon=True)
        self._thread.start()
        if not started.wait(_START_S):
            return [
                HotkeyFailure(action=action, hotkey=hotkey, reason="Windows does not answer")
                for action, hotkey in bindings.items()
            ]
        return failures

    def stop(self) -> None:
        """Give the combinations back. A second call does nothing."""
        if self._thread is not None and self._queue is not None:
            self._queue.interrupt()
            self._thread.join(_STOP_S)
            self._thread = None


def _register(queue: HotkeyQueue, number: int, hotkey: Hotkey) -> str | None:
    virtual_key = _VIRTUAL_KEYS.get(hotkey.scancode) or queue.virtual_key(SCAN_CODES.get(hotkey.scancode, 0))
    if virtual_key == 0:
        return f"this keyboard's layout has no meaning for the key {hotkey.key}"
    flags = NO_REPEAT | sum(MODIFIER_FLAGS[modifier] for modifier in hotkey.modifiers)
    return queue.register(number, flags, virtual_key)


def _windows_queue() -> HotkeyQueue:
    from capture_node.windows.hotkey_queue import WindowsHotkeyQueue

    return WindowsHotkeyQueue()
