"""A session's timeline as a picture: what was seen, how regularly frames came, what the player did."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import MissingExtraError
from playloom.output_files import output_file
from playloom.preview import theme
from playloom.preview.scene import scaled, shown_size
from playloom.quality.findings import Level, Verdict
from playloom.quality.frame_timing import FrameTiming
from playloom.quality.plot_lanes import TAP_COLOUR, draw_lanes, lanes_of
from playloom.quality.session_quality import SessionParts, SessionQuality, left_out_spans
from playloom.quality.words import clock, counted
from playloom.recording.video_frames import VideoFrames

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_IN = 15.0
_LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN, _SPACE_IN = 1.7, 0.4, 1.15, 1.0, 0.16
_THUMBNAIL_IN = 0.95
_INTERVALS_IN, _LANE_IN = 1.7, 0.27
_MAX_POINTS = 4000
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_MAX_TICKS = 14
_VERDICT_COLOURS = {"ok": theme.GREEN, "warning": theme.WARM, "failed": theme.RED}
_GAP, _BLACK, _FROZEN, _LEFT_OUT = theme.RED, "#000000", theme.PURPLE, theme.MUTED


def plot_session(quality: SessionQuality, path: Path, *, force: bool = False) -> None:
    """Draw a validated session's timeline as a PNG. What could not be read is left out of the picture.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OutputError: the file exists, or cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("playloom validate --plot", "viz") from error

    parts = quality.parts
    assert parts is not None
    lanes = lanes_of(parts)
    strip_in = _strip_height(parts)
    lanes_in = max(1, len(lanes)) * _LANE_IN + 0.1
    heights = [strip_in, _INTERVALS_IN, lanes_in]
    title_in = _TOP_IN if quality.verdict != Verdict.OK else _TOP_IN - 0.25  # one line of reasons less
    height_in = title_in + sum(heights) + 2 * _SPACE_IN + _BOTTOM_IN
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=110, facecolor=theme.BACKGROUND)
    FigureCanvasAgg(figure)
    axes: list[Axes] = []
    top = height_in - title_in
    for row_in in heights:
        box = (_LEFT_IN / _WIDTH_IN, (top - row_in) / height_in, _plot_width() / _WIDTH_IN, row_in / height_in)
        axes.append(figure.add_axes(box, sharex=axes[0] if axes else None))
        top -= row_in + _SPACE_IN
    strip, intervals, controls = axes
    end_s = max(quality.timing.duration_s, 1e-3) if quality.timing is not None else 1.0
    start_ns = 0 if quality.timing is None else quality.timing.start_ns
    _style(axes, end_s)
    _draw_strip(strip, parts, end_s)
    _draw_intervals(intervals, parts, quality.timing)
    draw_lanes(controls, lanes, start_ns, parts.frame_times_ns, end_s)
    _draw_spans(axes, quality, start_ns, end_s)
    _draw_title(figure, quality, height_in)
    _draw_legend(figure, quality, height_in)
    with output_file(path, force=force) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in letters that the font lacks
        figure.savefig(partial, format="png", facecolor=figure.get_facecolor())


def _plot_width() -> float:
    return _WIDTH_IN - _LEFT_IN - _RIGHT_IN


def _style(axes: Sequence[Axes], end_s: float) -> None:
    from matplotlib.ticker import MultipleLocator

    step_s = next((step for step in _TICKS_S if end_s / step <= _MAX_TICKS), end_s / 10)
    for number, ax in enumerate(axes):
        ax.set_facecolor(theme.PANEL)
        ax.set_xlim(0, end_s)
        for spine in ax.spines.values():
            spine.set_color(theme.LINE)
        ax.tick_params(colors=theme.MUTED, labelsize=9, labelbottom=number == len(axes) - 1, length=3)
        ax.xaxis.set_major_locator(MultipleLocator(step_s))
        ax.xaxis.set_major_formatter(lambda seconds, _position: _tick(max(0.0, seconds), step_s))
    axes[-1].set_xlabel("time in the recording (min:s)", color=theme.MUTED, fontsize=9)


def _tick(seconds: float, step_s: float) -> str:
    return clock(seconds) if step_s < 1 else clock(seconds).removesuffix(".0")


# --- pictures --------------------------------------------------------------------------------------------------------


def _strip_height(parts: SessionParts) -> float:
    return _plot_width() / _thumbnail_count(parts) / _shape(parts)


def _shape(parts: SessionParts) -> float:
    if parts.video is None:
        return 16 / 9
    width, height = shown_size(parts.video)
    return width / max(1, height)


