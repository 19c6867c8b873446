"""A module that answers as dxcam 0.3.0 does, over monitors that a test draws on.

As in dxcam: a camera is one for a monitor and backend; a picture that does not change keeps its time; while Windows has
taken the monitor away there is no newest picture, and `get_latest_frame` waits; an error that does not pass ends the
capturing; a released camera is of no more use.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


class COMError(Exception):
    """As comtypes has it: the number first, then what it means."""


@dataclass
class Screen:
    """A monitor as Windows duplicates it.

    Attributes:
        devicename: as Windows names it.
        image, time_s: its newest picture and when it came, on the performance counter; None: there is none.
    """

    devicename: str
    image: NDArray[np.uint8] | None = None
    time_s: float = 0.0

    def present(self, image: NDArray[np.uint8], time_s: float) -> None:
        self.image, self.time_s = image, time_s


class Camera:
    def __init__(self, screen: Screen, settings: dict[str, Any]) -> None:
        self.screen = screen
        self.settings = settings
        self.started: dict[str, Any] | None = None
        self.is_capturing = False
        self.is_released = False

    def start(self, target_fps: int = 60, video_mode: bool = False) -> None:
        assert not self.is_released
        if self.is_capturing:
            raise RuntimeError("Capture is already running. Call stop() first.")
        self.started = {"target_fps": target_fps, "video_mode": video_mode}
        self.is_capturing = True

    @property
    def latest_frame_time(self) -> float | None:
        return None if self.screen.image is None else self.screen.time_s

    def grab(self, copy: bool = True) -> NDArray[np.uint8] | None:
        assert self.is_capturing, "one look at a time would wait for Windows"
        image = self.screen.image
        return image.copy() if copy and image is not None else image

    def get_latest_frame(self, **_options: Any) -> NDArray[np.uint8] | None:
        raise AssertionError("it waits for a picture")

    def release(self) -> None:
        self.is_capturing = False
        self.is_released = True


@dataclass
class FakeDxcam:
    """The module.

    Attributes:
        outputs: the monitors by adapter.
        cameras: all that were created.
        refuses: what `create` raises.
        create_waits_for: makes `create` slow.
    """

    outputs: list[list[Screen]] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    refuses: Exception | None = None
    create_waits_for: threading.Event | None = None

    def screen(self, device: str) -> Screen:
        return next(screen for adapter in self.outputs for screen in adapter if screen.devicename == device)

    def create(self, **settings: Any) -> Camera:
        if self.create_waits_for is not None:
            assert self.create_waits_for.wait(10)
        if self.refuses is not None:
            raise self.refuses
        screen = self.outputs[settings["device_idx"]][settings["output_idx"]]
        for camera in self.cameras:
            if camera.screen is screen and not camera.is_released:
                return camera
        self.cameras.append(Camera(screen, settings))
        return self.cameras[-1]


def install(monkeypatch: pytest.MonkeyPatch, *devices: tuple[str, ...]) -> FakeDxcam:
    """Put it where `import dxcam` finds it, with the monitors of each adapter."""
    fake = FakeDxcam(outputs=[[Screen(name) for name in names] for names in devices])
    dxcam, comtypes = ModuleType("dxcam"), ModuleType("comtypes")
    vars(dxcam).update(create=fake.create, DXFactory=lambda: fake)
    vars(comtypes).update(COMError=COMError)
    monkeypatch.setitem(sys.modules, "dxcam", dxcam)
    monkeypatch.setitem(sys.modules, "comtypes", comtypes)
    return fake
