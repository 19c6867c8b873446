"""Hotkeys as Windows reports them: each method names the calls of user32 that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_int, c_uint32, c_void_p

from capture_node.windows.libraries import declare, error_text, last_error, library
from capture_node.windows.messages import ThreadMessages

_WM_HOTKEY = 0x0312
_MAPVK_VSC_TO_VK_EX = 3
_ERROR_HOTKEY_ALREADY_REGISTERED = 1409


class WindowsHotkeyQueue:
    """The real one; only Windows has it."""

    def __init__(self) -> None:
        self._user32 = user32 = library("user32")
        declare(user32.RegisterHotKey, c_int, c_void_p, c_int, c_uint32, c_uint32)
        declare(user32.UnregisterHotKey, c_int, c_void_p, c_int)
        declare(user32.MapVirtualKeyW, c_uint32, c_uint32, c_uint32)
        self._messages: ThreadMessages | None = None

    def open(self) -> None:
        """Make this thread's queue of messages."""
        self._messages = ThreadMessages()

    def virtual_key(self, scan_code: int) -> int:
        """MapVirtualKeyW."""
        return self._user32.MapVirtualKeyW(scan_code, _MAPVK_VSC_TO_VK_EX)

    def register(self, number: int, flags: int, virtual_key: int) -> str | None:
        """RegisterHotKey, for this thread."""
        if self._user32.RegisterHotKey(None, number, flags, virtual_key):
            return None
        error = last_error()
        if error == _ERROR_HOTKEY_ALREADY_REGISTERED:
            return "another program holds it"
        return f"Windows refuses it: {error_text(error)}"

    def wait(self) -> tuple[int, int] | None:
        """GetMessageW until there is a WM_HOTKEY."""
        assert self._messages is not None
        while (message := self._messages.wait()) is not None:
            if message.message == _WM_HOTKEY:
                return int(message.wParam), self._messages.age_ms(message)
        return None

    def interrupt(self) -> None:
        """PostThreadMessageW with WM_QUIT."""
        assert self._messages is not None
        self._messages.interrupt()

    def close(self, numbers: Sequence[int]) -> None:
        """UnregisterHotKey."""
        for number in numbers:
            self._user32.UnregisterHotKey(None, number)
