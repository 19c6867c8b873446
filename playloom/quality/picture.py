"""Whether the video shows anything: black stretches, and pictures that stand still while the player plays on.

Keyframes alone are decoded, and not all of those in a long recording: each costs a few milliseconds, a check of
every frame would cost as much as a conversion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.recording.video_frames import VideoFrames

if TYPE_CHECKING:
    import av

MAX_PICTURES = 400
"""So many decoded pictures take about two seconds at 1280x720."""

SAMPLE_WIDTH, SAMPLE_HEIGHT = 160, 90
STILL_DIFFERENCE = 10
"""Two grey samples that differ nowhere by more (of 255) show the same picture; less is the encoder's noise."""


@dataclass(frozen=True, kw_only=True)
class PictureSamples:
    """Pictures looked at.

    Attributes:
        frames: int64[p], their numbers in the video.
        brightness: float32[p], 0 to 255: all but 1 % of the picture is no brighter.
        still: bool[p], the picture is the one before; False for the first.
    """

    frames: NDArray[np.int64]
    brightness: NDArray[np.float32]
    still: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of the recording between two of its frames."""

    first_frame: int
    last_frame: int
    start_ns: int
    end_ns: int

    @property
    def duration_s(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9


def choose_frames(keyframes: NDArray[np.int64], frame_count: int, interval_frames: float) -> NDArray[np.int64]:
    """int64[p]: which frames to look at: keyframes, or, where those lie too far apart, frames of even distance.

    Args:
        keyframes: int64[k], the keyframes' numbers.
        frame_count: how many frames the video has.
        interval_frames: the distance that the checks need.
    """
    if not frame_count:
        return np.zeros(0, np.int64)
    step = max(1, int(interval_frames), -(-frame_count // MAX_PICTURES))
    spread = np.unique(np.append(np.arange(0, frame_count, step), frame_count - 1)).astype(np.int64)
    between = np.diff(np.concatenate([[0], keyframes, [frame_count]]))
    if between.max(initial=0) > 4 * max(step, 1) or not len(keyframes):
        return spread
    nearest = keyframes[np.minimum(np.searchsorted(keyframes, spread), len(keyframes) - 1)]
    return np.unique(nearest)


def sample_pictures(video: VideoFrames, numbers: NDArray[np.int64]) -> PictureSamples:
    """Decode the frames with these numbers and compare each with the one before."""
    frames: list[int] = []
    brightness: list[float] = []
    still: list[bool] = []
    previous: NDArray[np.int16] | None = None
    for number, frame in video.pick(numbers):
        grey = _grey(frame)
        frames.append(number)
        brightness.append(float(np.percentile(grey, 99)))
        alike = previous is not None and previous.shape == grey.shape  # the size may change in the middle
        still.append(alike and int(np.abs(grey - previous).max()) <= STILL_DIFFERENCE)
        previous = grey
    return PictureSamples(
        frames=np.array(frames, np.int64),
        brightness=np.array(brightness, np.float32),
        still=np.array(still, np.bool_),
    )


def _grey(frame: av.VideoFrame) -> NDArray[np.int16]:
    width, height = min(SAMPLE_WIDTH, frame.width), min(SAMPLE_HEIGHT, frame.height)
    small = frame.reformat(width=width, height=height, format="gray", interpolation="AREA")
    return small.to_ndarray().astype(np.int16)


def black_spans(
    samples: PictureSamples, frame_times_ns: NDArray[np.int64], *, black_luma: float, min_duration_s: float
) -> list[Span]:
    """The stretches whose pictures are all black, from the first black picture to the first that is not."""
    return _spans(samples, samples.brightness <= black_luma, frame_times_ns, min_duration_s)


def frozen_spans(
    samples: PictureSamples,
    frame_times_ns: NDArray[np.int64],
    change_times_ns: NDArray[np.int64],
    *,
    min_duration_s: float,
    min_inputs: float,
) -> list[Span]:
    """The stretches in which the picture stood still although the inputs changed ``min_inputs`` times or more."""
    same_as_next = np.append(samples.still[1:], False) if len(samples) else samples.still
    spans = _spans(samples, same_as_next, frame_times_ns, min_duration_s)
    return [
        span
        for span in spans
        if np.diff(np.searchsorted(change_times_ns, [span.start_ns, span.end_ns]))[0] >= min_inputs
    ]


def _spans(
    samples: PictureSamples,
    inside: NDArray[np.bool_],
    frame_times_ns: NDArray[np.int64],
    min_duration_s: float,
) -> list[Span]:
    if not len(samples) or not len(frame_times_ns):
        return []
    edges = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    ends = np.minimum(np.flatnonzero(edges < 0), len(samples) - 1)
    spans: list[Span] = []
    for start, end in zip(np.flatnonzero(edges > 0), ends, strict=True):
        last_time = len(frame_times_ns) - 1
        first, last = (min(int(samples.frames[at]), last_time) for at in (start, end))
        span = Span(
            first_frame=first, last_frame=last, start_ns=int(frame_times_ns[first]), end_ns=int(frame_times_ns[last])
        )
        if span.duration_s >= min_duration_s:
            spans.append(span)
    return spans
