"""Cuts and frozen pictures whose places are known: pieces of the judged videos, put behind one another at random.

Play itself has no cuts, and how long its pictures stand still nobody has written down. So both filters are judged on a
video that is made here, encoded as recordings are, and read as `playloom label` reads one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from playloom.labels.reasons import Reason
from playloom.recording.mp4_index import index_video
from playloom.recording.video_frames import VideoFrames
from training.labelling.filters import duplicates
from training.labelling.frames import row_chunks
from training.labelling.rows import plan_rows
from training.labelling.settings import FilterOptions
from training.labelling.signals import SignalReader, Signals
from training.metrics.filters import FilterFigures, filter_figures

PIECES = 60
PIECE_FRAMES = (40, 120)
FREEZE_FRAMES = (20, 45)
FREEZE_SHARE = 0.25
"""Of the pieces, behind which the last picture stands still for a while."""

STILL = 0.01
"""Mean change of brightness, of 255, below which two pictures of a recording are the same picture."""

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class _Spliced:
    """Attributes: pictures: uint8[n, height, width, 3]; cut: bool[n], a piece begins; piece: int64[n], its number."""

    pictures: NDArray[np.uint8]
    cut: NDArray[np.bool_]
    piece: NDArray[np.int64]


def spliced_figures(videos: Sequence[Path], fps: int, *, seed: int = 0) -> tuple[FilterFigures, ...]:
    """How well cuts and repeated pictures are found in a video that is spliced of ``videos``.

    Args:
        videos: of recorded play, of one size; at least two, else a cut may join what belongs together.
        fps: of the spliced one.
        seed: of the choice of pieces.

    Raises:
        RecordingError: a video cannot be read.
    """
    rng = np.random.default_rng(seed)
    with ExitStack() as stack:
        spliced = _splice([stack.enter_context(VideoFrames(path)) for path in videos], rng)
    options = FilterOptions()
    with tempfile.TemporaryDirectory(prefix="playloom-spliced-") as folder:
        path = Path(folder) / "spliced.mp4"
        _encode(path, spliced.pictures, fps)
        signals = _signals(path, spliced.pictures.shape[2], spliced.pictures.shape[1], options, fps)
    moved = np.abs(np.diff(spliced.pictures.astype(np.int16), axis=0)).mean(axis=(1, 2, 3)) >= STILL
    still = Signals.empty(len(spliced.pictures))
    still.change[:] = np.where(np.concatenate([[True], moved]), 255.0, 0.0)
    return (
        filter_figures(Reason.CUT.words, signals.cut, spliced.cut, spliced.piece),
        filter_figures(
            Reason.DUPLICATE.words,
            duplicates(signals, options, fps),
            duplicates(still, options, fps),
            spliced.piece,
        ),
    )


def _splice(videos: Sequence[VideoFrames], rng: np.random.Generator) -> _Spliced:
    parts: list[NDArray[np.uint8]] = []
    last = -1
    for _ in range(PIECES):
        others = [number for number in range(len(videos)) if number != last or len(videos) == 1]
        last = int(rng.choice(others))
        video = videos[last]
        length = min(len(video), int(rng.integers(*PIECE_FRAMES)))
        first = int(rng.integers(0, len(video) - length + 1))
        shown = [frame.to_ndarray(format="rgb24") for _, frame in video.frames(first, first + length)]
        piece = np.stack(shown).astype(np.uint8, copy=False)
        if rng.random() < FREEZE_SHARE:
            piece = np.concatenate([piece, np.repeat(piece[-1:], int(rng.integers(*FREEZE_FRAMES)), axis=0)])
        parts.append(piece)
    number = np.repeat(np.arange(PIECES), [len(part) for part in parts])
    return _Spliced(
        pictures=np.concatenate(parts),
        cut=np.concatenate([[False], np.diff(number) != 0]),
        piece=number,
    )


def _encode(path: Path, pictures: NDArray[np.uint8], fps: int) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "18", "bf": "0"})
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _signals(path: Path, width: int, height: int, options: FilterOptions, fps: int) -> Signals:
    index = index_video(path)
    plan = plan_rows(np.arange(len(index.pts), dtype=np.int64) * _SECOND_NS // fps, fps, _SECOND_NS)
    signals = Signals.empty(len(plan))
    reader = SignalReader(signals, options.cuts, fps, None)
    for chunk in row_chunks(index, plan, (width, height), (), 0):
        reader.read(chunk)
    return signals
