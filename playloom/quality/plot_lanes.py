"""The lanes of a session's timeline: what the player pressed and moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from playloom.controls import AXES
from playloom.preview import theme
from playloom.quality.input_activity import Presses, press_spans, short_taps
from playloom.quality.session_quality import SessionParts
from playloom.recording.input_table import InputTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TAP_COLOUR = theme.RED
_MAX_LANES = 24
_MAX_POINTS = 4000

Lane = tuple[str, Presses | tuple[NDArray[np.int64], NDArray[np.float32]]]


def lanes_of(parts: SessionParts) -> list[Lane]:
    """Bars for what is pressed, lines for what is moved; the most used of both where there are too many."""
    if parts.inputs is None or not len(parts.inputs):
        return []
    end_ns = int(parts.frame_times_ns[-1]) if len(parts.frame_times_ns) else 0
    moved: list[Lane] = []
    for name, values in _deflections(parts.inputs):
        moved.append((name, (parts.inputs.monotonic_ns, values)))
    pressed: list[Lane] = []
    spans = press_spans(parts.inputs, end_ns=end_ns)
    most = sorted(spans, key=lambda each: -len(each.start_ns))[: max(0, _MAX_LANES - len(moved))]
    pressed += [(each.control, each) for each in spans if any(each is kept for kept in most)]
    if len(spans) > len(most):
        pressed.append(
            (
                f"+{len(spans) - len(most)} more",
                Presses(control="", start_ns=end_ns + np.zeros(0, np.int64), end_ns=np.zeros(0, np.int64)),
            )
        )
    return pressed + moved


def _deflections(inputs: InputTable) -> list[tuple[str, NDArray[np.float32]]]:
    used = [
        (name, inputs.axes[:, axis]) for axis, name in enumerate(AXES) if np.any(np.abs(inputs.axes[:, axis]) > 0.05)
    ]
    speed = np.hypot(inputs.mouse_motion[:, 0], inputs.mouse_motion[:, 1])
    if np.any(speed):
        used.append(("mouse speed", (speed / np.percentile(speed[speed > 0], 99)).astype(np.float32)))
    return used


def draw_lanes(ax: Axes, lanes: list[Lane], start_ns: int, frame_times_ns: NDArray[np.int64], end_s: float) -> None:
    count = max(1, len(lanes))
    ax.set_ylim(count, 0)
    ax.set_yticks(np.arange(count) + 0.5, [name for name, _ in lanes] or ["no input"])
    ax.tick_params(axis="y", length=0, labelcolor=theme.TEXT, labelsize=9)
    for row in range(1, count):
        ax.axhline(row, color=theme.LINE, linewidth=0.5)
    colours = (theme.ACCENT, theme.GREEN, theme.WARM, theme.PURPLE)
    for row, (name, lane) in enumerate(lanes):
        if isinstance(lane, Presses):
            widths_s = np.maximum((lane.end_ns - lane.start_ns) / 1e9, end_s / 3000)  # at least visible
            bars = list(zip((lane.start_ns - start_ns) / 1e9, widths_s, strict=True))
            ax.broken_barh(bars, (row + 0.18, 0.64), facecolors=colours[row % len(colours)], linewidth=0)
            taps = lane.start_ns[short_taps(lane, frame_times_ns)]
            ax.plot(
                (taps - start_ns) / 1e9,
                np.full(len(taps), row + 0.14),
                "v",
                color=TAP_COLOUR,
                markersize=4.5,
                clip_on=False,
            )
        else:
            _draw_deflection(ax, row, name, *lane, start_ns=start_ns, end_s=end_s)


def _draw_deflection(
    ax: Axes,
    row: int,
    name: str,
    times_ns: NDArray[np.int64],
    values: NDArray[np.float32],
    *,
    start_ns: int,
    end_s: float,
) -> None:
    one_sided = name.endswith("trigger") or name == "mouse speed"
    at_ns = start_ns + np.linspace(0, end_s * 1e9, min(_MAX_POINTS, 4 * len(times_ns) + 2)).astype(np.int64)
    rows = np.searchsorted(times_ns, at_ns, side="right") - 1
    shown = np.where(rows >= 0, np.clip(values[np.maximum(rows, 0)], -1, 1), 0.0)
    zero = row + (0.88 if one_sided else 0.5)
    height = 0.74 if one_sided else 0.4
    at_s = (at_ns - start_ns) / 1e9
    # y grows downwards here as SDL's does, but a reader expects a stick pushed up to point up, and lefty < 0 is up.
    sign = 1 if name.endswith("y") else -1
    line = zero + sign * height * shown
    ax.fill_between(at_s, zero, line, color=theme.WARM, alpha=0.35, linewidth=0, step="post")
    ax.step(at_s, line, where="post", color=theme.WARM, linewidth=0.9)
