"""What this program asks of Windows about monitors and windows: one small protocol, so that tests can be a desktop.

All coordinates are physical pixels of the virtual desktop, whatever the scaling (`prepare` sees to that).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A rectangle of the desktop; right and bottom are the first pixels outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def overlap(self, other: Area) -> Area | None:
        """What both have in common; None if nothing."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Area(left=left, top=top, right=right, bottom=bottom) if left < right and top < bottom else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitor:
    r"""A monitor that is part of the desktop.

    Attributes:
        handle: Windows' HMONITOR; another one after the displays changed.
        device: its lasting name, ``\\.\DISPLAY1``.
        area: where it lies.
        primary: whether it is the main monitor.
    """

    handle: int
    device: str
    area: Area
    primary: bool


class Desktop(Protocol):
    """The calls. A window is its HWND as a number; a window that is gone answers with nothing, never with an error."""

    def prepare(self) -> None:
        """Have Windows speak of physical pixels, to this process and to the thread that calls."""
        ...

    def monitors(self) -> list[Monitor]: ...

    def monitor(self, handle: int) -> Monitor | None:
        """None where the handle means nothing any more."""
        ...

    def monitor_of_window(self, window: int) -> int:
        """The handle of the monitor on which most of the window lies."""
        ...

    def monitor_name(self, device: str) -> str:
        """What the monitor's maker calls it, or ""."""
        ...

    def monitor_dpi(self, handle: int) -> int:
        """96 for a scaling of 100 %."""
        ...

    def windows(self) -> list[int]:
        """All top-level windows, topmost first."""
        ...

    def is_window(self, window: int) -> bool: ...

    def is_visible(self, window: int) -> bool:
        """Whether it is shown at all: not hidden, not on another virtual desktop, not a suspended app."""
        ...

    def is_minimized(self, window: int) -> bool: ...

    def is_tool(self, window: int) -> bool:
        """Whether it is a helper that has no place in the task bar, or lets the mouse through (an overlay)."""
        ...

    def title(self, window: int) -> str: ...

    def process_id(self, window: int) -> int: ...

    def process_name(self, process_id: int) -> str | None:
        """ "game.exe"; None where it may not be known."""
        ...

    def own_terminal(self) -> tuple[frozenset[int], int]:
        """The processes that this program was started by, and the window of its console (0 for none)."""
        ...

    def content_area(self, window: int) -> Area | None:
        """The window without its frame and title bar; None while it has no size (minimized)."""
        ...

    def frame_area(self, window: int) -> Area | None:
        """The whole window as it is seen."""
        ...

    def restored_size(self, window: int) -> tuple[int, int]:
        """The size that a minimized window comes back with."""
        ...

    def foreground(self) -> int:
        """The window that the player works with; 0 for none (another one is about to be, the screen is locked)."""
        ...

    def owner(self, window: int) -> int:
        """The window that it belongs to in the end (a dialogue's game), itself if to none."""
        ...
