"""Raw Input's reports as Windows delivers them: each method names the calls of user32 that it makes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_int, c_int64, c_uint32, c_uint64, c_void_p
from typing import Any

from capture_node.windows.libraries import declare, error_text, last_error, library
from capture_node.windows.messages import ThreadMessages
from capture_node.windows.raw_records import DesktopSwitched, RawRecord, read_raw_input
from capture_node.windows.structures import MSG, RAWINPUTDEVICE, RAWINPUTHEADER
from playloom.errors import CaptureError

_HWND_MESSAGE = -3
_GENERIC_DESKTOP, _MOUSE, _KEYBOARD = 1, 2, 6
_RIDEV_REMOVE, _RIDEV_INPUTSINK = 0x1, 0x100
_RID_INPUT = 0x10000003
_WM_INPUT = 0x00FF
_EVENT_SYSTEM_DESKTOPSWITCH = 0x0020
_WINEVENT_OUTOFCONTEXT = 0
_MAPVK_VK_TO_VSC_EX = 4
_SM_CXSCREEN, _SM_CYSCREEN, _SM_CXVIRTUALSCREEN, _SM_CYVIRTUALSCREEN = 0, 1, 78, 79
_THREAD_PRIORITY_HIGHEST = 2
_BUFFER_BYTES = 256
_MOST_AT_ONCE = 256


class WindowsRawInputQueue:
    """The real one; only Windows has it. All calls but `interrupt` are made by one thread."""

    def __init__(self) -> None:
        self._user32 = user32 = library("user32")
        self._kernel32 = kernel32 = library("kernel32")
        declare(
            user32.CreateWindowExW,
            c_void_p,
            *(c_uint32, ctypes.c_wchar_p, ctypes.c_wchar_p, c_uint32, c_int, c_int, c_int, c_int),
            *(c_void_p, c_void_p, c_void_p, c_void_p),
        )
        declare(user32.DestroyWindow, c_int, c_void_p)
        declare(user32.RegisterRawInputDevices, c_int, c_void_p, c_uint32, c_uint32)
        declare(user32.GetRawInputData, c_uint32, c_int64, c_uint32, c_void_p, c_void_p, c_uint32)
        declare(user32.DefWindowProcW, c_int64, c_void_p, c_uint32, c_uint64, c_int64)
        declare(user32.DispatchMessageW, c_int64, c_void_p)
        declare(user32.SetWinEventHook, c_void_p, c_uint32, c_uint32, c_void_p, c_void_p, c_uint32, c_uint32, c_uint32)
        declare(user32.UnhookWinEvent, c_int, c_void_p)
        declare(user32.MapVirtualKeyW, c_uint32, c_uint32, c_uint32)
        declare(user32.GetSystemMetrics, c_int, c_int)
        declare(kernel32.GetCurrentThread, c_void_p)
        declare(kernel32.SetThreadPriority, c_int, c_void_p, c_int)
        self._messages: ThreadMessages | None = None
        self._window: int | None = None
        self._hook: int | None = None
        self._callback: Any = None
        self._switched = False
        self._buffer = ctypes.create_string_buffer(_BUFFER_BYTES)

    def open(self) -> None:
        """CreateWindowExW (a window for messages only), RegisterRawInputDevices, SetWinEventHook, SetThreadPriority."""
        self._messages = ThreadMessages()
        user32 = self._user32
        self._window = user32.CreateWindowExW(0, "STATIC", "Playloom", 0, 0, 0, 0, 0, _HWND_MESSAGE, None, None, None)
        if not self._window or not self._register(_RIDEV_INPUTSINK, self._window):
            raise CaptureError("keyboard and mouse", f"Raw Input is refused: {error_text(last_error())}")
        # On 64-bit Windows there is one calling convention: CFUNCTYPE is WINFUNCTYPE.
        self._callback = ctypes.CFUNCTYPE(
            None, c_void_p, c_uint32, c_void_p, ctypes.c_int32, ctypes.c_int32, c_uint32, c_uint32
        )(self._desktop_switched)
        event = _EVENT_SYSTEM_DESKTOPSWITCH
        self._hook = user32.SetWinEventHook(event, event, None, self._callback, 0, 0, _WINEVENT_OUTOFCONTEXT)
        self._kernel32.SetThreadPriority(self._kernel32.GetCurrentThread(), _THREAD_PRIORITY_HIGHEST)

    def wait(self) -> Sequence[tuple[RawRecord, int]] | None:
        """GetMessageW, then PeekMessageW until there is none; GetRawInputData for each WM_INPUT."""
        assert self._messages is not None
        message = self._messages.wait()
        if message is None:
            return None
        records: list[tuple[RawRecord, int]] = []
        while message is not None:
            record = self._read(message)
            if self._switched:
                self._switched = False
                records.append((DesktopSwitched(), 0))
            if record is not None:
                records.append((record, self._messages.age_ms(message)))
            message = self._messages.take() if len(records) < _MOST_AT_ONCE else None
        return records

    def interrupt(self) -> None:
        """PostThreadMessageW with WM_QUIT."""
        assert self._messages is not None
        self._messages.interrupt()

    def close(self) -> None:
        """UnhookWinEvent, RegisterRawInputDevices with RIDEV_REMOVE, DestroyWindow."""
        if self._hook:
            self._user32.UnhookWinEvent(self._hook)
        self._register(_RIDEV_REMOVE, None)
        if self._window:
            self._user32.DestroyWindow(self._window)
        self._hook = self._window = self._callback = None

    def scan_code(self, virtual_key: int) -> int:
        """MapVirtualKeyW."""
        return self._user32.MapVirtualKeyW(virtual_key, _MAPVK_VK_TO_VSC_EX)

    def desktop_size(self, *, all_monitors: bool) -> tuple[int, int]:
        """GetSystemMetrics."""
        width, height = (_SM_CXVIRTUALSCREEN, _SM_CYVIRTUALSCREEN) if all_monitors else (_SM_CXSCREEN, _SM_CYSCREEN)
        return self._user32.GetSystemMetrics(width), self._user32.GetSystemMetrics(height)

    def _register(self, flags: int, window: int | None) -> bool:
        devices = (RAWINPUTDEVICE * 2)(
            RAWINPUTDEVICE(_GENERIC_DESKTOP, _KEYBOARD, flags, window),
            RAWINPUTDEVICE(_GENERIC_DESKTOP, _MOUSE, flags, window),
        )
        return bool(self._user32.RegisterRawInputDevices(devices, 2, ctypes.sizeof(RAWINPUTDEVICE)))

    def _read(self, message: MSG) -> RawRecord | None:
        if message.message != _WM_INPUT:
            self._user32.DispatchMessageW(ctypes.byref(message))
            return None
        size = c_uint32(_BUFFER_BYTES)
        got = self._user32.GetRawInputData(
            message.lParam, _RID_INPUT, self._buffer, ctypes.byref(size), ctypes.sizeof(RAWINPUTHEADER)
        )
        record = read_raw_input(self._buffer.raw[:got]) if 0 < got <= _BUFFER_BYTES else None
        # Windows takes its report back there.
        self._user32.DefWindowProcW(message.hwnd, message.message, message.wParam, message.lParam)
        return record

    def _desktop_switched(self, *_event: object) -> None:
        # Windows calls this within GetMessageW, which goes on waiting.
        assert self._messages is not None
        self._switched = True
        self._messages.wake()
