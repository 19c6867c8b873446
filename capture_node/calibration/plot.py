"""The distribution of the delays, drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from capture_node.calibration.calibration import Calibration
from playloom.output_files import output_file
from playloom.preview.theme import ACCENT, BACKGROUND, LINE, MUTED, PANEL, TEXT, WARM, fitted, font

WIDTH, HEIGHT = 960, 480
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 110, 930, 420
_MOST_BARS = 60
_STEPS_MS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def histogram(delays_ms: Sequence[float], *, most_bars: int = _MOST_BARS) -> tuple[float, list[int]]:
    """The width of a bar in milliseconds, from 0 on, and how many delays fall into each."""
    longest = max(delays_ms)
    step = next((step for step in _STEPS_MS if longest / step < most_bars), _STEPS_MS[-1])
    counts = [0] * (_bar_of(longest, step) + 1)
    for delay in delays_ms:
        counts[_bar_of(delay, step)] += 1
    return step, counts


def _bar_of(delay_ms: float, step_ms: float) -> int:
    return math.floor(delay_ms / step_ms + 1e-9)  # 2.9 / 0.1 is 28.999…


def draw_calibration(file: Path, calibration: Calibration) -> None:
    """Draw a PNG; one that is there already is replaced.

    Raises:
        OutputError: it cannot be written.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((_LEFT, 24), "From a press to the picture that shows it", font=font(24, bold=True), fill=TEXT)
    shown = len(calibration.delays_ms)
    words = f"{shown} presses of {calibration.pad}, seen in the {calibration.source}"
    if calibration.missed:
        words += f"; {calibration.missed} more were not seen"
    draw.text((_LEFT, 62), fitted(words, font(15), _RIGHT - _LEFT), font=font(15), fill=MUTED)

    step, counts = histogram(calibration.delays_ms)
    ends_ms = step * len(counts)
    draw.rectangle((_LEFT, _TOP, _RIGHT, _BOTTOM), fill=PANEL)
    bar = (_RIGHT - _LEFT) / len(counts)
    highest = max(counts)
    for number, count in enumerate(counts):
        if count:
            left = _LEFT + number * bar
            top = _BOTTOM - (_BOTTOM - _TOP - 30) * count / highest
            draw.rectangle((left + 1, top, max(left + 1, left + bar - 1), _BOTTOM), fill=ACCENT)
    _draw_axis(draw, ends_ms)
    for name, value, row in (("half", calibration.p50_ms, 0), ("95 %", calibration.p95_ms, 1)):
        x = _LEFT + (_RIGHT - _LEFT) * value / ends_ms
        draw.line((x, _TOP, x, _BOTTOM), fill=WARM, width=2)
        label = f"{name} within {value:.1f} ms"
        width = font(14).getlength(label)
        at = x + 6 if x + 6 + width < _RIGHT else x - 6 - width
        draw.text((at, _TOP + 6 + 20 * row), label, font=font(14), fill=WARM)
    with output_file(file, force=True) as partial:
        image.save(partial)


def _draw_axis(draw: ImageDraw.ImageDraw, ends_ms: float) -> None:
    draw.line((_LEFT, _BOTTOM, _RIGHT, _BOTTOM), fill=LINE, width=2)
    step = next((step for step in _STEPS_MS if ends_ms / step <= 10), _STEPS_MS[-1])
    for number in range(math.floor(ends_ms / step) + 1):
        x = _LEFT + (_RIGHT - _LEFT) * number * step / ends_ms
        draw.line((x, _BOTTOM, x, _BOTTOM + 6), fill=LINE, width=2)
        draw.text((x, _BOTTOM + 10), f"{number * step:g}", font=font(14), fill=MUTED, anchor="ma")
    draw.text((_RIGHT, _BOTTOM + 34), "milliseconds", font=font(14), fill=MUTED, anchor="ra")
