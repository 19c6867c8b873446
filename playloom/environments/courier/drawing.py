"""The pictures of Courier, drawn with NumPy alone: the same bytes on every machine."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.world import GROUND, Area, offset

if TYPE_CHECKING:
    from playloom.environments.courier.game import CourierState

type Picture = NDArray[np.uint8]
type Colour = tuple[int, int, int]

VIEW = 128.0
"""Pixels of the ground that the picture shows, from side to side."""

_ITEM_COLOURS: tuple[Colour, ...] = ((230, 70, 60), (70, 160, 240), (240, 200, 60), (130, 220, 110))
_COAT, _SHADOW, _PARCEL, _NEEDLE = (240, 236, 224), (24, 26, 24), (222, 160, 70), (255, 90, 60)
_SHIELD, _BEAM, _PULSE, _STREAK = (110, 200, 255), (255, 246, 150), (255, 255, 255), (250, 250, 210)
_PANEL, _PANEL_BACK, _MARK = (228, 228, 236), (26, 28, 44), (255, 196, 64)
_HANDS, _BELT = (196, 92, 214), (60, 60, 170)

_MENU_KEYS = {
    "menu_up": (104, 24, 8, 16),
    "menu_down": (104, 88, 8, 16),
    "menu_back": (14, 88, 8, 16),
    "menu": (14, 24, 8, 16),
    "jump": (50, 110, 28, 6),
}
"""Where the menu shows which button is held: x, y, width and height on a picture of `VIEW`."""

SHOWN = {
    "play": frozenset({"jump", "dash", "interact", "item"}),
    "menu": frozenset(_MENU_KEYS),
    "loading": frozenset[str](),
}
"""By what the picture shows: the buttons that are seen while they are held."""


def draw(state: CourierState, area: Area, size: int) -> Picture:
    """What the player sees: uint8[size, size, 3]."""
    if state.mode == "loading":
        return _loading(state, size)
    picture = _field(state, area, size)
    _hud(picture, state, area, size)
    return _menu(picture, state, size) if state.mode == "menu" else picture


def _field(state: CourierState, area: Area, size: int) -> Picture:
    scale = size / VIEW
    centre = state.place + state.camera
    picture = _ground(area.ground, centre, size)

    def seen(place: NDArray[np.float64]) -> tuple[float, float]:
        x, y = (offset(centre, place) + VIEW / 2) * scale
        return float(x), float(y)

    for number in (state.parcel, state.target):
        x, y = seen(area.stops[number])
        _ring(picture, x, y, 9 * scale, 2 * scale, _PARCEL if number == state.parcel else _NEEDLE)
        if number == state.parcel and not state.carrying:
            _disc(picture, x, y, 4 * scale, _PARCEL)
    x, y = seen(state.place)
    way = np.array([np.cos(state.facing), np.sin(state.facing)])
    top = y - state.height * 1.6 * scale
    _disc(picture, x, y + 3 * scale, 5 * scale, _SHADOW)
    if state.dashing:
        for step in (1, 2, 3):
            back = way * (6 + 4 * step) * scale
            _disc(picture, x - back[0], top - back[1], (4 - step) * scale, _STREAK)
    if state.beam > 0.02:
        tip = way * (8 + 46 * state.beam) * scale
        _line(picture, x, top, x + tip[0], top + tip[1], 2.4 * scale, _BEAM)
    _disc(picture, x, top, (6 + 0.12 * state.height) * scale, _COAT)
    if "jump" in state.held:  # ready to spring, in the air too
        _ring(picture, x, top, 5 * scale, 2.4 * scale, _BELT)
    nose = way * 4 * scale
    _disc(picture, x + nose[0], top + nose[1], 2.2 * scale, _ITEM_COLOURS[state.item])
    if "interact" in state.held:
        side = np.array([-way[1], way[0]]) * 8 * scale
        for arm in (-1, 1):
            _disc(picture, x + arm * side[0], top + arm * side[1], 2.8 * scale, _HANDS)
    if state.carrying:
        _disc(picture, x - nose[0], top - nose[1], 3.2 * scale, _PARCEL)
    if state.shield > 0.02:
        _ring(picture, x, top, (8 + 14 * state.shield) * scale, 1.8 * scale, _SHIELD)
    if state.pulse:
        _ring(picture, x, top, (24 - 3 * state.pulse) * scale, 1.5 * scale, _PULSE)
    return picture


def _ground(ground: Picture, centre: NDArray[np.float64], size: int) -> Picture:
    """The ground below the camera, moved by parts of pixels."""
    columns, rows = (_samples(float(value), size) for value in centre)
    first_rows, part_rows = rows
    first_columns, part_columns = columns
    next_rows, next_columns = (first_rows + 1) % GROUND, (first_columns + 1) % GROUND
    upper = ground[first_rows].astype(np.uint16)
    lower = ground[next_rows]
    mixed = upper * (256 - part_rows)[:, None, None] + lower * part_rows[:, None, None]
    mixed >>= 8
    left = mixed[:, first_columns] * (256 - part_columns)[None, :, None]
    left += mixed[:, next_columns] * part_columns[None, :, None]
    return (left >> 8).astype(np.uint8)


def _samples(centre: float, size: int) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
    """Of each pixel the ground's first one, and how much of the next, in 256ths."""
    places = centre - VIEW / 2 + (np.arange(size) + 0.5) * (VIEW / size) - 0.5
    first = np.floor(places)
    return (first.astype(np.intp) % GROUND), ((places - first) * 256).astype(np.uint16)


