"""The keys that a session uses, as keycaps in their places on a US keyboard, lit while held."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from PIL import Image, ImageDraw

from playloom.controls import KEYS, MOUSE_BUTTON_IDS
from playloom.preview import theme

_ROWS: tuple[tuple[float, str], ...] = (
    # y, then name:width; "_" is a hole
    (0, "escape _ f1 f2 f3 f4 _:0.5 f5 f6 f7 f8 _:0.5 f9 f10 f11 f12"),
    (1.2, "grave 1 2 3 4 5 6 7 8 9 0 minus equals backspace:2"),
    (2.2, "tab:1.5 q w e r t y u i o p left_bracket right_bracket backslash:1.5"),
    (3.2, "caps_lock:1.75 a s d f g h j k l semicolon apostrophe return:2.25"),
    (4.2, "left_shift:2.25 z x c v b n m comma period slash right_shift:2.75"),
    (
        5.2,
        "left_ctrl:1.25 left_gui:1.25 left_alt:1.25 space:6.25 right_alt:1.25 right_gui:1.25 application:1.25 "
        "right_ctrl:1.25",
    ),
)
_EDITING_ROWS: tuple[tuple[float, str], ...] = (
    (0, "print_screen scroll_lock pause"),
    (1.2, "insert home page_up"),
    (2.2, "delete end page_down"),
    (4.2, "_ up _"),
    (5.2, "left down right"),
)
_KEYPAD_ROWS: tuple[tuple[float, str], ...] = (
    (1.2, "num_lock keypad_divide keypad_multiply keypad_minus"),
    (2.2, "keypad_7 keypad_8 keypad_9 keypad_plus"),
    (3.2, "keypad_4 keypad_5 keypad_6"),
    (4.2, "keypad_1 keypad_2 keypad_3 keypad_enter"),
    (5.2, "keypad_0:2 keypad_period"),
)
_LABELS = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "escape": "esc", "return": "enter", "backspace": "⌫",
    "grave": "`", "minus": "-", "equals": "=", "left_bracket": "[", "right_bracket": "]", "backslash": "\\",
    "semicolon": ";", "apostrophe": "'", "comma": ",", "period": ".", "slash": "/", "caps_lock": "caps",
    "left_shift": "shift", "right_shift": "shift", "left_ctrl": "ctrl", "right_ctrl": "ctrl", "left_alt": "alt",
    "right_alt": "alt", "left_gui": "gui", "right_gui": "gui", "application": "menu", "page_up": "pg↑",
    "page_down": "pg↓", "insert": "ins", "delete": "del", "print_screen": "prt", "scroll_lock": "scr",
    "keypad_divide": "/", "keypad_multiply": "*", "keypad_minus": "-", "keypad_plus": "+", "keypad_enter": "ent",
    "keypad_period": ".", "num_lock": "num",
}  # fmt: skip
_MAX_CAP = 52
_LONE_KEY = 3.0
"""Key widths."""
_SCALE = 2


def _places(rows: Iterable[tuple[float, str]]) -> dict[int, tuple[float, float, float]]:
    places: dict[int, tuple[float, float, float]] = {}
    for y, line in rows:
        x = 0.0
        for word in line.split():
            name, _, width = word.partition(":")
            if name != "_":
                places[KEYS[name]] = (x, y, float(width or 1))
            x += float(width or 1)
    return places


_CLUSTERS = (_places(_ROWS), _places(_EDITING_ROWS), _places(_KEYPAD_ROWS))
_NAMES = {code: name for name, code in KEYS.items()}


def _label(code: int) -> str:
    name = _NAMES.get(code, str(code))
    return _LABELS.get(name) or name.removeprefix("keypad_").replace("_", " ")


@lru_cache(maxsize=64)
def _layout(used: frozenset[int]) -> tuple[dict[int, tuple[float, float, float]], float, float]:
    """Where the caps stand, in key widths: each cluster cut to the keys that are used, clusters side by side.

    Only used keys are drawn; of a cluster in which many are used, all within the cut are.
    """
    known = {code: place for cluster in _CLUSTERS for code, place in cluster.items()}
    tops = [known[code][1] for code in used if code in known]
    top = min(tops, default=0.0)
    height = max(tops, default=0.0) - top + 1
    placed: dict[int, tuple[float, float, float]] = {}
    at_x = 0.0
    for cluster, fill_from in zip(_CLUSTERS, (7, 3, 4), strict=True):
        mine = [place for code, place in cluster.items() if code in used]
        if not mine:
            continue
        left, right = min(x for x, _, _ in mine), max(x + width for x, _, width in mine)
        first, last = min(y for _, y, _ in mine), max(y for _, y, _ in mine)
        for code, (x, y, width) in cluster.items():
            inside = left <= x and x + width <= right and first <= y <= last
            if code in used or (inside and len(mine) >= fill_from):
                placed[code] = (at_x + x - left, y - top, width)
        if len(mine) == 1 and right - left > _LONE_KEY:  # a space bar alone would leave no room for the others
            (lone,) = (code for code in cluster if code in used)
            placed[lone] = (at_x, placed[lone][1], _LONE_KEY)
            right = left + _LONE_KEY
        at_x += right - left + 0.6
    for code in sorted(used - known.keys()):  # keys that a US keyboard has no place for
        placed[code] = (at_x, height - 1, 1.0)
        at_x += 1.0
    width = max((x + cap for x, _, cap in placed.values()), default=0.0)
    return placed, width, height


@lru_cache(maxsize=512)
def draw_keyboard(used: frozenset[int], held: frozenset[int], width: int, max_height: int) -> Image.Image:
    """The keycaps as an RGBA picture at most ``width`` by ``max_height``.

    Args:
        used: scancodes that the session uses at all: these are drawn.
        held: scancodes held now: these are lit.
        width: room for the keys, in pixels.
        max_height: likewise.
    """
    places, columns, rows = _layout(used)
    if not places:
        return Image.new("RGBA", (1, 1))
    cap = min(_MAX_CAP, width / columns, max_height / rows)
    picture = Image.new("RGBA", (round(columns * cap * _SCALE), round(rows * cap * _SCALE)))
    draw = ImageDraw.Draw(picture)
    for code, (x, y, cap_width) in places.items():
        lit, live = code in held, code in used
        edge = cap * _SCALE
        margin = max(1.0, edge * 0.05)
        box = (x * edge + margin, y * edge + margin, (x + cap_width) * edge - margin, (y + 1) * edge - margin)
        fill = theme.ACCENT if lit else (theme.RAISED if live else theme.BODY)
        draw.rounded_rectangle(box, edge * 0.16, fill, theme.ACCENT if lit else theme.LINE, max(1, round(edge * 0.03)))
        label = _label(code)
        size = round(edge * (0.42 if len(label) == 1 else 0.27))
        if live and size >= 8 * _SCALE:
            face = theme.font(size, bold=lit)
            colour = theme.ON_ACCENT if lit else theme.MUTED
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            draw.text(middle, theme.fitted(label, face, box[2] - box[0]), colour, face, anchor="mm")
    return picture.resize((max(1, picture.width // _SCALE), max(1, picture.height // _SCALE)), Image.Resampling.BOX)


@lru_cache(maxsize=512)
def draw_mouse(buttons: int, motion: tuple[int, int], wheel: int, height: int) -> Image.Image:
    """A mouse as an RGBA picture ``height`` pixels high, with an arrow for its motion.

    Args:
        buttons: bit k set while SDL mouse button k is held.
        motion: (x, y) in pixels of the arrow, at most a quarter of the height.
        wheel: up positive, 0 at rest.
        height: of the picture; it is as wide.
    """
    edge = height * _SCALE
    picture = Image.new("RGBA", (edge, edge))
    draw = ImageDraw.Draw(picture)
    left, right, top, bottom = edge * 0.24, edge * 0.76, edge * 0.04, edge * 0.96
    middle, split = edge / 2, edge * 0.42
    line = max(1, round(edge * 0.02))

    def held(name: str) -> bool:
        return bool(buttons >> MOUSE_BUTTON_IDS[name] & 1)

    draw.rounded_rectangle((left, top, right, bottom), edge * 0.26, theme.BODY, theme.LINE, line)
    for name, side in (("left", (left, top, middle, split)), ("right", (middle, top, right, split))):
        if held(name):
            mask = Image.new("L", picture.size)
            pen = ImageDraw.Draw(mask)
            pen.rounded_rectangle((left, top, right, bottom), edge * 0.26, 255)
            cut = Image.new("L", picture.size)
            ImageDraw.Draw(cut).rectangle(side, 255)
            lit = Image.new("RGBA", picture.size)
            lit.paste(theme.ACCENT, (0, 0, edge, edge), Image.composite(mask, Image.new("L", picture.size), cut))
            picture.alpha_composite(lit)
    draw.line((left, split, right, split), theme.LINE, line)
    draw.line((middle, top, middle, split), theme.LINE, line)
    wheel_colour = theme.ACCENT if held("middle") else (theme.WARM if wheel else theme.FAINT)
    draw.rounded_rectangle(
        (middle - edge * 0.045, edge * 0.14, middle + edge * 0.045, edge * 0.32), edge * 0.04, wheel_colour
    )
    for name, y in (("x1", 0.56), ("x2", 0.48)):
        if held(name):
            draw.rectangle((left - edge * 0.03, edge * y, left + edge * 0.03, edge * (y + 0.06)), theme.ACCENT)
    if motion != (0, 0):
        end_x, end_y = middle + motion[0] * _SCALE, edge * 0.66 + motion[1] * _SCALE
        draw.line((middle, edge * 0.66, end_x, end_y), theme.WARM, line * 2)
        dot = edge * 0.035
        draw.ellipse((end_x - dot, end_y - dot, end_x + dot, end_y + dot), theme.WARM)
    return picture.resize((height, height), Image.Resampling.BOX)
