"""A Windows console that is closed by its cross, a log-off, a shutdown: Python makes no signal of these.

Windows ends the process some five seconds after it has told it, or as soon as the handler returns; so the handler waits
until the recording is closed. It has not been run on Windows.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from capture_node.windows.libraries import declare, library

CLOSE, LOG_OFF, SHUT_DOWN = 2, 5, 6
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT; Ctrl-C and Ctrl-Break are Python's."""

PATIENCE_S = 4.5
"""Windows waits 5 s for a console that is closed."""


@contextmanager
def console_close_told(ask_to_stop: Callable[[], None], *, kernel32: Any = None) -> Iterator[None]:
    """Within the block a console that is closed calls ``ask_to_stop``, on a thread of Windows' own, and then waits for
    the block's end.

    Args:
        ask_to_stop: returns at once.
        kernel32: the library; None: the system's.
    """
    kernel32 = library("kernel32") if kernel32 is None else kernel32
    handler_type = ctypes.WINFUNCTYPE if sys.platform == "win32" else ctypes.CFUNCTYPE
    set_handler = declare(kernel32.SetConsoleCtrlHandler, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    is_over = Event()

    def told(event: int) -> int:
        if event not in (CLOSE, LOG_OFF, SHUT_DOWN):
            return 0  # the next handler's
        ask_to_stop()
        is_over.wait(PATIENCE_S)
        return 1

    handler = handler_type(ctypes.c_int, ctypes.c_uint32)(told)  # kept until it is taken out again
    pointer = ctypes.cast(handler, ctypes.c_void_p)
    set_handler(pointer, 1)
    try:
        yield
    finally:
        is_over.set()
        set_handler(pointer, 0)