def _hud(picture: Picture, state: CourierState, area: Area, size: int) -> None:
    scale = size / VIEW
    _bar(picture, 3, 3, 10, 10, _ITEM_COLOURS[state.item], scale)
    if "item" in state.held:
        _bar(picture, 5, 5, 6, 6, _PANEL_BACK, scale)
    for number in range(min(state.delivered, 12)):
        _bar(picture, 18 + 6 * number, 5, 4, 5, _PARCEL, scale)
    away = offset(state.place, area.stops[state.goal])
    way = away / max(1e-9, float(np.hypot(*away)))
    x, y = (VIEW - 14) * scale, 14 * scale
    _ring(picture, x, y, 9 * scale, 1.2 * scale, _PANEL)
    _line(picture, x, y, x + way[0] * 8 * scale, y + way[1] * 8 * scale, 2.2 * scale, _NEEDLE)


def _menu(picture: Picture, state: CourierState, size: int) -> Picture:
    scale = size / VIEW
    picture = (picture // 3).astype(np.uint8)
    _bar(picture, 26, 20, 76, 88, _PANEL_BACK, scale)
    for entry in range(4):
        marked = entry == state.menu_entry
        if marked:
            _bar(picture, 30, 28 + 20 * entry, 68, 15, _MARK, scale)
        _bar(picture, 36, 32 + 20 * entry, 30 + 7 * entry, 6, _PANEL_BACK if marked else _PANEL, scale)
    _bar(picture, 84, 24, 12, 3, _ITEM_COLOURS[state.item], scale)
    for what, (x, y, width, height) in _MENU_KEYS.items():
        _bar(picture, x, y, width, height, _MARK if what in state.held else _PANEL_BACK, scale)
    return picture


def _loading(state: CourierState, size: int) -> Picture:
    scale = size / VIEW
    picture = np.full((size, size, 3), 12, np.uint8)
    share = state.loading / max(1, state.loading_frames)
    _bar(picture, 24, 92, 80, 6, (52, 54, 66), scale)
    _bar(picture, 24, 92, max(1, round(80 * share)), 6, _PANEL, scale)
    turn = state.loading * 0.5
    for dot in range(8):
        angle = turn + dot * np.pi / 4
        shade = 40 + 25 * dot
        x, y = VIEW / 2 + 16 * np.cos(angle), 52 + 16 * np.sin(angle)
        _disc(picture, float(x) * scale, float(y) * scale, 3 * scale, (shade, shade, shade))
    return picture


def _bar(picture: Picture, x: float, y: float, width: float, height: float, colour: Colour, scale: float) -> None:
    top, left = round(y * scale), round(x * scale)
    picture[top : round((y + height) * scale), left : round((x + width) * scale)] = colour


def _window(size: int, x: float, y: float, reach: float) -> tuple[slice, slice] | None:
    """The rows and columns within ``reach`` of a point."""
    left, right = max(0, int(x - reach)), min(size, int(x + reach) + 2)
    top, bottom = max(0, int(y - reach)), min(size, int(y + reach) + 2)
    return None if left >= right or top >= bottom else (slice(top, bottom), slice(left, right))


@lru_cache(maxsize=8)
def _centres(size: int) -> NDArray[np.float32]:
    return np.arange(size, dtype=np.float32) + 0.5


def _blend(part: NDArray[np.uint8], cover: NDArray[np.float32], colour: Colour) -> None:
    """Lay a colour over pixels, as much as they are covered."""
    share = cover[..., None]
    part[:] = (part * (1 - share) + np.array(colour, np.float32) * share + 0.5).astype(np.uint8)


def _disc(picture: Picture, x: float, y: float, radius: float, colour: Colour) -> None:
    size = len(picture)
    window = _window(size, x, y, radius + 1)
    if window is None:
        return
    rows, columns = (_centres(size)[part] for part in window)
    distance = np.hypot(columns[None, :] - np.float32(x), rows[:, None] - np.float32(y))
    _blend(picture[window], np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32), colour)


def _ring(picture: Picture, x: float, y: float, radius: float, width: float, colour: Colour) -> None:
    size = len(picture)
    window = _window(size, x, y, radius + width + 1)
    if window is None:
        return
    rows, columns = (_centres(size)[part] for part in window)
    distance = np.hypot(columns[None, :] - np.float32(x), rows[:, None] - np.float32(y))
    cover = np.clip(width / 2 + 0.5 - np.abs(distance - radius), 0, 1)
    _blend(picture[window], cover.astype(np.float32), colour)


def _line(picture: Picture, x0: float, y0: float, x1: float, y1: float, width: float, colour: Colour) -> None:
    size = len(picture)
    reach = max(abs(x1 - x0), abs(y1 - y0)) / 2 + width + 1
    window = _window(size, (x0 + x1) / 2, (y0 + y1) / 2, reach)
    if window is None:
        return
    rows, columns = (_centres(size)[part] for part in window)
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = ((columns[None, :] - x0) * dx + (rows[:, None] - y0) * dy) / max(length, 1e-9)
    along = np.clip(along, 0, 1)
    distance = np.hypot(columns[None, :] - (x0 + along * dx), rows[:, None] - (y0 + along * dy))
    _blend(picture[window], np.clip(width / 2 + 0.5 - distance, 0, 1).astype(np.float32), colour)
