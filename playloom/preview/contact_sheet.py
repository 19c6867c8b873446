"""The play on one page: frames spread evenly over it, each with its time, its controls and its actions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from playloom.errors import RecordingError
from playloom.output_files import output_file
from playloom.preview import theme
from playloom.preview.scene import draw_controls, fit, scaled, shown_size
from playloom.preview.source import PreviewSource
from playloom.quality.readout import controls_in_words, spans_in_words
from playloom.quality.words import clock
from playloom.recording.video_frames import VideoFrames

_MARGIN, _GUTTER, _HEADER = 32, 24, 84
_CELL_WIDTH = 380
_CAPTION, _LOW_CAPTION = 112, 88
_CONTROLS = (150, 76)


def write_contact_sheet(
    source: PreviewSource, path: Path, *, columns: int | None = None, frames: int = 12, force: bool = False
) -> int:
    """Write a PNG with ``frames`` frames in ``columns`` columns.

    Returns:
        How many frames it shows.

    Raises:
        OutputError: the file exists, or cannot be written.
        RecordingError: no frame of the video could be decoded.
    """
    count = min(frames, len(source))
    chosen = (
        np.unique(np.linspace(0, len(source) - 1, count + 2)[1:-1].round().astype(int)) if count > 1 else np.array([0])
    )
    # Two frames of a short play may round to one; every choice stays a frame of its own.
    with VideoFrames(source.video_path, source.index, threads=0) as video:
        pictures = dict(video.pick(chosen + source.first_frame))
    if not pictures:
        raise RecordingError(source.video_path, "none of these frames can be decoded", remedy="Choose another stretch")
    columns = columns or min(4, len(pictures))
    video_size = fit(shown_size(source.index), (_CELL_WIDTH, round(_CELL_WIDTH * 0.75)))
    caption = _LOW_CAPTION if 0 < len(source.slots) <= 4 else _CAPTION
    cell_height = video_size[1] + caption
    rows = -(-len(pictures) // columns)
    width = 2 * _MARGIN + columns * _CELL_WIDTH + (columns - 1) * _GUTTER
    height = _MARGIN + _HEADER + rows * cell_height + (rows - 1) * _GUTTER + _MARGIN
    page = Image.new("RGB", (width, height), theme.BACKGROUND)
    _draw_header(page, source, width)
    for place, (number, picture) in enumerate(sorted(pictures.items())):
        left = _MARGIN + place % columns * (_CELL_WIDTH + _GUTTER)
        top = _MARGIN + _HEADER + place // columns * (cell_height + _GUTTER)
        _draw_cell(
            page,
            source,
            number - source.first_frame,
            scaled(picture, video_size, source.index.rotation),
            (left, top),
            caption,
        )
    with output_file(path, force=force) as partial:
        page.save(partial, "PNG", optimize=True)
    return len(pictures)


def _draw_header(page: Image.Image, source: PreviewSource, width: int) -> None:
    draw = ImageDraw.Draw(page)
    big, small = theme.font(30, bold=True), theme.font(16)
    length = f"{clock(len(source) / source.fps)} at {source.fps:g} fps"
    draw.text((width - _MARGIN, _MARGIN + 8), length, theme.MUTED, small, anchor="ra")
    room = width - 2 * _MARGIN - small.getlength(length) - 24
    draw.text((_MARGIN, _MARGIN - 4), theme.fitted(source.title, big, room), theme.TEXT, big)
    draw.text((_MARGIN, _MARGIN + 38), theme.fitted(source.subtitle, small, width - 2 * _MARGIN), theme.MUTED, small)


def _draw_cell(
    page: Image.Image,
    source: PreviewSource,
    frame: int,
    picture: Image.Image,
    corner: tuple[int, int],
    caption: int,
) -> None:
    left, top = corner
    draw = ImageDraw.Draw(page)
    bottom = top + picture.height
    draw.rounded_rectangle((left, top, left + _CELL_WIDTH, bottom + caption), 10, theme.PANEL, theme.LINE)
    draw.rectangle((left + 1, top + 10, left + _CELL_WIDTH - 1, bottom), "#000000")
    page.paste(picture, (left + (_CELL_WIDTH - picture.width) // 2, top))
    controls = draw_controls(source, frame, *_CONTROLS)
    x = left + _CELL_WIDTH - _CONTROLS[0] - 12
    page.paste(controls, (x, bottom + (caption - controls.height) // 2), controls)
    seconds = theme.font(15, bold=True)
    draw.text((left + 14, bottom + 12), clock(float(source.times_s[frame])), theme.ACCENT, seconds)
    _draw_words(draw, source, frame, (left + 14, bottom + 36), x - left - 26)


def _draw_words(
    draw: ImageDraw.ImageDraw, source: PreviewSource, frame: int, corner: tuple[int, int], width: int
) -> None:
    """The active actions as chips, or, where no actions are known, what is held; over at most three lines."""
    slots = ((slot.action_id, slot.start, slot.size, slot.kind) for slot in source.slots)
    words = spans_in_words(slots, source.actions[frame]) if source.slots else controls_in_words(source.held, frame)
    face = theme.font(12, bold=True)
    left, y = corner
    if not words:
        draw.text((left, y + 3), "nothing pressed" if not source.slots else "no action", theme.FAINT, theme.font(13))
        return
    x, line = left, 0
    for place, word in enumerate(words):
        text = theme.fitted(word, face, width - 16)
        chip = int(face.getlength(text)) + 16
        if x > left and x + chip > left + width:
            x, line = left, line + 1
        if line == 3:
            draw.text((left + width, y - 24), f"+{len(words) - place}", theme.MUTED, theme.font(12), anchor="ra")
            return
        top = y + line * 25
        draw.rounded_rectangle((x, top, x + chip, top + 21), 6, theme.ACCENT_DIM, theme.ACCENT)
        draw.text((x + 8, top + 10), text, theme.TEXT, face, anchor="lm")
        x += chip + 6
