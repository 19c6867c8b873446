"""How much later than its input a picture shows it, and so which input a frame takes.

A press travels: device, game, screen, capture. `playloom node calibrate` measures that time on the machine that records
and leaves it in session.json. A frame that is given the inputs of so much earlier is given those that it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from playloom.errors import PlayloomError
from playloom.recording.session import Session

type ActionDelay = float | Literal["auto"]
"""Milliseconds, or what each session's machine has measured."""

AUTO = "auto"
MEASURED_MS = "input_to_picture_ms_p50"
"""The figure of session.json's `sync` that `auto` takes: half of the presses were seen sooner."""

MAX_DELAY_MS = 1000.0
"""Beyond a second no player would still be playing: it is a slip, or a broken measurement."""


@dataclass(frozen=True, kw_only=True)
class SessionDelay:
    """The delay of one session.

    Attributes:
        ms: frames take the inputs of so many milliseconds before them.
        note: what is odd about it, a sentence, or None.
    """

    ms: float
    note: str | None = None

    @property
    def ns(self) -> int:
        return round(self.ms * 1e6)


def parse_action_delay(text: str) -> ActionDelay:
    """The delay that ``text`` asks for: milliseconds, or ``auto``.

    Raises:
        PlayloomError: it is neither.
    """
    if text.strip() == AUTO:
        return AUTO
    try:
        return float(text)
    except ValueError:
        raise PlayloomError(
            f"--action-delay-ms {text} is not known", remedy="Give milliseconds, such as 50, or auto"
        ) from None


def check_action_delay(delay: ActionDelay) -> None:
    """Raises PlayloomError for a number that cannot be a delay."""
    if delay != AUTO and not -MAX_DELAY_MS <= float(delay) <= MAX_DELAY_MS:  # also false for NaN
        raise PlayloomError(
            f"--action-delay-ms {delay:g} is out of range", remedy=f"Give {-MAX_DELAY_MS:g} to {MAX_DELAY_MS:g}"
        )


def delay_of(session: Session, wanted: ActionDelay) -> SessionDelay:
    """What ``wanted`` is for ``session``; with ``auto``, none where none was measured, and a note that says so."""
    if wanted != AUTO:
        return SessionDelay(ms=float(wanted))
    sync = None if session.info is None else session.info.sync
    measured = None if sync is None else sync.get(MEASURED_MS)
    if measured is None:
        return SessionDelay(ms=0.0, note="no delay was measured where it was recorded; its actions are not delayed")
    if not math.isfinite(measured) or not 0 <= measured <= MAX_DELAY_MS:
        note = f"session.json's {MEASURED_MS} is {measured:g}, which cannot be; its actions are not delayed"
        return SessionDelay(ms=0.0, note=note)
    return SessionDelay(ms=float(measured))
