"""The ground of Courier and what stands on it, made from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GROUND = 512
"""Side of the ground in pixels; it goes on at its other side."""

FENCES = 14
FENCE_LENGTH, FENCE_WIDTH = 44.0, 5.0
STOPS = 6
"""Places where parcels are fetched and brought."""

_PALETTES = (
    ((58, 84, 52), (96, 122, 66), (132, 118, 78)),
    ((66, 72, 92), (94, 104, 126), (120, 128, 140)),
    ((112, 84, 58), (150, 122, 82), (176, 152, 108)),
    ((48, 78, 84), (70, 112, 110), (108, 140, 122)),
)


@dataclass(frozen=True, kw_only=True)
class Area:
    """One piece of ground.

    Attributes:
        ground: uint8[GROUND, GROUND, 3], which joins itself at the edges.
        fences: float64[FENCES, 3]: centre x and y, and 0 for one that lies along x, 1 for one along y.
        stops: float64[STOPS, 2]: where parcels are.
    """

    ground: NDArray[np.uint8]
    fences: NDArray[np.float64]
    stops: NDArray[np.float64]


def make_area(seed: int, number: int) -> Area:
    """The ``number``-th area of a game."""
    random = np.random.default_rng([seed, number])
    low, middle, high = (np.array(colour, np.float64) for colour in _PALETTES[random.integers(len(_PALETTES))])
    height = sum(_noise(random, cells) * weight for cells, weight in ((8, 0.5), (32, 0.3), (128, 0.2)))
    share = np.clip(np.asarray(height), 0, 1)[..., None]
    colours = np.where(share < 0.5, low + (middle - low) * share * 2, middle + (high - middle) * (share * 2 - 1))
    _scatter_stones(random, colours)
    fences = np.column_stack([random.uniform(0, GROUND, (FENCES, 2)), random.integers(0, 2, FENCES).astype(np.float64)])
    for x, y, along_y in fences:
        _paint_fence(colours, x, y, along_y=bool(along_y))
    stops = random.uniform(0, GROUND, (STOPS, 2))
    return Area(ground=np.clip(colours, 0, 255).astype(np.uint8), fences=fences, stops=stops)


def offset(of: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shortest way from one place to another on ground that goes on at its other side."""
    return (to - of + GROUND / 2) % GROUND - GROUND / 2


def _noise(random: np.random.Generator, cells: int) -> NDArray[np.float64]:
    """Smooth noise in [0, 1] that joins itself at the edges."""
    values = random.random((cells, cells))
    places = np.arange(GROUND) * cells / GROUND
    first = places.astype(int)
    part = places - first
    part = part * part * (3 - 2 * part)
    second = (first + 1) % cells
    rows = values[first] * (1 - part)[:, None] + values[second] * part[:, None]
    return rows[:, first] * (1 - part) + rows[:, second] * part


def _scatter_stones(random: np.random.Generator, colours: NDArray[np.float64]) -> None:
    """Marks by which the eye sees the ground move."""
    for x, y in random.integers(0, GROUND, (900, 2)):
        size = int(random.integers(1, 4))
        shade = random.uniform(-60, 60)
        rows = np.arange(y, y + size) % GROUND
        columns = np.arange(x, x + size) % GROUND
        colours[np.ix_(rows, columns)] += shade


def _paint_fence(colours: NDArray[np.float64], x: float, y: float, *, along_y: bool) -> None:
    length, width = (FENCE_WIDTH, FENCE_LENGTH) if along_y else (FENCE_LENGTH, FENCE_WIDTH)
    columns = np.arange(int(x - length / 2), int(x + length / 2)) % GROUND
    rows = np.arange(int(y - width / 2), int(y + width / 2)) % GROUND
    colours[np.ix_(rows, columns)] = (214, 190, 140)
    posts = np.ix_(rows[::8], columns) if along_y else np.ix_(rows, columns[::8])
    colours[posts] = (120, 84, 48)
