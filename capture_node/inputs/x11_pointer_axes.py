"""Motion out of what pointing devices report: mice count it, tablets and virtual machines' pointers name places."""

from __future__ import annotations

from typing import Any

from capture_node.inputs.x11_raw_events import RawEvent

_VALUATOR = 2
_ABSOLUTE = 1


class PointerAxes:
    """What each pointing device's axes mean, asked for when it first moves."""

    def __init__(self, xinput: Any, screen_size: tuple[int, int]) -> None:
        """Make it.

        Args:
            xinput: xcffib's extension.
            screen_size: in pixels, the counts of a device that knows places.
        """
        self._xinput = xinput
        self._size = screen_size
        # By device: pixels a count of the axes 0 and 1; empty for a mouse.
        self._scales: dict[int, dict[int, float]] = {}
        self._places: dict[tuple[int, int], float] = {}

    def forget(self) -> None:
        """A device came or went: its number may be another's now."""
        self._scales.clear()
        self._places.clear()

    def motion(self, raw: RawEvent) -> tuple[float, float]:
        """How far the pointer moved, x to the right and y down; the first place of a device is no motion."""
        scales = self._scales.get(raw.device)
        if scales is None:
            scales = self._scales[raw.device] = self._scales_of(raw.device)
        moved = [0.0, 0.0]
        for axis, value in raw.axes:
            if axis > 1:  # the wheel's, whose notches come as buttons; a pen's pressure
                continue
            if axis in scales:
                place = (raw.device, axis)
                moved[axis] = (value - self._places.get(place, value)) * scales[axis]
                self._places[place] = value
            else:
                moved[axis] = value
        return moved[0], moved[1]

    def _scales_of(self, device: int) -> dict[int, float]:
        import xcffib

        try:
            infos = self._xinput.XIQueryDevice(device).reply().infos
        except xcffib.Error:  # it is gone in the meantime
            return {}
        scales: dict[int, float] = {}
        for info in infos:
            for axis in info.classes:
                if axis.type == _VALUATOR and axis.number < 2 and axis.mode == _ABSOLUTE:
                    span = axis.max.integral - axis.min.integral
                    scales[axis.number] = self._size[axis.number] / span if span > 0 else 1.0
        return scales
