"""How far input and picture are apart on a machine: the values, calibration.json, and what sessions take from it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from playloom.errors import DefinitionError, RecordingError
from playloom.output_files import output_file
from playloom.recording.append_file import cannot_write
from playloom.recording.json_sections import JsonSection

LEAST_PRESSES = 5
"""Fewer say nothing about a 95th percentile, and little about a median."""

MAX_DELAY_MS = 10_000.0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A measurement of presses and the pictures that show them.

    Attributes:
        delays_ms: from each press to the first picture of the source that shows it, in the order of the presses.
        missed: presses that no picture showed.
        source: what was captured: "window", "monitor".
        pad: the gamepad's name.
        resolution_ms: from one look at the source to the next, median: what a delay may be too long by.
        measured_unix_s: the calendar's time of the measurement.
    """

    delays_ms: tuple[float, ...]
    missed: int
    source: str
    pad: str
    resolution_ms: float
    measured_unix_s: int = field(default_factory=lambda: int(time.time()))

    @property
    def p50_ms(self) -> float:
        return median(self.delays_ms)

    @property
    def p95_ms(self) -> float:
        return percentile(self.delays_ms, 95)

    @property
    def session_figures(self) -> dict[str, float]:
        """What later sessions say of it, in session.json's ``sync``."""
        return {
            "input_to_picture_ms_p50": round(self.p50_ms, 3),
            "input_to_picture_ms_p95": round(self.p95_ms, 3),
            "input_to_picture_presses": len(self.delays_ms),
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that ``percent`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def write_calibration(file: Path, calibration: Calibration) -> None:
    """Write calibration.json, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    values = {
        "measured_unix_s": calibration.measured_unix_s,
        "source": calibration.source,
        "pad": calibration.pad,
        "missed": calibration.missed,
        "figures": {**calibration.session_figures, "resolution_ms": round(calibration.resolution_ms, 3)},
        "delays_ms": [round(delay, 3) for delay in calibration.delays_ms],
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(file, error) from error
    with output_file(file, force=True) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_calibration(file: Path) -> Calibration | None:
    """What was measured on this machine; None if nothing was.

    Raises:
        DefinitionError: the file is damaged.
    """
    if not file.exists():
        return None
    try:
        root = JsonSection.read(file)
        return Calibration(
            delays_ms=_delays(root),
            missed=root.integer("missed"),
            source=root.text("source"),
            pad=root.text("pad"),
            resolution_ms=root.numbers("figures").get("resolution_ms", 0.0),
            measured_unix_s=root.integer("measured_unix_s"),
        )
    except RecordingError as error:
        remedy = "Measure again: playloom node calibrate"
        raise DefinitionError(file, error.problem, place=error.place, remedy=remedy) from error


def _delays(root: JsonSection) -> tuple[float, ...]:
    delays = root.values.get("delays_ms")
    if not isinstance(delays, list) or len(delays) < LEAST_PRESSES:
        raise root.wrong("delays_ms", f"must be a list of {LEAST_PRESSES} or more delays")
    for delay in delays:
        if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= MAX_DELAY_MS:
            raise root.wrong("delays_ms", f"{delay!r:.20} is not a delay from 0 to {MAX_DELAY_MS:g} ms")
    return tuple(map(float, delays))
