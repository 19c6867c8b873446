"""A process keeps the turns at the processor that it was given, whatever a library thinks of its own importance.

SVT-AV1 puts the thread that opens it, and all that it starts, before every other program of the machine where root runs
it, as in a container: SCHED_FIFO with the highest priority. Whatever that thread starts or does later inherits it, and
servers, games and other workers of the machine stand still meanwhile.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def let_session_stand_back(process_id: int, niceness: int) -> None:
    """Let all processes of a session stand back behind those of others, where Linux shares out by sessions.

    Desktops have that switched on (sched_autogroup_enabled): the niceness of a process then counts within its session
    only, and a program that was begun in a session of its own takes as much as the game, however nice it is.

    Args:
        process_id: that leads the session.
        niceness: 0 to 19.
    """
    with suppress(OSError):  # another system, or a kernel that does not know it
        Path(f"/proc/{process_id}/autogroup").write_text(str(niceness))


@contextmanager
def scheduled_as_before() -> Iterator[None]:
    """After the block no thread of this process goes before other programs, unless the caller did so already."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getscheduler(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != before:
            _give_back(before)


def _give_back(policy: int) -> None:
    if sys.platform != "linux":
        return
    in_real_time = (os.SCHED_FIFO, os.SCHED_RR)
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            if os.sched_getscheduler(int(thread.name)) in in_real_time:
                os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))