def _thumbnail_count(parts: SessionParts) -> int:
    """So many that a row of them in the video's shape is about `_THUMBNAIL_IN` high."""
    return max(1, round(_plot_width() / (_THUMBNAIL_IN * _shape(parts))))


def _draw_strip(ax: Axes, parts: SessionParts, end_s: float) -> None:
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.tick_params(bottom=False)
    times_ns = parts.frame_times_ns
    if parts.video is None or not len(times_ns):
        ax.text(0.5, 0.5, "no picture", transform=ax.transAxes, ha="center", va="center", color=theme.MUTED)
        return
    count = _thumbnail_count(parts)
    width_s = end_s / count
    middles_ns = times_ns[0] + ((np.arange(count) + 0.5) * width_s * 1e9).astype(np.int64)
    wanted = np.searchsorted(times_ns, middles_ns, side="right") - 1
    wanted = np.clip(wanted, 0, min(len(times_ns), parts.video.frames) - 1)
    with VideoFrames(parts.path / "capture.mp4", parts.video) as video:
        pictures = dict(video.pick(wanted))
    for place, number in enumerate(wanted):
        frame = pictures.get(int(number))
        if frame is None:
            continue
        small = scaled(frame, (240, max(2, round(240 / _shape(parts)))), parts.video.rotation)
        extent = (place * width_s, (place + 1) * width_s, 0.0, 1.0)
        ax.imshow(np.asarray(small), extent=extent, aspect="auto", interpolation="bilinear")
        if place:
            ax.axvline(place * width_s, color=theme.BACKGROUND, linewidth=2)
    ax.set_xlim(0, end_s)
    ax.text(-0.01, 0.5, "picture", transform=ax.transAxes, ha="right", va="center", color=theme.TEXT, fontsize=10)


# --- frames ----------------------------------------------------------------------------------------------------------


