from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from capture_node.inputs.x11_pointer_axes import PointerAxes
from capture_node.inputs.x11_raw_events import RawEvent, RawKind

_MOUSE, _TABLET = 8, 9
_RELATIVE_MODE, _ABSOLUTE_MODE = 0, 1


class FakeXInput:
    """Knows a mouse with a wheel and a tablet of 32768 counts each way, as XIQueryDevice describes them."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def XIQueryDevice(self, device: int) -> Any:  # noqa: N802
        self.asked.append(device)
        mode = _ABSOLUTE_MODE if device == _TABLET else _RELATIVE_MODE
        button = SimpleNamespace(type=1)
        axes = [
            SimpleNamespace(
                type=2,
                number=number,
                mode=mode,
                min=SimpleNamespace(integral=0),
                max=SimpleNamespace(integral=32768 if mode else -1),
            )
            for number in (0, 1, 2)
        ]
        reply = SimpleNamespace(infos=[SimpleNamespace(classes=[button, *axes])])
        return SimpleNamespace(reply=lambda: reply)


def _moved(device: int, *axes: tuple[int, float]) -> RawEvent:
    return RawEvent(kind=RawKind.MOTION, time_ms=1, detail=0, device=device, axes=axes)


def test_a_mouse_counts_its_motion_itself_and_is_asked_once() -> None:
    xinput = FakeXInput()
    axes = PointerAxes(xinput, (1280, 800))

    assert axes.motion(_moved(_MOUSE, (0, 4.0), (1, -2.5))) == (4.0, -2.5)
    assert axes.motion(_moved(_MOUSE, (1, 3.0))) == (0.0, 3.0)
    assert xinput.asked == [_MOUSE]


def test_the_wheels_axes_are_no_motion() -> None:
    assert PointerAxes(FakeXInput(), (1280, 800)).motion(_moved(_MOUSE, (2, 120.0))) == (0.0, 0.0)


def test_places_become_motion_in_pixels() -> None:
    axes = PointerAxes(FakeXInput(), (1280, 800))

    assert axes.motion(_moved(_TABLET, (0, 16384.0), (1, 16384.0))) == (0.0, 0.0)
    assert axes.motion(_moved(_TABLET, (0, 16384.0 + 256), (1, 16384.0 - 4096))) == (10.0, -100.0)
    assert axes.motion(_moved(_TABLET, (1, 16384.0))) == (0.0, 100.0)


def test_a_device_that_was_plugged_in_again_is_asked_again() -> None:
    xinput = FakeXInput()
    axes = PointerAxes(xinput, (1280, 800))
    axes.motion(_moved(_TABLET, (0, 100.0)))
    axes.forget()

    assert axes.motion(_moved(_TABLET, (0, 20000.0))) == (0.0, 0.0)
    assert xinput.asked == [_TABLET, _TABLET]
