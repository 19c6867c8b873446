"""What a recording does besides looking and listening takes second place behind the game.

Encoding takes most of a recorder's time and has a second's queue before it; the look at the screen and the inputs take
little, and must be at their moment. So the threads that encode, write and sum up ask for less of a busy machine: they
get the game's cores only where the game leaves them, and where that is not enough pictures are dropped, and it is said.
The game is no thread of ours, and nobody but its player could put it first.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

NICE = 5
"""A thread so nice gets a third of what others get who want the same core."""


def take_second_place() -> None:
    """Let the calling thread stand back, and on Linux every thread that it starts from now on (an encoder's own).

    On Windows an encoder's own threads keep their place; the graphics card's encoders have none worth speaking of.
    """
    if sys.platform == "win32":
        from capture_node.windows.thread_priority import lower_this_thread

        lower_this_thread()
        return
    thread = threading.get_native_id()
    with suppress(OSError):  # where nobody may, all is as it was
        os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))
        if sys.platform == "linux":
            # Who wakes in this class does not push aside who is at work.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def in_second_place[T](work: Callable[[], T]) -> T:
    """Do something in a thread that stands back: this one could not come to the front again."""
    with ThreadPoolExecutor(1, thread_name_prefix="second-place", initializer=take_second_place) as threads:
        return threads.submit(work).result()
