"""The actions as lanes of time around the frame shown: what was just done, what is done now, what comes next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import ImageDraw

from playloom.preview import theme
from playloom.preview.source import ActionSlot, PreviewSource

ACTIVE = 0.02
"""Values below are an action at rest."""

_COLOURS = (theme.ACCENT, theme.WARM, theme.GREEN, theme.PURPLE, theme.RED)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One value of the action vector, drawn on one line."""

    name: str
    place: int
    digital: bool
    colour: str


def lanes_of(source: PreviewSource, limit: int) -> list[Lane]:
    """At most ``limit`` lanes: all actions, or, where those are too many, the ones that are used most."""
    lanes = [
        Lane(
            name=slot.action_id + suffix,
            place=slot.start + part,
            digital=_is_digital(slot, source.actions[:, slot.start]),
            colour=_COLOURS[number % len(_COLOURS)],
        )
        for number, slot in enumerate(source.slots)
        for part, suffix in enumerate((".x", ".y") if slot.size == 2 else ("",))
    ]
    if len(lanes) <= limit:
        return lanes
    use = np.count_nonzero(np.abs(source.actions) > ACTIVE, axis=0)
    return sorted(sorted(lanes, key=lambda lane: -int(use[lane.place]))[:limit], key=lambda lane: lane.place)


def _is_digital(slot: ActionSlot, values: np.ndarray) -> bool:
    return slot.kind == "digital" or (slot.size == 1 and bool(np.all((values == 0) | (values == 1))))


def draw_lanes(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    source: PreviewSource,
    frame: int,
    lanes: list[Lane],
    *,
    window_s: float = 4.0,
) -> None:
    """Draw the lanes into ``box`` (left, top, right, bottom) with ``frame`` at the middle of ``window_s`` seconds."""
    left, top, right, bottom = box
    if not lanes:
        return
    row = min(30, (bottom - top) / len(lanes))
    face, lit_face = theme.font(13), theme.font(13, bold=True)
    name_width = min(150, max(math.ceil(lit_face.getlength(lane.name)) for lane in lanes) + 30)
    track_left = left + name_width
    middle = (track_left + right) / 2
    per_frame = (right - track_left) / (window_s * source.fps)
    reach = math.ceil((right - track_left) / 2 / per_frame) + 1
    here = source.first_row + frame
    first, last = max(0, here - reach), min(len(source.all_actions), here + reach)
    for number, lane in enumerate(lanes):
        y = top + number * row
        values = source.all_actions[first:last, lane.place]
        now = float(source.all_actions[here, lane.place])
        lit = abs(now) > ACTIVE
        draw.rounded_rectangle((track_left, y + 3, right, y + row - 3), 3, theme.BODY)
        _draw_values(
            draw, values, lane, middle + (first - here) * per_frame, per_frame, (track_left, y + 5, right, y + row - 5)
        )
        dot = (left + 4, y + row / 2 - 4, left + 12, y + row / 2 + 4)
        draw.ellipse(dot, lane.colour if lit else theme.RAISED, None if lit else theme.LINE)
        words = theme.fitted(lane.name, lit_face, name_width - 24)
        draw.text(
            (left + 18, y + row / 2), words, theme.TEXT if lit else theme.MUTED, lit_face if lit else face, anchor="lm"
        )
    end = top + row * len(lanes)
    draw.line((middle, top, middle, end), theme.TEXT, 2)
    draw.polygon([(middle - 5, top - 6), (middle + 5, top - 6), (middle, top + 1)], theme.TEXT)


def _draw_values(
    draw: ImageDraw.ImageDraw,
    values: np.ndarray,
    lane: Lane,
    x: float,
    per_frame: float,
    box: tuple[float, float, float, float],
) -> None:
    """Runs of equal value as rectangles: full height for a digital action, from the middle line for a signed value."""
    left, top, right, bottom = box
    if not len(values):
        return
    steps = np.round(values * 20)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(steps)) + 1, [len(steps)]])
    signed = lane.name.endswith((".x", ".y")) or bool(np.any(values < -ACTIVE))
    for begin, end in pairwise(edges.tolist()):
        value = float(values[begin])
        if abs(value) <= ACTIVE:
            continue
        from_x, to_x = max(left, x + begin * per_frame), min(right, x + end * per_frame - 1)
        if to_x < from_x:
            continue
        if lane.digital:
            draw.rectangle((from_x, top, to_x, bottom), lane.colour)
            continue
        zero = (top + bottom) / 2 if signed else bottom
        height = (zero - top) * max(-1.0, min(1.0, value))
        draw.rectangle((from_x, min(zero, zero - height), to_x, max(zero, zero - height)), lane.colour)
