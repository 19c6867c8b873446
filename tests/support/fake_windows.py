"""A Windows desktop in a test only: monitors and windows as `capture_node.windows.desktop` asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from capture_node.windows.desktop import Area, Monitor

SCREEN = Area(left=0, top=0, right=64, bottom=48)
SECOND_SCREEN = Area(left=64, top=0, right=96, bottom=24)


@dataclass
class FakeWindow:
    """A window; its frame is as large as its content."""

    handle: int
    title: str = "The Game"
    process: int = 100
    area: Area = field(default_factory=lambda: Area(left=10, top=8, right=42, bottom=32))
    minimized: bool = False
    visible: bool = True
    tool: bool = False
    owner: int = 0


@dataclass
class FakeDesktop:
    """Attributes: shown: the windows, topmost first; monitors_there: by handle; dpi: by handle."""

    monitors_there: list[Monitor] = field(
        default_factory=lambda: [
            Monitor(handle=7, device="\\\\.\\DISPLAY2", area=SECOND_SCREEN, primary=False),
            Monitor(handle=5, device="\\\\.\\DISPLAY1", area=SCREEN, primary=True),
        ]
    )
    shown: list[FakeWindow] = field(default_factory=list)
    processes: dict[int, str] = field(default_factory=lambda: {100: "game.exe", 200: "chat.exe"})
    names: dict[str, str] = field(default_factory=lambda: {"\\\\.\\DISPLAY1": "Wide 27"})
    dpi: dict[int, int] = field(default_factory=lambda: {5: 144})
    in_front: int = 0
    terminal: tuple[frozenset[int], int] = (frozenset(), 0)
    prepared: int = 0

    def resize_monitor(self, device: str, area: Area, handle: int) -> None:
        """A change of resolution: Windows gives the monitor another handle."""
        self.monitors_there = [
            Monitor(handle=handle, device=device, area=area, primary=monitor.primary)
            if monitor.device == device
            else monitor
            for monitor in self.monitors_there
        ]

    def prepare(self) -> None:
        self.prepared += 1

    def monitors(self) -> list[Monitor]:
        return list(self.monitors_there)

    def monitor(self, handle: int) -> Monitor | None:
        return next((monitor for monitor in self.monitors_there if monitor.handle == handle), None)

    def monitor_of_window(self, window: int) -> int:
        def common(monitor: Monitor) -> int:
            overlap = monitor.area.overlap(self._window(window).area)
            return 0 if overlap is None else overlap.width * overlap.height

        return max(self.monitors_there, key=common).handle

    def monitor_name(self, device: str) -> str:
        return self.names.get(device, "")

    def monitor_dpi(self, handle: int) -> int:
        return self.dpi.get(handle, 96)

    def windows(self) -> list[int]:
        return [window.handle for window in self.shown]

    def is_window(self, window: int) -> bool:
        return any(shown.handle == window for shown in self.shown)

    def is_visible(self, window: int) -> bool:
        return self._window(window).visible

    def is_minimized(self, window: int) -> bool:
        return self._window(window).minimized

    def is_tool(self, window: int) -> bool:
        return self._window(window).tool

    def title(self, window: int) -> str:
        return self._window(window).title

    def process_id(self, window: int) -> int:
        return self._window(window).process

    def process_name(self, process_id: int) -> str | None:
        return self.processes.get(process_id)

    def own_terminal(self) -> tuple[frozenset[int], int]:
        return self.terminal

    def content_area(self, window: int) -> Area | None:
        shown = self._window(window)
        return None if shown.minimized else shown.area

    def frame_area(self, window: int) -> Area | None:
        return self.content_area(window)

    def restored_size(self, window: int) -> tuple[int, int]:
        return self._window(window).area.size

    def foreground(self) -> int:
        return self.in_front

    def owner(self, window: int) -> int:
        return self._window(window).owner or window

    def _window(self, handle: int) -> FakeWindow:
        return next(window for window in self.shown if window.handle == handle)
