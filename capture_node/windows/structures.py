"""Windows' structures as they lie in the memory of a 64-bit program, in types whose width is the same on any system."""

from __future__ import annotations

import ctypes


class RECT(ctypes.Structure):
    _fields_ = (
        ("left", ctypes.c_int32),
        ("top", ctypes.c_int32),
        ("right", ctypes.c_int32),
        ("bottom", ctypes.c_int32),
    )


class POINT(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int32), ("y", ctypes.c_int32))


class MSG(ctypes.Structure):
    _fields_ = (
        ("hwnd", ctypes.c_void_p),
        ("message", ctypes.c_uint32),
        ("wParam", ctypes.c_uint64),
        ("lParam", ctypes.c_int64),
        ("time", ctypes.c_uint32),
        ("pt", POINT),
    )


class MONITORINFOEXW(ctypes.Structure):
    """``szDevice`` is 32 UTF-16 units."""

    _fields_ = (
        ("cbSize", ctypes.c_uint32),
        ("rcMonitor", RECT),
        ("rcWork", RECT),
        ("dwFlags", ctypes.c_uint32),
        ("szDevice", ctypes.c_uint16 * 32),
    )


class DISPLAY_DEVICEW(ctypes.Structure):  # noqa: N801
    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("DeviceName", ctypes.c_uint16 * 32),
        ("DeviceString", ctypes.c_uint16 * 128),
        ("StateFlags", ctypes.c_uint32),
        ("DeviceID", ctypes.c_uint16 * 128),
        ("DeviceKey", ctypes.c_uint16 * 128),
    )


class WINDOWPLACEMENT(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("showCmd", ctypes.c_uint32),
        ("ptMinPosition", POINT),
        ("ptMaxPosition", POINT),
        ("rcNormalPosition", RECT),
    )


class RAWINPUTDEVICE(ctypes.Structure):
    _fields_ = (
        ("usUsagePage", ctypes.c_uint16),
        ("usUsage", ctypes.c_uint16),
        ("dwFlags", ctypes.c_uint32),
        ("hwndTarget", ctypes.c_void_p),
    )


class RAWINPUTHEADER(ctypes.Structure):
    _fields_ = (
        ("dwType", ctypes.c_uint32),
        ("dwSize", ctypes.c_uint32),
        ("hDevice", ctypes.c_uint64),
        ("wParam", ctypes.c_uint64),
    )


class RAWMOUSE(ctypes.Structure):
    """The two button fields share their place with a 32-bit ``ulButtons``, hence the gap before them."""

    _fields_ = (
        ("usFlags", ctypes.c_uint16),
        ("_gap", ctypes.c_uint16),
        ("usButtonFlags", ctypes.c_uint16),
        ("usButtonData", ctypes.c_uint16),
        ("ulRawButtons", ctypes.c_uint32),
        ("lLastX", ctypes.c_int32),
        ("lLastY", ctypes.c_int32),
        ("ulExtraInformation", ctypes.c_uint32),
    )


class RAWKEYBOARD(ctypes.Structure):
    _fields_ = (
        ("MakeCode", ctypes.c_uint16),
        ("Flags", ctypes.c_uint16),
        ("Reserved", ctypes.c_uint16),
        ("VKey", ctypes.c_uint16),
        ("Message", ctypes.c_uint32),
        ("ExtraInformation", ctypes.c_uint32),
    )


def text(units: ctypes.Array[ctypes.c_uint16]) -> str:
    """The text in a field of UTF-16 units, up to its zero."""
    return bytes(units).decode("utf-16-le", errors="replace").split("\0", 1)[0]
