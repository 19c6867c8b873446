"""How much of a busy machine a thread gets on Windows."""

from __future__ import annotations

from ctypes import wintypes

from capture_node.windows.libraries import declare, library

_BELOW_NORMAL = -1


def lower_this_thread() -> None:
    """SetThreadPriority: below that of a game's threads. Where Windows says no, all is as it was."""
    kernel32 = library("kernel32")
    this_thread = declare(kernel32.GetCurrentThread, wintypes.HANDLE)()
    declare(kernel32.SetThreadPriority, wintypes.BOOL, wintypes.HANDLE, wintypes.INT)(this_thread, _BELOW_NORMAL)
