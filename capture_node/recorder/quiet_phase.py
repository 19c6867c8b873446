"""Where in the period of the grid the window is not being drawn: the grid is moved there, slowly and not far.

A window that draws by the same clock as the grid keeps its place in the period. Where both meet, the X server is at the
window when it is asked for the picture: the answer comes now early and now late, and some pictures are passed over and
others seen twice. A quarter of a period away from it neither happens. Waiting at each tick for what is about to be
drawn would make every frame's time the window's, and those of a still window nobody's.
"""

from __future__ import annotations

import cmath
import math

_MEMORY_TICKS = 32  # what was drawn longer ago counts for little
_LEARNED = 0.3  # of the weight that a window has which is drawn at every tick
# A spread of the drawing of about 1.5 ms at 60 a second. Rates that are no fraction of the grid's stay below it.
_CERTAIN = 0.85

# Parts of a period.
_GUARD = 1 / 4  # the drawing is nearer to the tick than this: move
_CALM = 5 / 16  # and stop once it is as far away as this
_SLEW = 1 / 320  # a tick: 52 µs at 60 a second
_BOUND = 1 / 2
_TRIAL = 1 / 8  # after so much movement the drawing must have been left behind

_GUARD_LIMIT_NS = 4_000_000  # more is not needed in long periods
_REST_NS = 60_000_000_000


class QuietPhase:
    """Decides how far the grid is moved from where it began. Use it from one thread.

    A window that does not keep its place (other rates, uneven ones) and one that follows the tick (drawn more often
    than that, or because it was looked at) are left alone. One that drifts slowly is evaded up to the bound and then
    passed quickly.

    Args:
        tick_ns: the grid's period.

    Attributes:
        slew_ns: the most that the grid is moved from one tick to the next.
        bound_ns: the most that it is ever away from where it began, to either side.
        shift_ns: how far it is moved now; positive is later.
    """

    def __init__(self, tick_ns: int) -> None:
        self.slew_ns = max(1, round(tick_ns * _SLEW))
        self.bound_ns = round(tick_ns * _BOUND)
        self.shift_ns = 0
        self._tick_ns = tick_ns
        self._guard_ns = min(round(tick_ns * _GUARD), _GUARD_LIMIT_NS)
        self._calm_ns = self._guard_ns + round(tick_ns * (_CALM - _GUARD))
        self._mean = 0j  # of the places of what was drawn, each as a point of the unit circle
        self._weight = 0.0
        self._direction = 0
        self._begin = (0, 0)  # where grid and drawing were when the movement began
        self._rest_ticks = 0

    def move(self, drawn_after_ns: int | None) -> int:
        """Go on to the next tick.

        Args:
            drawn_after_ns: how long after this tick was due the window was drawn, negative for before; None if it was
                not drawn since the last tick, or nobody knows.

        Returns:
            How far the next tick is to be moved: `shift_ns`.
        """
        self._learn(drawn_after_ns)
        place_ns = self._place_ns()
        if self._rest_ticks:
            self._rest_ticks -= 1
        elif place_ns is None:
            self._direction = 0
        else:
            self._turn(place_ns)
            self._go(place_ns)
        return self.shift_ns

    def _learn(self, drawn_after_ns: int | None) -> None:
        keep = 1 - 1 / _MEMORY_TICKS
        self._mean *= keep
        self._weight *= keep
        if drawn_after_ns is not None:
            angle = 2 * math.pi * (drawn_after_ns + self.shift_ns) / self._tick_ns
            self._mean += (1 - keep) * cmath.exp(1j * angle)
            self._weight += 1 - keep

    def _place_ns(self) -> int | None:
        """Where in the period of the grid as it began the window is drawn; None if that is not certain."""
        if self._weight < _LEARNED or abs(self._mean) < _CERTAIN * self._weight:
            return None
        return round(cmath.phase(self._mean) / (2 * math.pi) * self._tick_ns)

    def _turn(self, place_ns: int) -> None:
        """Decide whether to move, and where to."""
        after_ns = (place_ns - self.shift_ns) % self._tick_ns
        distance_ns = min(after_ns, self._tick_ns - after_ns)
        if self._direction:
            if distance_ns >= self._calm_ns:
                self._direction = 0
        elif distance_ns < self._guard_ns:
            self._set_out(-1 if after_ns == distance_ns else 1, place_ns)
        if abs(self.shift_ns + self._direction * self.slew_ns) > self.bound_ns:
            self._set_out(-self._direction, place_ns)

    def _set_out(self, direction: int, place_ns: int) -> None:
        self._direction = direction
        self._begin = (self.shift_ns, place_ns)

    def _go(self, place_ns: int) -> None:
        if not self._direction:
            return
        self.shift_ns += self._direction * self.slew_ns
        shift_ns, first_ns = self._begin
        moved_ns = abs(self.shift_ns - shift_ns)
        half_ns = self._tick_ns // 2
        followed_ns = self._direction * ((place_ns - first_ns + half_ns) % self._tick_ns - half_ns)
        if moved_ns >= self._tick_ns * _TRIAL and followed_ns > moved_ns / 2:
            self._direction = 0
            self._rest_ticks = _REST_NS // self._tick_ns
