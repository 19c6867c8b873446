"""Rectangles of the picture that a model must not see, because the answer is drawn there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import DefinitionError, PlayloomError
from playloom.yaml_files import load_yaml

type Box = tuple[float, float, float, float]
"""(left, top, right, bottom) in parts of the picture's sides, from 0 to 1."""

MARGIN = 0.1
"""How much more than NitroGen's drawn controller is masked on each side, as a part of its size."""

ASPECT_TOLERANCE = 0.02


def black_out(pictures: NDArray[np.uint8], boxes: Iterable[Box]) -> None:
    """Make rectangles of pictures black, uint8[..., height, width, 3]; a pixel that one touches is black.

    Pictures have been scaled by then, and a scaled pixel holds a little of its neighbours: one more all round goes.
    """
    height, width = pictures.shape[-3:-1]
    for left, top, right, bottom in boxes:
        rows = slice(max(0, floor(top * height) - 1), ceil(bottom * height) + 1)
        columns = slice(max(0, floor(left * width) - 1), ceil(right * width) + 1)
        pictures[..., rows, columns, :] = 0


def check_boxes(boxes: Sequence[Any], where: str) -> tuple[Box, ...]:
    """Rectangles as a person wrote them.

    Raises:
        PlayloomError: one is no rectangle within the picture; ``where`` says whose.
    """
    checked: list[Box] = []
    for box in boxes:
        try:
            left, top, right, bottom = (float(value) for value in box)
            fits = 0 <= left < right <= 1 and 0 <= top < bottom <= 1
        except (TypeError, ValueError):
            left = top = right = bottom = 0.0
            fits = False
        if not fits:
            raise PlayloomError(
                f"{where}: {box} is no rectangle of the picture",
                remedy="Give [left, top, right, bottom] in parts of its sides, from 0 to 1",
            )
        checked.append((left, top, right, bottom))
    return tuple(checked)


def read_masks(path: Path) -> MaskFile:
    """Read a file of masks: YAML with a list of rectangles by the name of a video, or NitroGen's metadata.json.

    Raises:
        PlayloomError: it is neither.
    """
    if path.suffix.lower() == ".json":
        try:
            return MaskFile(path, nitrogen=json.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise DefinitionError(path, f"cannot be read: {error}") from error
    boxes = {
        name: check_boxes([box.plain() for box in each.items()], f"{path}, {name}")
        for name, each in load_yaml(path).mapping().items()
    }
    return MaskFile(path, boxes=boxes)


class MaskFile:
    """What a file of masks says, by video."""

    def __init__(self, path: Path, *, boxes: dict[str, tuple[Box, ...]] | None = None, nitrogen: Any = None) -> None:
        self.path = path
        self._boxes = boxes or {}
        self._nitrogen = nitrogen

    def of(self, video: Path, width: int, height: int) -> tuple[Box, ...]:
        """The masks of a video whose picture has this size.

        Raises:
            DefinitionError: NitroGen's metadata is of a video of another shape, or is not as it should be.
        """
        if self._nitrogen is not None:
            return (_drawn_controller(self._nitrogen, self.path, width, height),)
        return self._boxes.get(video.name) or self._boxes.get(video.stem) or self._boxes.get("*") or ()


def _drawn_controller(said: Any, path: Path, width: int, height: int) -> Box:
    """Where NitroGen saw the controller; its sizes have the height first, mostly, so the picture's shape decides."""
    try:
        x, y, wide, high = (float(value) for value in said["bbox_controller_overlay"])
        first, second = (float(value) for value in said["original_video"]["resolution"])
    except (KeyError, TypeError, ValueError) as error:
        raise DefinitionError(path, "is no metadata of NitroGen: it names no drawn controller") from error
    for told_width, told_height in ((second, first), (first, second)):
        if min(told_width, told_height) > 0 and abs(told_width / told_height * height / width - 1) <= ASPECT_TOLERANCE:
            more_x, more_y = wide * MARGIN, high * MARGIN
            return (
                max(0.0, (x - more_x) / told_width),
                max(0.0, (y - more_y) / told_height),
                min(1.0, (x + wide + more_x) / told_width),
                min(1.0, (y + high + more_y) / told_height),
            )
    raise DefinitionError(path, f"is of a video of {first:g}x{second:g}, and this one is {width}x{height}")
