"""From where on something about a recording is worth a warning.

Each threshold carries its help and its unit, and the command line makes one option of each: `max_idle_s` is
``--max-idle-s``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from playloom.errors import PlayloomError


def _threshold(default: float, unit: str, help_text: str) -> float:
    return field(default=default, metadata={"help": help_text, "unit": unit})


@dataclass(frozen=True, kw_only=True)
class QualityThresholds:
    """The limits of `validate_session`; beyond them a session gets a warning."""

    min_duration_s: float = _threshold(1.0, "s", "Warn about sessions shorter than this.")
    max_count_difference: float = _threshold(
        0.1, "share", "Fail where the video's frames and the rows of sync.csv differ by more than this share."
    )
    max_backward: float = _threshold(0.1, "share", "Fail where the clock steps back at more of the frames.")
    max_fps_deviation: float = _threshold(
        0.02, "share", "Warn where the real frame rate is off the nominal one by more."
    )
    max_jitter: float = _threshold(
        0.5, "frames", "Warn where 5 % of the frame intervals are off the nominal one by more."
    )
    gap_frames: float = _threshold(2.5, "frames", "Count an interval this many times the nominal one as a gap.")
    max_gap_s: float = _threshold(0.5, "s", "Warn about gaps longer than this.")
    max_missing: float = _threshold(0.01, "share", "Warn where more of the frames are missing in gaps.")
    max_dropped: float = _threshold(0.01, "share", "Warn where the recorder dropped more of the frames.")
    max_late: float = _threshold(0.05, "share", "Warn where more of the frames came late.")
    max_repeated: float = _threshold(0.9, "share", "Warn where more of the frames repeat the one before.")
    max_pts_error_frames: float = _threshold(
        0.5, "frames", "Warn where sync.csv and the video disagree about a frame's time by more."
    )
    max_start_dead_s: float = _threshold(10.0, "s", "Warn where nothing is pressed for longer at the start.")
    max_end_dead_s: float = _threshold(10.0, "s", "Warn where nothing is pressed for longer at the end.")
    max_idle_s: float = _threshold(30.0, "s", "Warn where nothing is pressed for longer in between.")
    min_input_rate: float = _threshold(0.2, "changes/s", "Warn where the inputs change more rarely.")
    axis_threshold: float = _threshold(0.2, "deflection", "Count a stick or trigger as used beyond this deflection.")
    max_short_taps: float = _threshold(0.02, "share", "Warn where more of the presses fall between two frames.")
    black_luma: float = _threshold(20.0, "0-255", "Count a picture as black where no more than 1 % of it is brighter.")
    max_black_s: float = _threshold(5.0, "s", "Warn where the picture is black for longer.")
    max_frozen_s: float = _threshold(10.0, "s", "Warn where the picture stands still for longer while inputs change.")
    min_frozen_inputs: float = _threshold(5, "changes", "Count a still picture as frozen from this many input changes.")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not math.isfinite(value) or value < 0:
                raise PlayloomError(
                    f"the threshold {each.name} is {value}",
                    remedy=f"Give a number that is not negative, in {each.metadata['unit']}",
                )
