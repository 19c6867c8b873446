"""Windows' own libraries and what they say when a call fails."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from playloom.errors import CaptureError


def library(name: str) -> Any:
    """A system library (LoadLibrary), with the error of its last call kept for `last_error`.

    Raises:
        CaptureError: this is no Windows.
    """
    if sys.platform != "win32":
        raise CaptureError(name, "is a part of Windows, and this is none")
    return ctypes.WinDLL(name, use_last_error=True)


def last_error() -> int:
    """Windows' number of why the last call on this thread failed (GetLastError)."""
    return ctypes.get_last_error() if sys.platform == "win32" else 0


def error_text(number: int) -> str:
    """What Windows says about an error (FormatMessage), with its number."""
    said = ctypes.FormatError(number).strip() if sys.platform == "win32" else ""
    return f"{said or 'Windows says no'} (error {number})"


def declare(function: Any, result: Any, *arguments: Any) -> Any:
    """The function with its types: without them ctypes cuts handles to 32 bits."""
    function.restype = result
    function.argtypes = arguments
    return function
