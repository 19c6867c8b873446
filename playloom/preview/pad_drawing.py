"""A gamepad as the player holds it: buttons lit, sticks where they are, triggers filled.

Pillow draws no smooth edges, so everything is drawn three times as large and reduced; pictures are kept, because a
held state looks the same in every frame.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from playloom.controls import AXIS_IDS, BUTTON_IDS
from playloom.preview import theme

_SCALE = 3
PAD_SIZE = (400, 250)
"""Width and height that the places below are given in."""

_FACE = {"south": (300, 138), "east": (328, 110), "west": (272, 110), "north": (300, 82)}
_FACE_COLOURS = {"south": theme.GREEN, "east": theme.RED, "west": theme.ACCENT, "north": theme.WARM}
_DPAD = {"dpad_up": (148, 142), "dpad_down": (148, 186), "dpad_left": (126, 164), "dpad_right": (170, 164)}
_STICKS = {"left_stick": (100, 110), "right_stick": (252, 164)}
_STICK_RADIUS, _STICK_TRAVEL = 30, 15
_SMALL = {"back": (164, 100), "start": (236, 100), "misc1": (200, 128)}
_PADDLES = {
    "left_paddle1": (52, 214),
    "left_paddle2": (52, 234),
    "right_paddle1": (348, 214),
    "right_paddle2": (348, 234),
}


def draw_pad(buttons: int, axes: tuple[float, ...], width: int) -> Image.Image:
    """The pad as an RGBA picture ``width`` pixels wide.

    Args:
        buttons: bit k set while SDL button k is held.
        axes: six SDL axes; they are drawn in steps of 1/25.
        width: of the picture; the height follows.
    """
    return _draw(buttons, tuple(round(max(-1.0, min(1.0, value)) * 25) for value in axes), width)


@lru_cache(maxsize=512)
def _draw(buttons: int, steps: tuple[int, ...], width: int) -> Image.Image:
    axes = [step / 25 for step in steps]
    factor = _SCALE * width / PAD_SIZE[0]
    height = round(PAD_SIZE[1] * width / PAD_SIZE[0])
    picture = Image.new("RGBA", (width * _SCALE, height * _SCALE))
    pen = _Pen(ImageDraw.Draw(picture), factor)

    def held(name: str) -> bool:
        return bool(buttons >> BUTTON_IDS[name] & 1)

    for side, x in (("left", 60), ("right", 276)):
        amount = max(0.0, axes[AXIS_IDS[f"{side}_trigger"]])
        pen.box(x, 6, 64, 20, theme.RAISED, theme.LINE, radius=7)
        if amount > 0.04:
            pen.box(x, 6, max(10.0, 64 * amount), 20, theme.WARM, radius=7)
        pen.box(x, 32, 64, 12, theme.ACCENT if held(f"{side}_shoulder") else theme.RAISED, theme.LINE, radius=6)
    pen.body()
    for name, (x, y) in _STICKS.items():
        pen.disc(x, y, _STICK_RADIUS, theme.BACKGROUND, theme.LINE)
        across = "leftx" if name == "left_stick" else "rightx"
        down = "lefty" if name == "left_stick" else "righty"
        off_x, off_y = axes[AXIS_IDS[across]], axes[AXIS_IDS[down]]
        moved = max(abs(off_x), abs(off_y)) > 0.04
        colour = theme.ACCENT if held(name) else (theme.WARM if moved else theme.FAINT)
        if moved:
            pen.line(x, y, x + off_x * _STICK_TRAVEL, y + off_y * _STICK_TRAVEL, theme.WARM)
        pen.disc(x + off_x * _STICK_TRAVEL, y + off_y * _STICK_TRAVEL, 17, colour, theme.BACKGROUND)
    for x, y in _DPAD.values():
        pen.box(x - 11, y - 11, 22, 22, theme.RAISED, theme.LINE, radius=5)
    pen.box(137, 153, 22, 22, theme.RAISED, radius=0)
    for name, (x, y) in _DPAD.items():
        if held(name):
            pen.box(x - 11, y - 11, 22, 22, theme.ACCENT, radius=5)
    for name, (x, y) in _FACE.items():
        lit = held(name)
        pen.disc(x, y, 15, _FACE_COLOURS[name] if lit else theme.RAISED, _FACE_COLOURS[name])
    for name, (x, y) in _SMALL.items():
        pen.box(x - 12, y - 6, 24, 12, theme.ACCENT if held(name) else theme.RAISED, theme.LINE, radius=6)
    pen.disc(200, 96, 13, theme.ACCENT if held("guide") else theme.RAISED, theme.LINE)
    pen.box(168, 62, 64, 14, theme.ACCENT if held("touchpad") else theme.RAISED, theme.LINE, radius=5)
    for name, (x, y) in _PADDLES.items():
        if held(name):
            pen.box(x - 18, y - 6, 36, 12, theme.ACCENT, radius=6)
    return picture.resize((width, height), Image.Resampling.BOX)


class _Pen:
    """Draws in the pad's own units."""

    def __init__(self, draw: ImageDraw.ImageDraw, factor: float) -> None:
        self._draw = draw
        self._factor = factor

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, outline: str | None = None, *, radius: float
    ) -> None:
        by = self._factor
        self._draw.rounded_rectangle(
            (x * by, y * by, (x + width) * by, (y + height) * by), radius * by, fill, outline, round(1.5 * by)
        )

    def disc(self, x: float, y: float, radius: float, fill: str, outline: str) -> None:
        by = self._factor
        self._draw.ellipse(
            ((x - radius) * by, (y - radius) * by, (x + radius) * by, (y + radius) * by), fill, outline, round(2 * by)
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, fill: str) -> None:
        by = self._factor
        self._draw.line((x * by, y * by, to_x * by, to_y * by), fill, round(6 * by))

    def body(self) -> None:
        """The pad's outline: a bar with two grips, first in the line's colour, then a little smaller in the body's."""
        by = self._factor
        for inset, colour in ((0.0, theme.LINE), (2.0, theme.BODY)):
            self._draw.rounded_rectangle(
                ((44 + inset) * by, (50 + inset) * by, (356 - inset) * by, (200 - inset) * by), 60 * by, colour
            )
            for x, lean in ((72, -14), (328, 14)):
                self._draw.polygon(
                    [
                        ((x - 28 + inset) * by, 110 * by),
                        ((x + 28 - inset) * by, 110 * by),
                        ((x + 24 + lean - inset) * by, 220 * by),
                        ((x - 24 + lean + inset) * by, 220 * by),
                    ],
                    colour,
                )
                self._draw.ellipse(
                    (
                        (x + lean - 24 + inset) * by,
                        (196 + inset) * by,
                        (x + lean + 24 - inset) * by,
                        (244 - inset) * by,
                    ),
                    colour,
                )
