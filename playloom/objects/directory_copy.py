"""Copying between files within the kernel: three times as fast as through here, and free where extents are shared."""

from __future__ import annotations

import errno
import os
import shutil
from typing import BinaryIO

from playloom.objects.object_store import CHUNK_BYTES

_UNABLE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY})
_AT_ONCE_BYTES = 1 << 30


def append_file(source: BinaryIO, target: BinaryIO) -> None:
    """Append the rest of a file to another one.

    Raises:
        OSError: one cannot be read or the other written.
    """
    if hasattr(os, "copy_file_range"):
        target.flush()
        try:
            while os.copy_file_range(source.fileno(), target.fileno(), _AT_ONCE_BYTES):
                pass
        except OSError as error:
            if error.errno not in _UNABLE:  # else the file systems cannot: what is left goes through here
                raise
    shutil.copyfileobj(source, target, CHUNK_BYTES)


def append_range(source: BinaryIO, target: BinaryIO, *, begin: int, size_bytes: int) -> None:
    """Append a range of a file to another one.

    Raises:
        OSError: one cannot be read or the other written, or the range is not there.
    """
    left = size_bytes
    source.seek(begin)
    if hasattr(os, "copy_file_range"):
        target.flush()
        try:
            while left and (count := os.copy_file_range(source.fileno(), target.fileno(), left)):
                left -= count
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
        source.seek(begin + size_bytes - left)
    while left and (chunk := source.read(min(CHUNK_BYTES, left))):
        target.write(chunk)
        left -= len(chunk)
    if left:
        raise OSError(errno.EIO, "a file is shorter than it was")
