"""One program at a time: a mark on an open file that goes with the program, however it ends.

For files that are made to be locked, or whose content stays readable beside the lock: Linux marks the file, Windows
one byte far behind its end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import IO, Any

LOCKED_BYTE = 1 << 40
"""On Windows a locked byte cannot be read by others: it is one that no file has."""


def lock_for_this_program(file: IO[bytes]) -> bool:
    """Mark an open file as this program's until it is closed or the program ends; False: another has it.

    Another opening of the same file, in this program too, is another one. The file stays readable, and the place in it
    where it was.
    """
    return _lock(file)


def lock_with_flock(file: IO[bytes]) -> bool:
    """By flock: Linux and other Unix systems."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_with_msvcrt(file: IO[bytes], system: Any = None) -> bool:
    """By a locked byte: Windows. Args: system: its module, for tests."""
    if system is None:
        import msvcrt as system
    descriptor = file.fileno()
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
    try:
        system.locking(descriptor, system.LK_NBLCK, 1)
    except OSError:  # it says so in several ways
        return False
    finally:
        os.lseek(descriptor, place, os.SEEK_SET)
    return True


_lock: Callable[[IO[bytes]], bool] = lock_with_msvcrt if sys.platform == "win32" else lock_with_flock
