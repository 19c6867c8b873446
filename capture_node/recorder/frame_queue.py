"""Pictures on their way to the encoder: a bounded number, and nobody waits to put one in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

    from capture_node.recorder.running_session import RunningSession


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedFrame:
    """A picture for a session; see `SessionWriter.add_frame`."""

    session: RunningSession
    picture: av.VideoFrame
    monotonic_ns: int
    repeated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEnd:
    """No frame of this session follows."""

    session: RunningSession


class FrameQueue:
    """From one thread to another.

    Attributes:
        capacity: how many frames may wait.
        taken: how many frames have been taken out.
    """

    def __init__(self, capacity: int = 1) -> None:
        self.capacity = capacity
        self.taken = 0
        self._frames = 0
        self._items: deque[QueuedFrame | SessionEnd] = deque()
        self._changed = Condition()
        self._closed = False

    def __len__(self) -> int:
        return self._frames

    @property
    def is_full(self) -> bool:
        """Whether a frame would be refused."""
        return self._frames >= self.capacity

    def put(self, item: QueuedFrame) -> bool:
        """Put a frame in, unless it is full; whether it went in."""
        with self._changed:
            if self._frames >= self.capacity:
                return False
            self._frames += 1
            self._items.append(item)
            self._changed.notify()
            return True

    def end_session(self, session: RunningSession) -> None:
        """Say, behind its frames, that a session has no more. There is always room for that."""
        with self._changed:
            self._items.append(SessionEnd(session=session))
            self._changed.notify()

    def close(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> QueuedFrame | SessionEnd | None:
        """Wait for the next item; None after the last."""
        with self._changed:
            while not self._items:
                if self._closed:
                    return None
                self._changed.wait()
            item = self._items.popleft()
            if isinstance(item, QueuedFrame):
                self._frames -= 1
                self.taken += 1
            return item
