"""One monitor's pictures by dxcam: Desktop Duplication (dxgi) or Windows.Graphics.Capture (winrt).

dxcam has a thread of its own that waits for the monitor, and its `get_latest_frame` waits for that thread, for minutes
where Windows shows its secure desktop. What is used here answers at once: the time of its newest picture, and a look at
it (`grab` while it captures). A picture that does not change keeps its time. dxcam is Windows only and fails to be
imported elsewhere; it looks for the monitors once, when it is imported.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture_node.sources.frame_source import PixelFormat, SourceLostError
from playloom.errors import CaptureError, MissingExtraError

BACKENDS = ("dxgi", "winrt")
PIXEL_FORMAT = PixelFormat.BGRA
"""As Windows hands it out; any other order would have dxcam convert it."""

_BUFFERS = 8
"""Pictures in dxcam's ring: one that was looked at is written over this many pictures later."""

_RELEASE_S = 1.0
"""How long to wait for dxcam's thread, which may be waiting for Windows."""

_MAX_POLLS_HZ = 120

_WINRT_SETTINGS = {"DXCAM_WINRT_CURSOR_CAPTURE": "0", "DXCAM_WINRT_BORDER_REQUIRED": "0"}
"""As with dxgi and on X11, the system's mouse pointer is not in the picture; no yellow frame around the monitor."""


class UnknownOutputError(SourceLostError):
    """dxcam does not know the monitor: it was plugged in after dxcam was imported."""


class OutputCamera:
    """Looks at one monitor.

    Attributes:
        device: the monitor's lasting name.
        poll_ns: how often dxcam asks Windows for a new picture.
    """

    def __init__(self, device: str, *, backend: str, fps: int) -> None:
        """Begin.

        Raises:
            UnknownOutputError: the monitor is not among dxcam's.
            CaptureError: Windows or dxcam refuse; says why and what to do.
        """
        self.device = device
        library = _dxcam()
        self._failures: tuple[type[Exception], ...] = _failures()
        polls_hz = max(fps, min(2 * fps, _MAX_POLLS_HZ))
        self.poll_ns = 1_000_000_000 // polls_hz
        place = _place(library, device)
        try:
            self._camera = library.create(
                device_idx=place[0],
                output_idx=place[1],
                output_color="BGRA",
                max_buffer_len=_BUFFERS,
                backend=backend,
                processor_backend="numpy",
            )
        except self._failures as error:
            raise CaptureError(device, f"{backend} cannot capture it ({error})", remedy=_remedy(backend)) from error
        if self._camera.is_capturing:
            # dxcam has one camera for a monitor and backend, and hands it out again.
            raise CaptureError(device, "this program captures it already", remedy="Stop that recording first")
        try:
            self._camera.start(target_fps=polls_hz, video_mode=False)
        except self._failures as error:
            self.close()
            raise CaptureError(device, f"{backend} cannot capture it ({error})", remedy=_remedy(backend)) from error

    @property
    def works(self) -> bool:
        """Whether dxcam's thread is still there: it ends at errors that do not pass by themselves."""
        return bool(self._camera.is_capturing)

    def latest(self) -> tuple[NDArray[np.uint8], int] | None:
        """The newest picture, uint8[height, width, 4] in dxcam's own memory, and when the monitor got it.

        The time is in nanoseconds of the performance counter; 0 where Windows does not say. None while there is no
        picture: none came yet, or Windows has taken the monitor away for now and dxcam waits for it.
        """
        while self.works:
            time_s = self._camera.latest_frame_time
            if time_s is None:
                return None
            image = self._camera.grab(copy=False)
            if image is None:
                return None
            if self._camera.latest_frame_time == time_s:
                return image, round(time_s * 1_000_000_000)
        return None

    def close(self) -> None:
        """Let go. dxcam waits for its thread; where that one waits for Windows, it is left to end by itself."""
        releasing = threading.Thread(target=self._release, name="dxcam release", daemon=True)
        releasing.start()
        releasing.join(_RELEASE_S)

    def _release(self) -> None:
        try:
            self._camera.release()
        except self._failures as error:
            logging.getLogger(__name__).debug("dxcam did not let go of %s: %s", self.device, error)


def _dxcam() -> Any:
    for name, value in _WINRT_SETTINGS.items():
        os.environ.setdefault(name, value)
    # Without a handler Python prints its warnings ("access loss detected") onto the terminal.
    logging.getLogger("dxcam").addHandler(logging.NullHandler())
    try:
        return importlib.import_module("dxcam")
    except ModuleNotFoundError as error:
        if error.name != "dxcam":
            raise CaptureError("dxcam", f"it cannot be used here ({error})") from error
        raise MissingExtraError("Capturing the screen on Windows", "capture") from error
    except (OSError, AttributeError) as error:
        raise CaptureError("dxcam", f"it cannot be used here ({error})", remedy="It needs Windows 10 or 11") from error


def _failures() -> tuple[type[Exception], ...]:
    com_error: type[Exception] = importlib.import_module("comtypes").COMError
    return (OSError, RuntimeError, ValueError, ImportError, com_error)


def _place(library: Any, device: str) -> tuple[int, int]:
    """The monitor's adapter and output, by dxcam's count."""
    # The factory is one for the whole process; asking for it again gives that one.
    for adapter_number, outputs in enumerate(library.DXFactory().outputs):
        for output_number, output in enumerate(outputs):
            if output.devicename == device:
                return adapter_number, output_number
    raise UnknownOutputError(
        device, "it was plugged in after this program began to capture", remedy="Start the program again"
    )


def _remedy(backend: str) -> str:
    if backend == "winrt":
        return "Try the backend dxgi"
    return (
        "On a laptop with two graphics chips, run Python on the one that drives the monitor; or try the backend winrt"
    )
