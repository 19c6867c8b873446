"""When the frames of a video were seen, where messages tell it of some of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_UNMATCHED = 0.5
"""The part of the screen's messages that may name no frame of the video: beyond it, it is another video."""

MAX_UNTOLD_NS = 1_000_000_000
"""A part of the video at its beginning or end of which no message tells, beyond which it is marked as a pause."""

_ROUNDING_NS = 1_500_000
"""Matroska keeps times to the millisecond."""


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    """When a video's frames were seen.

    Attributes:
        times_ns: int64[frames], increasing.
        unmatched: messages that name no frame.
        untold: spans at the beginning and end of which no message tells.
    """

    times_ns: NDArray[np.int64]
    unmatched: int
    untold: tuple[tuple[int, int], ...]


def frame_times(
    shown_ns: NDArray[np.int64], pts_ns: NDArray[np.int64], seen_ns: NDArray[np.int64]
) -> FrameTimes | None:
    """When each frame was seen, out of what messages say; None where they do not fit the video.

    Args:
        shown_ns: int64[frames], each frame's time in the video, sorted.
        pts_ns: int64[messages], the moments of the video that messages name: from its zero, or from its first frame.
        seen_ns: int64[messages], when these were seen.
    """
    interval_ns = int(np.median(np.diff(shown_ns))) if len(shown_ns) > 1 else 0
    tolerance_ns = max(_ROUNDING_NS, interval_ns // 2)
    best: tuple[int, NDArray[np.int64], NDArray[np.bool_]] | None = None
    for zero_ns in (0, int(shown_ns[0])):
        wanted = pts_ns + zero_ns
        right = np.clip(np.searchsorted(shown_ns, wanted), 1, max(1, len(shown_ns) - 1))
        right = np.minimum(right, len(shown_ns) - 1)
        left = np.maximum(right - 1, 0)
        nearest = np.where(np.abs(shown_ns[left] - wanted) <= np.abs(shown_ns[right] - wanted), left, right)
        fits = np.abs(shown_ns[nearest] - wanted) <= tolerance_ns
        if best is None or np.count_nonzero(fits) > best[0]:
            best = int(np.count_nonzero(fits)), nearest, fits
    assert best is not None
    matched, nearest, fits = best
    if not matched or matched < (1 - MAX_UNMATCHED) * len(pts_ns):
        return None
    told, first = np.unique(nearest[fits], return_index=True)
    known_ns = np.maximum.accumulate(seen_ns[fits][first])
    # Between two told frames time runs evenly, beyond the ends at the video's own pace.
    base_ns = int(known_ns[0] - shown_ns[told[0]])
    offset_ns = np.interp(np.arange(len(shown_ns)), told, (known_ns - shown_ns[told] - base_ns).astype(np.float64))
    times_ns = shown_ns + base_ns + np.rint(offset_ns).astype(np.int64)
    steps = np.arange(len(times_ns))
    times_ns = np.maximum.accumulate(times_ns - steps) + steps  # later than the frame before, by a nanosecond at least
    untold = []
    if known_ns[0] - times_ns[0] > MAX_UNTOLD_NS:
        untold.append((int(times_ns[0]), int(times_ns[told[0]])))
    if times_ns[-1] - times_ns[told[-1]] > MAX_UNTOLD_NS:
        untold.append((int(times_ns[told[-1]]) + 1, int(times_ns[-1]) + 1))
    return FrameTimes(times_ns=times_ns, unmatched=len(pts_ns) - matched, untold=tuple(untold))


def frame_rate(shown_ns: NDArray[np.int64]) -> int:
    """The frames a second at which most frames follow each other, whatever gaps there are between some.

    Args:
        shown_ns: int64[frames], each frame's time in the video, sorted; rounded to milliseconds, maybe.
    """
    steps_ns = np.diff(shown_ns)
    if not len(steps_ns) or not steps_ns.any():
        return 1
    ordinary = steps_ns[steps_ns <= 1.5 * max(float(np.median(steps_ns)), 1.0)]
    return min(1000, max(1, round(1e9 / max(float(ordinary.mean()), 1.0))))
