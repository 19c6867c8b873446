"""A rectangle of the picture as a player writes it on the command line."""

from __future__ import annotations

import math

from capture_node.recorder.settings import Mask
from playloom.errors import PlayloomError

_REMEDY = (
    "Write its left, top, width and height as parts of the picture, such as 0,0.9,0.3,0.1 or 0%,90%,30%,10% for the "
    "lower left corner"
)


def parse_mask(text: str) -> Mask:
    """``0,0.9,0.3,0.1`` or ``0%,90%,30%,10%``. What reaches over an edge ends there.

    Raises:
        PlayloomError: it is no rectangle of the picture.
    """
    try:
        x, y, width, height = (_part(number) for number in text.split(","))
    except ValueError as error:
        raise PlayloomError(f"'{text}' is no rectangle of the picture", remedy=_REMEDY) from error
    if not width or not height or x == 1 or y == 1:
        raise PlayloomError(f"'{text}' hides nothing", remedy=_REMEDY)
    return Mask(x=x, y=y, width=min(width, 1 - x), height=min(height, 1 - y))


def _part(text: str) -> float:
    text = text.strip()
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not math.isfinite(number) or not 0 <= number <= 1:
        raise ValueError(text)
    return number
