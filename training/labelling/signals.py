"""What pictures tell without the model: how plain they are, how much they change, cuts, menus and loading screens.

Filters go by these, and everything is computed in the one pass in which the video is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.labelling.frames import Chunk
from training.labelling.screens import ScreenNet
from training.labelling.settings import CutOptions

WARM_UP_ROWS = 8
"""Rows before the first wanted one that have to be looked at for its signals to be what they would have been."""

BLOCK = 4
"""Pixels of a picture at the model's size. An encoder that draws a still picture anew changes blocks by 3 at most."""

_BRIGHTNESS_STEP = 8
_TEXTURE = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Signals:
    """Of n rows.

    Attributes:
        plain: float32[n]: the part of the picture that has about one brightness.
        change: float32[n]: how much the brightness has changed since the row before, of 255, where it changed most: in
            one block of `BLOCK` by `BLOCK` pixels. The mean of the picture would not see a ball that moves.
        cut: bool[n]: a new scene begins.
        damaged: bool[n]: the frame does not decode.
        menu, loading: float32[n], how probable; NaN where nobody has shown what they look like.
    """

    plain: NDArray[np.float32]
    change: NDArray[np.float32]
    cut: NDArray[np.bool_]
    damaged: NDArray[np.bool_]
    menu: NDArray[np.float32]
    loading: NDArray[np.float32]

    @classmethod
    def empty(cls, rows: int) -> Signals:
        return cls(
            plain=np.zeros(rows, np.float32),
            change=np.zeros(rows, np.float32),
            cut=np.zeros(rows, np.bool_),
            damaged=np.zeros(rows, np.bool_),
            menu=np.full(rows, np.nan, np.float32),
            loading=np.full(rows, np.nan, np.float32),
        )


SIGNAL_NAMES = ("plain", "change", "cut", "damaged", "menu", "loading")


class SignalReader:
    """Fills `Signals`, chunk by chunk in order.

    Args:
        signals: to fill.
        cuts: what counts as one.
        fps: of the rows.
        screens: tells menus and loading screens; None: nobody has shown any.
        known: rows before it are known already, and are read again only to warm up.
    """

    def __init__(self, signals: Signals, cuts: CutOptions, fps: int, screens: ScreenNet | None, known: int = 0) -> None:
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors.adaptive_detector import AdaptiveDetector

        self.signals = signals
        self._screens = screens
        self._fps = fps
        self._timecode = FrameTimecode
        self._detector = (
            AdaptiveDetector(adaptive_threshold=cuts.ratio, min_content_val=cuts.content, min_scene_len=1)
            if cuts.on
            else None
        )
        self._known = known
        self._before: NDArray[np.int16] | None = None

    def read(self, chunk: Chunk) -> None:
        """Take the next chunk."""
        first, rows = chunk.first, len(chunk.pictures)
        new = slice(min(rows, max(0, self._known - first)), rows)
        place = slice(first + new.start, first + rows)
        luma = _luma(chunk.pictures)
        before = luma[:1] if self._before is None else self._before[None]
        change = _largest_change(np.concatenate([before, luma]))
        if self._before is None:
            change[0] = 255.0
        self._before = luma[-1]
        self.signals.damaged[place] = chunk.damaged[new]
        self.signals.plain[place] = _plainness(luma)[new]
        self.signals.change[place] = change[new]
        if self._detector is not None:
            for number, picture in enumerate(chunk.pictures):
                at = self._timecode(first + number, float(self._fps))
                for cut in self._detector.process_frame(at, picture[..., ::-1]):
                    self.signals.cut[cut.frame_num] |= cut.frame_num >= self._known - WARM_UP_ROWS // 2
        if self._screens is not None:
            menu, loading = self._screens.probabilities(chunk.pictures)
            self.signals.menu[place], self.signals.loading[place] = menu[new], loading[new]


def _luma(pictures: NDArray[np.uint8]) -> NDArray[np.int16]:
    """int16[n, height, width]."""
    red, green, blue = (pictures[..., place].astype(np.uint16) for place in range(3))
    return ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.int16)


def _largest_change(luma: NDArray[np.int16]) -> NDArray[np.float32]:
    """float32[n - 1]: the mean change of the block that changed most."""
    rows, height, width = len(luma) - 1, luma.shape[1] // BLOCK, luma.shape[2] // BLOCK
    off = np.abs(np.diff(luma, axis=0))[:, : height * BLOCK, : width * BLOCK]
    blocks = off.reshape(rows, height, BLOCK, width, BLOCK).sum(axis=(2, 4), dtype=np.int32)
    return (blocks.reshape(rows, -1).max(axis=1) / BLOCK**2).astype(np.float32)


def _plainness(luma: NDArray[np.int16]) -> NDArray[np.float32]:
    """The largest part of each picture within two neighbouring steps of brightness, without what has texture."""
    rows, steps = len(luma), 256 // _BRIGHTNESS_STEP
    smooth = np.ones(luma.shape, np.bool_)
    smooth[:, :, :-1] &= np.abs(luma[:, :, 1:] - luma[:, :, :-1]) <= _TEXTURE
    smooth[:, :-1] &= np.abs(luma[:, 1:] - luma[:, :-1]) <= _TEXTURE
    bins = luma // _BRIGHTNESS_STEP + np.arange(rows, dtype=np.int64)[:, None, None] * steps
    counts = np.bincount(bins[smooth], minlength=rows * steps).reshape(rows, steps)
    return ((counts[:, 1:] + counts[:, :-1]).max(axis=1) / luma[0].size).astype(np.float32)
