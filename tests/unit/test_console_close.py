from __future__ import annotations

import ctypes
import threading
import time
from typing import Any

from capture_node.windows.console_close import CLOSE, console_close_told


class FakeKernel:
    """SetConsoleCtrlHandler as documented: handlers are called with an event's number, the last added first."""

    def __init__(self) -> None:
        self.handlers: list[int] = []

        def set_handler(pointer: ctypes.c_void_p, add: int) -> int:
            assert pointer.value is not None
            if add:
                self.handlers.append(pointer.value)
            else:
                self.handlers.remove(pointer.value)
            return 1

        self.SetConsoleCtrlHandler: Any = set_handler

    def tell(self, event: int) -> int:
        return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32)(self.handlers[-1])(event)


def test_a_console_that_is_closed_asks_to_stop_and_waits_for_the_end() -> None:
    kernel, asked, answers = FakeKernel(), threading.Event(), list[int]()
    with console_close_told(asked.set, kernel32=kernel):
        closing = threading.Thread(target=lambda: answers.append(kernel.tell(CLOSE)))
        closing.start()
        assert asked.wait(5)
        time.sleep(0.02)
        assert answers == [], "Windows would end the process now"
    closing.join(5)
    assert answers == [1]
    assert kernel.handlers == []


def test_ctrl_c_is_left_to_python() -> None:
    kernel, asked = FakeKernel(), threading.Event()
    with console_close_told(asked.set, kernel32=kernel):
        assert kernel.tell(0) == 0
    assert not asked.is_set()
