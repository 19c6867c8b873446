"""A thread's queue of Windows messages: waiting for one, and being woken by another thread."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_int64, c_uint32, c_uint64, c_void_p

from capture_node.windows.libraries import declare, library
from capture_node.windows.structures import MSG

_WM_NULL = 0x0000
_WM_QUIT = 0x0012
_WM_USER = 0x0400
_PM_NOREMOVE, _PM_REMOVE = 0, 1


class ThreadMessages:
    """The messages of the thread that makes it."""

    def __init__(self) -> None:
        """GetCurrentThreadId, and PeekMessageW once: that makes the queue."""
        self._user32 = user32 = library("user32")
        kernel32 = library("kernel32")
        declare(user32.GetMessageW, c_int, c_void_p, c_void_p, c_uint32, c_uint32)
        declare(user32.PeekMessageW, c_int, c_void_p, c_void_p, c_uint32, c_uint32, c_uint32)
        declare(user32.PostThreadMessageW, c_int, c_uint32, c_uint32, c_uint64, c_int64)
        self._tick_count = declare(kernel32.GetTickCount, c_uint32)
        self._thread = declare(kernel32.GetCurrentThreadId, c_uint32)()
        user32.PeekMessageW(ctypes.byref(MSG()), None, _WM_USER, _WM_USER, _PM_NOREMOVE)

    def wait(self) -> MSG | None:
        """GetMessageW; None after `interrupt`, or when Windows ends the queue."""
        message = MSG()
        return message if self._user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0 else None

    def take(self) -> MSG | None:
        """PeekMessageW: the next message if there is one. The one of `interrupt` is left for `wait`."""
        message = MSG()
        if not self._user32.PeekMessageW(ctypes.byref(message), None, 0, 0, _PM_REMOVE):
            return None
        if message.message == _WM_QUIT:
            self.interrupt()
            return None
        return message

    def age_ms(self, message: MSG) -> int:
        """GetTickCount less the message's time: how long ago it was sent, in Windows' steps of 16 ms."""
        age_ms = (self._tick_count() - message.time) & 0xFFFFFFFF
        return age_ms if age_ms < 0x80000000 else 0

    def wake(self) -> None:
        """PostThreadMessageW with WM_NULL: `wait` returns a message that means nothing; from any thread."""
        self._user32.PostThreadMessageW(self._thread, _WM_NULL, 0, 0)

    def interrupt(self) -> None:
        """PostThreadMessageW with WM_QUIT; from any thread."""
        self._user32.PostThreadMessageW(self._thread, _WM_QUIT, 0, 0)