def _draw_intervals(ax: Axes, parts: SessionParts, timing: FrameTiming | None) -> None:
    ax.text(
        -0.045,
        0.5,
        "frame interval\n(ms)",
        transform=ax.transAxes,
        ha="right",
        va="center",
        color=theme.TEXT,
        fontsize=10,
    )
    times_ns = parts.frame_times_ns
    if timing is None or len(times_ns) < 2:
        ax.set_yticks([])
        return
    nominal_ms = timing.interval_ns / 1e6
    intervals_ms = np.diff(times_ns) / 1e6
    at_s = (times_ns[1:] - times_ns[0]) / 1e9
    ceiling_ms = max(nominal_ms * 3, timing.interval_p99_ms * 1.5, 1.0)
    ax.axhline(nominal_ms, color=theme.GREEN, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    shown_s, shown_ms = _largest_per_bin(at_s, intervals_ms)
    ax.plot(
        shown_s, np.minimum(shown_ms, ceiling_ms), color=theme.ACCENT, linewidth=1.0, zorder=2, drawstyle="steps-pre"
    )
    ax.set_ylim(0, ceiling_ms * 1.08)
    ax.grid(axis="y", color=theme.LINE, linewidth=0.5, alpha=0.6)
    ax.set_axisbelow(True)
    for gap in timing.gaps[:200]:
        begin_s = (gap.start_ns - timing.start_ns) / 1e9
        ax.axvspan(begin_s, begin_s + gap.duration_ns / 1e9, color=_GAP, alpha=0.45, linewidth=0)
    longest = timing.longest_gap
    if longest is not None:
        begin_s = (longest.start_ns - timing.start_ns) / 1e9
        late = begin_s > timing.duration_s * 0.8
        ax.annotate(
            f"longest gap {longest.duration_ns / 1e9:.2f} s",
            (begin_s, ceiling_ms),
            xytext=(-6 if late else 6 + _points(longest.duration_ns / 1e9 / timing.duration_s), -4),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top",
            color=theme.TEXT,
            fontsize=9,
        )


def _points(share: float) -> float:
    """A share of the plot's width in points."""
    return share * _plot_width() * 72


def _largest_per_bin(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `_MAX_POINTS` points; of many in one place the largest, so that no outlier is lost."""
    if len(x) <= _MAX_POINTS:
        return x, y
    size = -(-len(x) // _MAX_POINTS)
    starts = np.arange(0, len(x), size)
    return x[starts], np.maximum.reduceat(y, starts)


# --- all over --------------------------------------------------------------------------------------------------------


def _draw_spans(axes: Sequence[Axes], quality: SessionQuality, start_ns: int, end_s: float) -> None:
    strip, _, controls = axes
    if quality.picture is not None:
        for colour, name, spans in (
            (_BLACK, "black", quality.picture.black),
            (_FROZEN, "frozen", quality.picture.frozen),
        ):
            for span in spans:
                begin_s, stop_s = (span.start_ns - start_ns) / 1e9, (span.end_ns - start_ns) / 1e9
                for ax in axes:
                    alpha, order = (0.4, 5) if ax is strip else (0.22, 0)
                    ax.axvspan(begin_s, stop_s, color=colour, alpha=alpha, linewidth=0, zorder=order)
                if (stop_s - begin_s) / end_s > 0.05:
                    middle = (begin_s + stop_s) / 2
                    box: dict[str, Any] = {
                        "facecolor": theme.BACKGROUND,
                        "edgecolor": colour,
                        "boxstyle": "round,pad=0.3",
                    }
                    strip.text(
                        middle, 0.5, name, ha="center", va="center", color=theme.TEXT, fontsize=9, bbox=box, zorder=6
                    )
    activity = quality.inputs
    if activity is not None and activity.first_ns is not None and activity.last_ns is not None:
        for begin_s, stop_s in (
            (0.0, activity.start_dead_s),
            ((activity.last_ns - start_ns) / 1e9, end_s),
        ):
            if (stop_s - begin_s) / end_s > 0.01:
                controls.axvspan(
                    begin_s, stop_s, facecolor="none", edgecolor=theme.FAINT, hatch="///", linewidth=0, zorder=0
                )
    for begin_ns, end_ns in left_out_spans(quality.info):
        for ax in axes:
            begin_s, stop_s = (begin_ns - start_ns) / 1e9, (end_ns - start_ns) / 1e9
            ax.axvspan(begin_s, stop_s, color=_LEFT_OUT, alpha=0.25, linewidth=0, zorder=5 if ax is strip else 0)


def _draw_title(figure: Figure, quality: SessionQuality, height_in: float) -> None:
    left, right = _LEFT_IN / _WIDTH_IN, 1 - _RIGHT_IN / _WIDTH_IN
    info, timing, video = quality.info, quality.timing, quality.video
    title = f"{info.game_id} · {quality.path.name}" if info is not None and info.game_id else quality.path.name
    figure.text(
        left,
        1 - 0.36 / height_in,
        title,
        color=theme.TEXT,
        fontsize=15,
        fontweight="bold",
        va="center",
        parse_math=False,
    )
    verdict = str(quality.verdict)
    colour, top = _VERDICT_COLOURS[verdict], 1 - 0.36 / height_in
    figure.text(right, top, verdict, color=colour, fontsize=15, fontweight="bold", va="center", ha="right")
    facts: list[str] = []
    if video is not None:
        facts.append(f"{video.width}x{video.height} {video.codec}")
    if timing is not None:
        facts += [
            clock(timing.duration_s),
            f"{timing.fps:.2f} fps",
            f"jitter {timing.jitter_p95_ms:.1f} ms",
            counted(len(timing.gaps), "gap"),
        ]
    if quality.inputs is not None:
        facts.append(f"{quality.inputs.changes_per_s:.1f} input changes/s")
        facts.append(counted(quality.inputs.short_tap_count, "short tap"))
    figure.text(left, 1 - 0.66 / height_in, "   ·   ".join(facts), color=theme.MUTED, fontsize=10, va="center")
    reasons = [finding.sentence for finding in quality.findings if finding.level is not Level.NOTE]
    if reasons:
        face = theme.font(10)
        words = reasons[0] + (f"   (+{len(reasons) - 1} more)" if len(reasons) > 1 else "")
        shown = theme.fitted(words, face, _plot_width() * 68)
        figure.text(left, 1 - 0.92 / height_in, shown, color=colour, fontsize=10, va="center", parse_math=False)


def _draw_legend(figure: Figure, quality: SessionQuality, height_in: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Line2D([], [], color=theme.ACCENT, label="frame interval"),
        Line2D([], [], color=theme.GREEN, linestyle=(0, (4, 3)), label="nominal interval"),
        Patch(facecolor=_GAP, alpha=0.45, label="gap"),
        Line2D([], [], color=TAP_COLOUR, marker="v", linestyle="none", label="press between two frames"),
        Patch(facecolor="none", edgecolor=theme.FAINT, hatch="///", label="before first / after last input"),
        Patch(facecolor=_BLACK, edgecolor=theme.LINE, label="black picture"),
        Patch(facecolor=_FROZEN, alpha=0.4, label="frozen picture"),
    ]
    if left_out_spans(quality.info):
        handles.append(Patch(facecolor=_LEFT_OUT, alpha=0.4, label="paused or discarded"))
    legend = figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.12 / height_in),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        handlelength=1.6,
        columnspacing=1.6,
    )
    for text in legend.get_texts():
        text.set_color(theme.MUTED)
