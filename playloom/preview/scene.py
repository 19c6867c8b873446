"""One picture of a preview: the game's frame, and beside it the controls and the actions at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from playloom.controls import SCANCODES
from playloom.preview import theme
from playloom.preview.keyboard_drawing import draw_keyboard, draw_mouse
from playloom.preview.lanes import Lane, draw_lanes, lanes_of
from playloom.preview.pad_drawing import PAD_SIZE, draw_pad
from playloom.preview.source import PreviewSource
from playloom.quality.words import clock
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import VideoIndex

if TYPE_CHECKING:
    import av

MARGIN = 24
PANEL_WIDTH = 400
MIN_HEIGHT = 560
MAX_VIDEO_WIDTH = 1280
_GAP = 18
_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow counts the other way round
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_MOTION_FULL = 40.0
"""Mouse counts between two frames that draw the longest arrow."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Draws a source's frames; everything that stays the same is measured once.

    Attributes:
        source: what is drawn.
        video_size: of the game's picture in the scene, (width, height) in pixels.
        size: of the whole scene, even numbers.
        lanes: the actions that have a lane.
    """

    source: PreviewSource
    video_size: tuple[int, int]
    size: tuple[int, int]
    lanes: list[Lane]

    @classmethod
    def of(cls, source: PreviewSource, *, height: int = 720) -> Scene:
        """A scene ``height`` pixels high."""
        room_height = height - 2 * MARGIN
        video_size = fit(shown_size(source.index), (MAX_VIDEO_WIDTH, room_height))
        height = min(height, max(MIN_HEIGHT, video_size[1] + 2 * MARGIN))
        width = MARGIN + video_size[0] + MARGIN + PANEL_WIDTH + MARGIN
        lanes = lanes_of(source, limit=max(1, (height - 380) // 20))
        return cls(source=source, video_size=video_size, size=(width + width % 2, height + height % 2), lanes=lanes)

    def draw(self, frame: int, picture: av.VideoFrame) -> NDArray[np.uint8]:
        """uint8[height, width, 3], RGB: frame ``frame`` of the source, whose decoded picture is ``picture``."""
        width, height = self.size
        canvas = Image.new("RGB", (width, height), theme.BACKGROUND)
        video = scaled(picture, self.video_size, self.source.index.rotation)
        canvas.paste(video, (MARGIN, (height - self.video_size[1]) // 2))
        self._draw_panel(canvas, frame)
        return np.asarray(canvas)

    def _draw_panel(self, canvas: Image.Image, frame: int) -> None:
        width, height = self.size
        left, right = width - MARGIN - PANEL_WIDTH, width - MARGIN
        draw = ImageDraw.Draw(canvas)
        source = self.source
        seconds = clock(float(source.times_s[frame]))
        big, small = theme.font(22, bold=True), theme.font(13)
        draw.text((left, MARGIN), theme.fitted(source.title, big, PANEL_WIDTH), theme.TEXT, big)
        draw.text((right, MARGIN + 50), seconds, theme.ACCENT, theme.font(18), anchor="rs")
        room = PANEL_WIDTH - theme.font(18).getlength("00:00.0") - 16
        draw.text((left, MARGIN + 50), theme.fitted(source.subtitle, small, room), theme.MUTED, small, anchor="ls")
        y = MARGIN + 66
        draw.line((left, y, right, y), theme.LINE, 1)
        y += _GAP
        controls = draw_controls(source, frame, PANEL_WIDTH, 250)
        canvas.paste(controls, (left + (PANEL_WIDTH - controls.width) // 2, y), controls)
        y += controls.height + _GAP
        draw.line((left, y, right, y), theme.LINE, 1)
        y += _GAP + 4
        if self.lanes:
            draw_lanes(draw, (left, y, right, height - MARGIN), source, frame, self.lanes)


def draw_controls(source: PreviewSource, frame: int, width: int, max_height: int) -> Image.Image:
    """What the player holds at ``frame`` as an RGBA picture: keys and mouse, or the pad, whichever the play uses."""
    held = source.held
    keys = source.keys_used
    parts: list[Image.Image] = []
    if source.pad_used or not (keys or source.mouse_used):
        room = max_height * 0.6 if keys else max_height
        pad_width = min(width, int(room * PAD_SIZE[0] / PAD_SIZE[1]))
        parts.append(draw_pad(int(held.buttons[frame]), tuple(map(float, held.axes[frame])), pad_width))
    mouse = None
    if source.mouse_used:
        mouse_height = min(110, max_height // 2)
        motion = held.mouse_motion[frame] / _MOTION_FULL
        reach = mouse_height / 4 / max(1.0, float(np.hypot(*motion)))
        mouse = draw_mouse(
            int(held.mouse_buttons[frame]),
            (round(float(motion[0]) * reach), round(float(motion[1]) * reach)),
            int(np.sign(held.wheel[frame, 1])),
            mouse_height,
        )
    if keys:
        room = width - (mouse.width + 8 if mouse is not None else 0)
        keyboard = draw_keyboard(keys, held_keys(held, frame), room, max_height)
        parts.append(keyboard if mouse is None else _beside(keyboard, mouse))
    elif mouse is not None:
        parts.append(mouse)
    return _stacked(parts, width)


def _beside(left: Image.Image, right: Image.Image) -> Image.Image:
    height = max(left.height, right.height)
    both = Image.new("RGBA", (left.width + 8 + right.width, height))
    both.paste(left, (0, height - left.height))
    both.paste(right, (left.width + 8, height - right.height))
    return both


def _stacked(parts: list[Image.Image], width: int) -> Image.Image:
    height = sum(part.height for part in parts) + 10 * (len(parts) - 1)
    result = Image.new("RGBA", (width, height))
    y = 0
    for part in parts:
        result.paste(part, ((width - part.width) // 2, y))
        y += part.height + 10
    return result


def held_keys(held: InputTable, frame: int) -> frozenset[int]:
    words = [int(word) for word in held.keys[frame]]
    return frozenset(code for code in range(SCANCODES) if words[code // 64] >> (code % 64) & 1)


def fit(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest even size of this shape in ``room``; small pictures grow by whole numbers, to keep their pixels."""
    factor = min(room[0] / size[0], room[1] / size[1])
    if factor >= 2:
        factor = float(int(factor))
    return max(2, round(size[0] * factor) // 2 * 2), max(2, round(size[1] * factor) // 2 * 2)


def shown_size(index: VideoIndex) -> tuple[int, int]:
    """Width and height as a player shows the video."""
    return _turned((index.width, index.height), index.rotation)


def _turned(size: tuple[int, int], rotation: int) -> tuple[int, int]:
    return (size[1], size[0]) if rotation in (90, 270) else size


def scaled(picture: av.VideoFrame, size: tuple[int, int], rotation: int = 0) -> Image.Image:
    """The decoded picture as RGB of this size, turned by ``rotation`` degrees clockwise; pixel art stays sharp."""
    if rotation in _TURNS:
        return scaled(picture, _turned(size, rotation)).transpose(_TURNS[rotation])
    growing = size[0] >= 2 * picture.width
    rgb = picture.reformat(width=size[0], height=size[1], format="rgb24", interpolation="POINT" if growing else "AREA")
    return Image.fromarray(rgb.to_ndarray())
