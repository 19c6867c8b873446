"""A monitor or a window on Windows as a source of pictures.

dxcam captures monitors only. A window is the part of its monitor's picture where the window lies now, so it is followed
from one tick to the next without starting anew; in the other way, a region given to dxcam, each move would cost a new
start. What lies over the window would be seen: while another program's window covers it, there is no picture.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from capture_node.clock import now_ns
from capture_node.sources.frame_source import FrameSource, Grab, SourceDescription, SourceKind, SourceLostError
from capture_node.windows.desktop import Area, Desktop, Monitor
from capture_node.windows.output_camera import BACKENDS, PIXEL_FORMAT, OutputCamera, UnknownOutputError
from capture_node.windows.screens import describe_window, is_covered, monitors_in_order
from capture_node.windows.timer import FineTimer
from playloom.errors import CaptureError

RETRY_NS = 1_000_000_000
"""Time between two tries to capture a monitor again."""

_OPENING_S = 5.0
"""How long to wait for dxcam to begin, when the recording ends meanwhile."""

UNPLUGGED_NS = 5_000_000_000
"""A monitor that is gone for longer is unplugged; a change of resolution takes it away for a moment."""


def open_dxcam(description: SourceDescription, backend: str | None = None, *, fps: int = 60) -> FrameSource:
    """The source for a monitor or window of `screens`, to be opened by who records.

    Args:
        description: what to capture.
        backend: "dxgi" (None as well) or "winrt".
        fps: how often it will be asked for a picture.

    Raises:
        CaptureError: there is no such backend, or this is no Windows.
    """
    from capture_node.windows.user32_desktop import User32Desktop

    return DxcamSource(description, desktop=User32Desktop(), backend=backend or BACKENDS[0], fps=fps)


class DxcamSource:
    """Pictures of a monitor, or of the part of one where a window is."""

    def __init__(self, description: SourceDescription, *, desktop: Desktop, backend: str, fps: int) -> None:
        if backend not in BACKENDS:
            raise CaptureError("the screen", f"there is no backend {backend}", remedy=f"Take {' or '.join(BACKENDS)}")
        assert description.kind in (SourceKind.MONITOR, SourceKind.WINDOW), description.kind
        self._description = description
        self._desktop = desktop
        self._backend = backend
        self._fps = fps
        self._timer = FineTimer()
        self._window = int(description.key) if description.kind is SourceKind.WINDOW else None
        self._monitor: Monitor | None = None
        self._monitor_seen_ns = 0
        self._camera: OutputCamera | None = None
        self._opening: threading.Thread | None = None
        self._opened: OutputCamera | CaptureError | None = None
        self._tried_ns = 0
        self._begun_ns = 0
        self._last: tuple[int, Area] | None = None
        self._last_grab: Grab | None = None

    @property
    def description(self) -> SourceDescription:
        return self._description

    def open(self) -> None:
        """Begin; a window may be minimized."""
        self._desktop.prepare()
        self._begun_ns = self._tried_ns = self._monitor_seen_ns = now_ns()
        if self._window is None:
            monitors = monitors_in_order(self._desktop)
            number = int(self._description.key)
            if number >= len(monitors):
                raise CaptureError(f"monitor {number}", f"there are {len(monitors)}", remedy="Name another")
            self._monitor = monitors[number]
        else:
            self._require_window()
            self._monitor = self._desktop.monitor(self._desktop.monitor_of_window(self._window))
            if self._monitor is None:
                raise CaptureError(self._description.title, "it is on no monitor")
        self._camera = OutputCamera(self._monitor.device, backend=self._backend, fps=self._fps)
        self._timer.start()

    def make_ready(self) -> None:
        pass

    def grab(self) -> Grab | None:
        """The newest picture.

        Raises:
            SourceLostError: the window was closed, or the monitor unplugged.
        """
        now = now_ns()
        area = self._area(now)
        if area is None or self._monitor is None:
            return None
        camera = self._working_camera(self._monitor.device, now)
        seen = None if camera is None else camera.latest()
        if camera is None or seen is None:
            return None
        image, taken_ns = seen
        if (image.shape[1], image.shape[0]) != self._monitor.area.size:
            return None  # Still from before a change of resolution.
        return self._grab(image, taken_ns, area, now, camera.poll_ns)

    def close(self) -> None:
        """Let go of it. A second call does nothing."""
        self._timer.stop()
        if self._opening is not None:
            self._opening.join(_OPENING_S)
            self._opening = None
        for camera in (self._camera, self._opened):
            if isinstance(camera, OutputCamera):
                camera.close()
        self._camera = self._opened = self._last = self._last_grab = None

    def _area(self, now: int) -> Area | None:
        """Where to look on the desktop, and on which monitor; None while there is nothing to be seen."""
        if self._window is None:
            return self._monitor_area(now)
        self._require_window()
        desktop = self._desktop
        if desktop.is_minimized(self._window) or not desktop.is_visible(self._window):
            return None
        area = desktop.content_area(self._window)
        monitor = desktop.monitor(desktop.monitor_of_window(self._window))
        if area is None or monitor is None or is_covered(desktop, self._window):
            return None
        self._monitor = monitor
        if area.size != (self._description.width, self._description.height):
            self._description = describe_window(desktop, self._window)
        return area

    def _monitor_area(self, now: int) -> Area | None:
        assert self._monitor is not None
        device = self._monitor.device
        found = self._desktop.monitor(self._monitor.handle)
        if found is None or found.device != device:
            # Handles change with the displays, names last.
            found = next((monitor for monitor in self._desktop.monitors() if monitor.device == device), None)
        if found is None:
            if now - self._monitor_seen_ns > UNPLUGGED_NS:
                raise SourceLostError(self._description.title, "it was unplugged or turned off")
            return None
        self._monitor = found
        self._monitor_seen_ns = now
        width, height = found.area.size
        if (width, height) != (self._description.width, self._description.height):
            self._description = replace(self._description, width=width, height=height)
        return found.area

    def _require_window(self) -> None:
        assert self._window is not None
        if not self._desktop.is_window(self._window):
            raise SourceLostError(self._description.title, "the window was closed")

    def _working_camera(self, device: str, now: int) -> OutputCamera | None:
        """The camera of that monitor; None while there is none. To begin takes dxcam 0.1 s and more: on a thread."""
        if self._opening is not None:
            if self._opening.is_alive():
                return None
            self._opening = None
            opened, self._opened = self._opened, None
            if isinstance(opened, UnknownOutputError):
                raise opened
            if isinstance(opened, OutputCamera):
                self._camera = opened
                self._begun_ns = self._tried_ns
        camera = self._camera
        if camera is not None and camera.device == device and camera.works:
            return camera
        if now - self._tried_ns >= RETRY_NS or (camera is not None and camera.device != device):
            self._tried_ns = now
            self._camera = None
            self._opening = threading.Thread(
                target=self._reopen, args=(camera, device), name="dxcam reopening", daemon=True
            )
            self._opening.start()
        return None

    def _reopen(self, old: OutputCamera | None, device: str) -> None:
        if old is not None:
            old.close()
        try:
            self._opened = OutputCamera(device, backend=self._backend, fps=self._fps)
        except CaptureError as error:
            self._opened = error

    def _grab(self, image: NDArray[np.uint8], taken_ns: int, area: Area, now: int, poll_ns: int) -> Grab:
        assert self._monitor is not None
        previous = self._last_grab
        if previous is not None and self._last == (taken_ns, area):
            # Nothing new at dxcam's last look, which was at most one look ago: a picture that came since is later.
            time_ns = max(now - poll_ns, previous.monotonic_ns + 1)
            grab = replace(previous, monotonic_ns=time_ns, changed=False)
        else:
            # A picture from before the beginning was on the screen at the beginning, too.
            time_ns = min(max(taken_ns, self._begun_ns), now) if self._newer(taken_ns) else now
            if previous is not None:
                time_ns = max(time_ns, previous.monotonic_ns + 1)
            part = _part(image, area, self._monitor.area)
            grab = Grab(image=part, pixel_format=PIXEL_FORMAT, monotonic_ns=time_ns)
        self._last, self._last_grab = (taken_ns, area), grab
        return grab

    def _newer(self, taken_ns: int) -> bool:
        """Whether the picture's own time tells when it was seen: not if the window moved over the same picture."""
        return taken_ns > 0 and (self._last is None or taken_ns > self._last[0])


def _part(image: NDArray[np.uint8], area: Area, monitor: Area) -> NDArray[np.uint8]:
    """What the monitor's picture shows of the area, without a copy; black where the area is off the monitor."""
    seen = area.overlap(monitor)
    if seen == area:
        top, left = area.top - monitor.top, area.left - monitor.left
        return image[top : top + area.height, left : left + area.width]
    part = np.zeros((area.height, area.width, image.shape[2]), np.uint8)
    if seen is not None:
        part[seen.top - area.top : seen.bottom - area.top, seen.left - area.left : seen.right - area.left] = image[
            seen.top - monitor.top : seen.bottom - monitor.top, seen.left - monitor.left : seen.right - monitor.left
        ]
    return part
