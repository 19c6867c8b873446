"""A file that only grows: what was written to it before a crash is still there after it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Lock
from typing import IO

from playloom.errors import OutputError


class AppendFile:
    """A new file that is appended to.

    Nothing is kept back for longer than until the next `flush`. After a fault, further writing does nothing: the
    first error has been raised, and the rest of the session has to be closed in peace. One thread writes; another one
    may `see_onto_disk`, which takes as long as the disk does, and keeps nobody from writing.

    Attributes:
        path: the file.
        size_bytes: what has been taken so far.
    """

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            OutputError: it exists already, or cannot be created.
        """
        self.path = path
        self.size_bytes = 0
        self._pending: list[bytes] = []
        self._failed = False
        self._closing = Lock()
        try:
            self._file = path.open("xb", buffering=0)
            lock_file(self._file)
        except OSError as error:
            raise cannot_write(path, error) from error

    @property
    def pending(self) -> bool:
        """Whether there is something to flush."""
        return bool(self._pending)

    def write(self, content: bytes) -> int:
        """Take content; it reaches the system with the next `flush`."""
        if not self._failed:
            self._pending.append(bytes(content))
            self.size_bytes += len(content)
        return len(content)

    def flush(self) -> None:
        """Hand everything to the system: a crash of this program loses none of it.

        Raises:
            OutputError: the disk is full or failed.
        """
        if not self._pending or self._failed:
            return
        content = memoryview(b"".join(self._pending))
        self._pending.clear()
        try:
            while content:
                content = content[self._file.write(content) :]
        except OSError as error:
            self._failed = True
            raise cannot_write(self.path, error) from error

    def see_onto_disk(self) -> None:
        """See onto the disk what has been flushed; on any thread.

        Raises:
            OutputError: the disk is full or failed.
        """
        with self._closing:
            if self._failed or self._file.closed:
                return
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._failed = True
                raise cannot_write(self.path, error) from error

    def close(self) -> None:
        """Close the file; what was not flushed is lost, and what is written later is not taken."""
        with self._closing:
            self._failed = True
            self._file.close()


def lock_file(file: IO[bytes]) -> bool:
    """Mark an open file as in use until it is closed or this program ends; False if another program has done so.

    Windows has no such marks that leave the file readable; there it always succeeds.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        path,
        f"cannot be written: {error.strerror or error}",
        remedy="Choose a place that you may write to and that has room",
    )
