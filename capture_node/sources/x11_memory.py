"""Pictures from the X server: through memory shared with it, or over its socket where that cannot be had."""

from __future__ import annotations

import ctypes
import functools
import os
import weakref
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from capture_node.sources.x11_display import X11Display
from playloom.errors import CaptureError

_ALL_PLANES = 0xFFFFFFFF
_Z_PIXMAP = 2
_BYTES_PER_PIXEL = 4
_REPLY_HEADER_BYTES = 32

_IPC_PRIVATE = 0
_IPC_RMID = 0
_IPC_CREAT = 0o1000
_OWNER_ONLY = 0o600
_SHMAT_FAILED = ctypes.c_void_p(-1).value


class PictureReader(Protocol):
    """Reads rectangles of windows and pixmaps."""

    def read(self, drawable: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """The rectangle as uint8[height, width, 4], blue first. It is valid until the next `read`.

        Raises:
            xcffib.Error: the drawable is gone, or not that large.
        """
        ...

    def close(self) -> None: ...


def make_reader(display: X11Display) -> PictureReader:
    """The quickest reader that works on this display."""
    if display.is_local and display.has_extension("MIT-SHM"):
        try:
            return SharedMemoryReader(display)
        except SharedMemoryError:
            pass  # a container has a namespace of its own for shared memory: the server cannot see ours
    return SocketReader(display)


class SharedMemoryError(CaptureError):
    """The server and we cannot share memory."""

    def __init__(self, problem: str) -> None:
        super().__init__("Memory for pictures", problem, remedy="See kernel.shmmax and kernel.shmall of this machine")


class SharedMemoryReader:
    """The server writes pictures into memory that we see too: no copy on our side."""

    def __init__(self, display: X11Display) -> None:
        """Share some memory with the server.

        Raises:
            SharedMemoryError: that does not work here.
        """
        import xcffib.shm

        self._connection = display.connection
        self._shm: Any = self._connection(xcffib.shm.key)
        self._segment = 0
        self._memory: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self._share(display.screen.width_in_pixels * display.screen.height_in_pixels * _BYTES_PER_PIXEL)

    def read(self, drawable: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        size_bytes = width * height * _BYTES_PER_PIXEL
        if size_bytes > len(self._memory):
            self._share(size_bytes)
        self._shm.GetImage(drawable, x, y, width, height, _ALL_PLANES, _Z_PIXMAP, self._segment, 0).reply()
        return self._memory[:size_bytes].reshape(height, width, _BYTES_PER_PIXEL)

    def close(self) -> None:
        # Our side stays mapped as long as somebody looks at a picture in it.
        self._shm.Detach(self._segment)
        self._memory = np.empty(0, dtype=np.uint8)

    def _share(self, size_bytes: int) -> None:
        memory, segment = share_memory(self._connection, size_bytes)
        if self._segment:
            self._shm.Detach(self._segment)
        self._segment, self._memory = segment, memory


class SocketReader:
    """Pictures come over the connection, piece by piece: for displays far away and for containers."""

    def __init__(self, display: X11Display) -> None:
        self._connection = display.connection

    def read(self, drawable: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        cookie = self._connection.core.GetImage(_Z_PIXMAP, drawable, x, y, width, height, _ALL_PLANES)
        # xcffib's own reply makes a Python number of every byte; what follows the header is the picture.
        reply = self._connection.wait_for_reply(cookie.sequence)
        pixels = np.frombuffer(reply.buf, np.uint8, width * height * _BYTES_PER_PIXEL, offset=_REPLY_HEADER_BYTES)
        return pixels.reshape(height, width, _BYTES_PER_PIXEL)

    def close(self) -> None:
        pass


def share_memory(connection: Any, size_bytes: int) -> tuple[NDArray[np.uint8], int]:
    """Memory that the server sees too, and the server's id for it.

    Our side stays mapped as long as anybody looks at the array, or at a part of it.

    Raises:
        SharedMemoryError: the server cannot see our memory, or there is none.
    """
    import xcffib
    import xcffib.shm

    libc = _libc()
    kernel_id = libc.shmget(_IPC_PRIVATE, size_bytes, _IPC_CREAT | _OWNER_ONLY)
    if kernel_id == -1:
        raise SharedMemoryError(f"no shared memory of {size_bytes} bytes: {os.strerror(ctypes.get_errno())}")
    try:
        address = libc.shmat(kernel_id, None, 0)
        if address == _SHMAT_FAILED:
            raise SharedMemoryError(f"shared memory cannot be mapped: {os.strerror(ctypes.get_errno())}")
        buffer = (ctypes.c_uint8 * size_bytes).from_address(address)
        # Not at exit: another thread may still look at it, and the system cleans up by itself then.
        weakref.finalize(buffer, libc.shmdt, address).atexit = False
        segment = connection.generate_id()
        try:
            connection(xcffib.shm.key).AttachChecked(segment, kernel_id, False).check()
        except xcffib.Error as error:
            raise SharedMemoryError("the X server cannot attach our memory") from error
    finally:
        # From now on it lasts as long as it is mapped, and no crash leaves it behind.
        libc.shmctl(kernel_id, _IPC_RMID, None)
    return np.frombuffer(buffer, dtype=np.uint8), segment


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = [ctypes.c_void_p]
    libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    return libc
