"""From presses to the pictures that show them: looking at a source as fast as it gives pictures.

The source is not looked at once a tick, as when it is recorded. A frame of a recording shows the newest picture there
is at its time, so it is that picture's age that counts, and waiting for a tick would add half a tick to it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capture_node.calibration.calibration import LEAST_PRESSES
from capture_node.clock import now_ns
from capture_node.sources.frame_source import FrameSource
from playloom.errors import CaptureError

SEEN_WITHIN_S = 2.0
"""A flash that no picture shows for so long is missed."""

PRESSED_WITHIN_S = 60.0
"""A player who does not press for so long is gone."""

MISSED_AT_FIRST = 3
"""When so many are missed before any is seen, it is not the window that is captured."""

_LOOK_EVERY_S = 0.0005
_PAUSE_S = (0.05, 0.15)  # between two presses; random, so that they fall anywhere between two pictures
_BRIGHT = 128
_SAMPLES = 16


class Flash(Protocol):
    """What answers a press; see `FlashWindow`."""

    def arm(self) -> None: ...

    def darken(self) -> None: ...

    @property
    def pressed_ns(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Attributes: as in `Calibration`."""

    delays_ms: tuple[float, ...]
    missed: int
    resolution_ms: float


@dataclass
class _Eye:
    """Looks at the source."""

    source: FrameSource
    looks_ns: list[int] = field(default_factory=list)
    _bright: bool = False

    def look(self) -> tuple[bool, int]:
        """Whether the newest picture is bright, and its time."""
        grab = self.source.grab()
        if grab is None:
            return False, now_ns()
        if grab.changed:
            self._bright = is_bright(grab.image)
        self.looks_ns.append(grab.monotonic_ns)
        return self._bright, grab.monotonic_ns

    def wait_for_dark(self) -> None:
        deadline_s = time.monotonic() + SEEN_WITHIN_S
        while self.look()[0]:
            if time.monotonic() > deadline_s:
                raise _not_seen()
            time.sleep(_LOOK_EVERY_S)

    def wait_for_flash(self, flash: Flash) -> float | None:
        """Milliseconds from the next press to the first picture that shows it; None if none does in time.

        Raises:
            TimeoutError: nobody presses.
        """
        deadline_s = time.monotonic() + PRESSED_WITHIN_S
        seen_ns: int | None = None
        while time.monotonic() < deadline_s:
            bright, taken_ns = self.look()
            if bright and seen_ns is None:
                seen_ns = taken_ns
            pressed_ns = flash.pressed_ns
            if pressed_ns is not None:
                if seen_ns is not None:
                    return max(0, seen_ns - pressed_ns) / 1e6
                if now_ns() - pressed_ns > SEEN_WITHIN_S * 1e9:
                    return None
            time.sleep(_LOOK_EVERY_S)
        raise TimeoutError


def measure(
    source: FrameSource,
    flash: Flash,
    *,
    presses: int,
    press: Callable[[], None] | None = None,
    release: Callable[[], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Measurement:
    """Measure a number of presses.

    Args:
        source: shows the flash, and little else; not open yet.
        flash: answers presses.
        presses: how many to measure.
        press, release: do so to a virtual pad; None: a player does.
        progress: told how many were seen.

    Raises:
        CaptureError: the source cannot be captured or does not show the flash, or nobody presses.
    """
    delays_ms: list[float] = []
    missed = 0
    source.open()
    with closing(source):
        eye = _Eye(source)
        flash.darken()
        eye.wait_for_dark()
        while len(delays_ms) + missed < presses:
            time.sleep(random.uniform(*_PAUSE_S))
            flash.arm()
            if press is not None:
                press()
            try:
                delay_ms = eye.wait_for_flash(flash)
            except TimeoutError:
                raise _not_pressed(len(delays_ms) + missed, presses) from None
            if release is not None:
                release()
            if delay_ms is None:
                missed += 1
                if missed >= MISSED_AT_FIRST and not delays_ms:
                    raise _not_seen()
            else:
                delays_ms.append(delay_ms)
            if progress is not None:
                progress(len(delays_ms) + missed)
            flash.darken()
            eye.wait_for_dark()
    if len(delays_ms) < min(LEAST_PRESSES, presses):
        raise _not_seen()
    return Measurement(delays_ms=tuple(delays_ms), missed=missed, resolution_ms=_resolution_ms(eye.looks_ns))


def is_bright(image: NDArray[np.uint8]) -> bool:
    """Whether the middle of a picture is rather white than black: of a whole monitor, the flash is only there."""
    height, width = image.shape[:2]
    rows = np.linspace(height * 0.45, height * 0.55, _SAMPLES).astype(np.intp)
    columns = np.linspace(width * 0.45, width * 0.55, _SAMPLES).astype(np.intp)
    return bool(np.median(image[np.ix_(rows, columns)][..., :3]) > _BRIGHT)


def _not_pressed(done: int, presses: int) -> CaptureError:
    return CaptureError(
        "Calibration",
        f"no button was pressed for {PRESSED_WITHIN_S:g} s; {done} of {presses} presses were measured",
        remedy="Start again, or let a virtual pad press: playloom node calibrate --virtual",
    )


def _resolution_ms(looks_ns: list[int]) -> float:
    steps = [later - earlier for earlier, later in pairwise(looks_ns)]
    return median(steps) / 1e6 if steps else 0.0


def _not_seen() -> CaptureError:
    return CaptureError(
        "Calibration",
        "the captured picture does not show the window's flashes",
        remedy="Keep the calibration window in sight, or name the monitor that it is on with --monitor",
    )
