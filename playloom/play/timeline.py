"""Which row of which chunk is now: chunks overlap, so that the game waits for none of them.

The chunk that was asked for by the picture of frame t covers frames t+1 to t+C. It comes some frames later; what it
says of frames that are past is dropped, and from the frame on at which it came its rows take the place of the older
chunk's. Where no chunk covers a frame there is no row, and whoever plays lets go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.play.policy_facts import CONTINUOUS, ActionHead, ActionRows


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """What the policy wants held at one frame.

    Attributes:
        values: float32[width].
        confidence: float32[heads].
    """

    values: NDArray[np.float32]
    confidence: NDArray[np.float32]


class ActionTimeline:
    """The chunk that is being played and the one before it. For one thread.

    Args:
        heads: of the policy; values of continuous kinds are blended.
        blend: so many frames the way from the older chunk's values to the newer's takes; 0: they change at once.
            Buttons are never blended.

    Attributes:
        late: chunks that came when all their frames were past.
    """

    def __init__(self, heads: Sequence[ActionHead], *, blend: int = 0) -> None:
        self._blended = [place for head in heads if head.kind in CONTINUOUS for place in head.places]
        self._blend = blend
        self._now: ActionRows | None = None
        self._before: ActionRows | None = None
        self._from = 0
        self.late = 0

    def add(self, rows: ActionRows, *, now: int) -> bool:
        """Play these rows from frame ``now`` on, if they are newer than what is played and not past.

        Returns:
            Whether they are played.
        """
        if rows.first + len(rows) <= now:
            self.late += 1
            return False
        if self._now is not None and rows.first <= self._now.first:
            return False
        self._before, self._now, self._from = self._now, rows, max(now, rows.first)
        return True

    def clear(self) -> None:
        """Forget all rows."""
        self._now = self._before = None

    def left(self, frame: int) -> int:
        """How many frames from ``frame`` on have a row."""
        return 0 if self._now is None else max(0, self._now.first + len(self._now) - max(frame, self._now.first))

    def row(self, frame: int) -> Row | None:
        """The row of a frame; None where there is none."""
        found = _at(self._now, frame)
        if found is None:
            return None
        older = _at(self._before, frame)
        share = (frame - self._from + 1) / (self._blend + 1)
        if older is None or share >= 1 or not self._blended:
            return found
        values = found.values.copy()
        places = self._blended
        values[places] = share * found.values[places] + (1 - share) * older.values[places]
        return Row(values=values, confidence=found.confidence)


def _at(rows: ActionRows | None, frame: int) -> Row | None:
    if rows is None or not 0 <= frame - rows.first < len(rows):
        return None
    place = frame - rows.first
    return Row(values=rows.values[place], confidence=rows.confidence[place])
