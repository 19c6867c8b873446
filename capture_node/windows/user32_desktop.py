"""The desktop as Windows tells of it: each method names its one or two calls of user32, shcore or dwmapi."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_int64, c_uint32, c_void_p
from typing import Any

import psutil

from capture_node.windows.desktop import Area, Monitor
from capture_node.windows.libraries import declare, library
from capture_node.windows.structures import DISPLAY_DEVICEW, MONITORINFOEXW, POINT, RECT, WINDOWPLACEMENT, text

_PER_MONITOR_AWARE_V2 = -4
_MONITORINFOF_PRIMARY = 1
_MONITOR_DEFAULTTONEAREST = 2
_MDT_EFFECTIVE_DPI = 0
_GA_ROOTOWNER = 3
_GWL_EXSTYLE = -20
_WS_EX_TRANSPARENT = 0x20
_WS_EX_TOOLWINDOW = 0x80
_DWMWA_EXTENDED_FRAME_BOUNDS = 9
_DWMWA_CLOAKED = 14


class User32Desktop:
    """The real one; only Windows has it."""

    def __init__(self) -> None:
        user32, shcore, dwmapi = library("user32"), library("shcore"), library("dwmapi")
        self._user32, self._shcore = user32, shcore
        self._console_window = declare(library("kernel32").GetConsoleWindow, c_void_p)
        self._window_attribute = declare(
            dwmapi.DwmGetWindowAttribute, c_int, c_void_p, c_uint32, c_void_p, c_uint32
        )  # 0: it worked
        declare(user32.SetProcessDpiAwarenessContext, c_int, c_void_p)
        declare(user32.SetThreadDpiAwarenessContext, c_void_p, c_void_p)
        declare(user32.EnumDisplayMonitors, c_int, c_void_p, c_void_p, c_void_p, c_int64)
        declare(user32.GetMonitorInfoW, c_int, c_void_p, c_void_p)
        declare(user32.MonitorFromWindow, c_void_p, c_void_p, c_uint32)
        declare(user32.EnumDisplayDevicesW, c_int, ctypes.c_wchar_p, c_uint32, c_void_p, c_uint32)
        declare(shcore.GetDpiForMonitor, c_int, c_void_p, c_int, c_void_p, c_void_p)
        declare(user32.EnumWindows, c_int, c_void_p, c_int64)
        for name in ("IsWindow", "IsWindowVisible", "IsIconic", "GetWindowTextLengthW"):
            declare(getattr(user32, name), c_int, c_void_p)
        declare(user32.GetWindowLongPtrW, c_int64, c_void_p, c_int)
        declare(user32.GetWindowTextW, c_int, c_void_p, ctypes.c_wchar_p, c_int)
        declare(user32.GetWindowThreadProcessId, c_uint32, c_void_p, c_void_p)
        for name in ("GetClientRect", "GetWindowRect", "ClientToScreen", "GetWindowPlacement"):
            declare(getattr(user32, name), c_int, c_void_p, c_void_p)
        declare(user32.GetForegroundWindow, c_void_p)
        declare(user32.GetAncestor, c_void_p, c_void_p, c_uint32)

    def prepare(self) -> None:
        """SetProcessDpiAwarenessContext, which works once a process, and SetThreadDpiAwarenessContext."""
        self._user32.SetProcessDpiAwarenessContext(_PER_MONITOR_AWARE_V2)
        self._user32.SetThreadDpiAwarenessContext(_PER_MONITOR_AWARE_V2)

    def monitors(self) -> list[Monitor]:
        """EnumDisplayMonitors."""
        handles: list[int] = []

        def take(handle: int, _context: int, _area: int, _data: int) -> int:
            handles.append(handle)
            return 1

        callback = _callback(c_int, c_void_p, c_void_p, c_void_p, c_int64)(take)
        self._user32.EnumDisplayMonitors(None, None, callback, 0)
        found = (self.monitor(handle) for handle in handles)
        return [monitor for monitor in found if monitor is not None]

    def monitor(self, handle: int) -> Monitor | None:
        """GetMonitorInfoW."""
        info = MONITORINFOEXW(cbSize=ctypes.sizeof(MONITORINFOEXW))
        if not self._user32.GetMonitorInfoW(handle, ctypes.byref(info)):
            return None
        return Monitor(
            handle=handle,
            device=text(info.szDevice),
            area=_area(info.rcMonitor),
            primary=bool(info.dwFlags & _MONITORINFOF_PRIMARY),
        )

    def monitor_of_window(self, window: int) -> int:
        """MonitorFromWindow."""
        return self._user32.MonitorFromWindow(window, _MONITOR_DEFAULTTONEAREST) or 0

    def monitor_name(self, device: str) -> str:
        """EnumDisplayDevicesW, the first monitor on that output."""
        found = DISPLAY_DEVICEW(cb=ctypes.sizeof(DISPLAY_DEVICEW))
        if not self._user32.EnumDisplayDevicesW(device, 0, ctypes.byref(found), 0):
            return ""
        return text(found.DeviceString)

    def monitor_dpi(self, handle: int) -> int:
        """GetDpiForMonitor."""
        x, y = c_uint32(96), c_uint32(96)
        self._shcore.GetDpiForMonitor(handle, _MDT_EFFECTIVE_DPI, ctypes.byref(x), ctypes.byref(y))
        return x.value

    def windows(self) -> list[int]:
        """EnumWindows."""
        found: list[int] = []

        def take(window: int, _data: int) -> int:
            found.append(window)
            return 1

        callback = _callback(c_int, c_void_p, c_int64)(take)
        self._user32.EnumWindows(callback, 0)
        return found

    def is_window(self, window: int) -> bool:
        """IsWindow."""
        return bool(self._user32.IsWindow(window))

    def is_visible(self, window: int) -> bool:
        """IsWindowVisible, and DwmGetWindowAttribute with DWMWA_CLOAKED."""
        if not self._user32.IsWindowVisible(window):
            return False
        cloaked = c_uint32(0)
        self._window_attribute(window, _DWMWA_CLOAKED, ctypes.byref(cloaked), ctypes.sizeof(cloaked))
        return cloaked.value == 0

    def is_minimized(self, window: int) -> bool:
        """IsIconic."""
        return bool(self._user32.IsIconic(window))

    def is_tool(self, window: int) -> bool:
        """GetWindowLongPtrW: WS_EX_TOOLWINDOW or WS_EX_TRANSPARENT."""
        style = self._user32.GetWindowLongPtrW(window, _GWL_EXSTYLE)
        return bool(style & (_WS_EX_TOOLWINDOW | _WS_EX_TRANSPARENT))

    def title(self, window: int) -> str:
        """GetWindowTextLengthW and GetWindowTextW."""
        length = self._user32.GetWindowTextLengthW(window)
        said = ctypes.create_unicode_buffer(length + 1)
        self._user32.GetWindowTextW(window, said, length + 1)
        return said.value

    def process_id(self, window: int) -> int:
        """GetWindowThreadProcessId."""
        number = c_uint32(0)
        self._user32.GetWindowThreadProcessId(window, ctypes.byref(number))
        return number.value

    def process_name(self, process_id: int) -> str | None:
        """psutil, which asks NtQuerySystemInformation."""
        try:
            return psutil.Process(process_id).name()
        except (psutil.Error, OSError):
            return None

    def own_terminal(self) -> tuple[frozenset[int], int]:
        """psutil; GetConsoleWindow and GetAncestor: Windows Terminal owns a hidden console window for each tab."""
        console = self._console_window() or 0
        return frozenset(process.pid for process in psutil.Process().parents()), console and self.owner(console)

    def content_area(self, window: int) -> Area | None:
        """GetClientRect and ClientToScreen."""
        inside, corner = RECT(), POINT(0, 0)
        if not self._user32.GetClientRect(window, ctypes.byref(inside)):
            return None
        if not self._user32.ClientToScreen(window, ctypes.byref(corner)):
            return None
        area = Area(left=corner.x, top=corner.y, right=corner.x + inside.right, bottom=corner.y + inside.bottom)
        return area if area.width > 0 and area.height > 0 else None

    def frame_area(self, window: int) -> Area | None:
        """DwmGetWindowAttribute with DWMWA_EXTENDED_FRAME_BOUNDS (without the shadow), else GetWindowRect."""
        seen = RECT()
        failed = self._window_attribute(window, _DWMWA_EXTENDED_FRAME_BOUNDS, ctypes.byref(seen), ctypes.sizeof(seen))
        if failed and not self._user32.GetWindowRect(window, ctypes.byref(seen)):
            return None
        return _area(seen)

    def restored_size(self, window: int) -> tuple[int, int]:
        """GetWindowPlacement."""
        placement = WINDOWPLACEMENT(length=ctypes.sizeof(WINDOWPLACEMENT))
        if not self._user32.GetWindowPlacement(window, ctypes.byref(placement)):
            return 0, 0
        return _area(placement.rcNormalPosition).size

    def foreground(self) -> int:
        """GetForegroundWindow."""
        return self._user32.GetForegroundWindow() or 0

    def owner(self, window: int) -> int:
        """GetAncestor with GA_ROOTOWNER."""
        return self._user32.GetAncestor(window, _GA_ROOTOWNER) or window


def _area(rectangle: RECT) -> Area:
    return Area(left=rectangle.left, top=rectangle.top, right=rectangle.right, bottom=rectangle.bottom)


def _callback(result: Any, *arguments: Any) -> Any:
    # On 64-bit Windows there is one calling convention: CFUNCTYPE is WINFUNCTYPE.
    return ctypes.CFUNCTYPE(result, *arguments)
