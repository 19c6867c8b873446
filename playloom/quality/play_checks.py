"""Findings about the play: what the player did, and whether the picture shows it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playloom.quality.findings import Finding, Level
from playloom.quality.input_activity import InputActivity
from playloom.quality.picture import PictureSamples, Span
from playloom.quality.thresholds import QualityThresholds
from playloom.quality.words import clock, counted

_RECORD_AGAIN = "Record the session again"
_TRIM = "The converter trims a leading pause; start recording closer to the play"


def check_inputs(
    activity: InputActivity, frame_times_ns: NDArray[np.int64], limits: QualityThresholds
) -> Iterator[Finding]:
    start_ns = int(frame_times_ns[0])
    if activity.first_ns is None:
        yield Finding(
            code="no-input",
            level=Level.WARNING,
            sentence=f"no control was touched in {counted(activity.snapshots, 'snapshot')}",
            figures={"snapshots": activity.snapshots},
            remedy="Check that the recorder saw the gamepad or keyboard; leave the session out if it holds no play",
        )
        return
    if activity.first_ns > frame_times_ns[-1] or (activity.last_ns or 0) < start_ns:
        yield Finding(
            code="clocks-apart",
            level=Level.FAILED,
            sentence="inputs and frames do not overlap in time: they were recorded on different clocks",
            figures={"first_input_ns": activity.first_ns, "first_frame_ns": start_ns},
            remedy=_RECORD_AGAIN + " with one monotonic clock for both",
        )
        return
    for code, duration_s, limit_s, where, frames in (
        ("dead-start", activity.start_dead_s, limits.max_start_dead_s, "first", activity.frames_before_first_input),
        ("dead-end", activity.end_dead_s, limits.max_end_dead_s, "last", activity.frames_after_last_input),
    ):
        if duration_s > limit_s:
            side = "before" if where == "first" else "after"
            yield Finding(
                code=code,
                level=Level.WARNING,
                sentence=f"{duration_s:.1f} s ({counted(frames, 'frame')}) {side} the {where} input",
                figures={"duration_s": duration_s, "frames": frames},
                remedy=_TRIM if where == "first" else "Stop recording closer to the play",
            )
    if activity.longest_idle_s > limits.max_idle_s and activity.longest_idle_start_ns is not None:
        at_s = (activity.longest_idle_start_ns - start_ns) / 1e9
        yield Finding(
            code="idle",
            level=Level.WARNING,
            sentence=f"nothing was pressed for {activity.longest_idle_s:.1f} s from {clock(at_s)}",
            figures={"duration_s": activity.longest_idle_s, "start_s": at_s},
            remedy="Pause the recording in menus and breaks, or leave the session out",
        )
    if activity.changes_per_s < limits.min_input_rate and frame_times_ns[-1] > start_ns:
        yield Finding(
            code="input-rate",
            level=Level.WARNING,
            sentence=f"the inputs change only {activity.changes_per_s:.2f} times a second",
            figures={"changes_per_s": activity.changes_per_s},
            remedy="Check that the recorder saw every gamepad and the keyboard",
        )
    if activity.short_tap_count > limits.max_short_taps * activity.press_count:
        most = sorted(activity.short_taps.items(), key=lambda item: -item[1])
        named = ", ".join(f"{control} {count}" for control, count in most[:4]) + (" …" if len(most) > 4 else "")
        share = activity.short_tap_count / activity.press_count
        yield Finding(
            code="short-taps",
            level=Level.WARNING,
            sentence=f"{counted(activity.short_tap_count, 'press', 'presses')} of {activity.press_count:,} "
            f"({share:.1%}) fell between two frames: {named}",
            figures={"count": activity.short_tap_count, "presses": activity.press_count},
            remedy="Convert with --short-taps to keep them, or record at a higher rate",
        )


def check_picture(
    samples: PictureSamples,
    black: tuple[Span, ...],
    frozen: tuple[Span, ...],
    *,
    frame_times_ns: NDArray[np.int64],
    black_luma: float,
) -> Iterator[Finding]:
    start_ns, end_ns = int(frame_times_ns[0]), int(frame_times_ns[-1])
    if not len(samples):
        yield Finding(
            code="undecodable",
            level=Level.FAILED,
            sentence="none of the video's pictures could be decoded",
            remedy=f"Play the video in a player; if it shows nothing, {_RECORD_AGAIN.lower()}",
        )
        return
    if bool(np.all(samples.brightness <= black_luma)):
        yield Finding(
            code="black",
            level=Level.FAILED,
            sentence=f"the picture is black throughout ({counted(len(samples), 'picture')} looked at)",
            figures={"pictures": len(samples)},
            remedy="Capture the game's window, or run the game in borderless mode: exclusive full screen "
            "cannot always be captured",
        )
    elif black:
        yield _span_finding("black", "the picture is black", black, start_ns, end_ns, Level.WARNING, None)
    if frozen:
        share = sum(span.duration_s for span in frozen) * 1e9 / max(1, end_ns - start_ns)
        level = Level.FAILED if share > 0.9 else Level.WARNING
        remedy = "The capture lost the game's window: check what was captured, and leave the stretch out"
        yield _span_finding(
            "frozen", "the picture stands still while inputs change", frozen, start_ns, end_ns, level, remedy
        )


def _span_finding(
    code: str, what: str, spans: tuple[Span, ...], start_ns: int, end_ns: int, level: Level, remedy: str | None
) -> Finding:
    longest = max(spans, key=lambda span: span.duration_s)
    total_s = sum(span.duration_s for span in spans)
    at_s = (longest.start_ns - start_ns) / 1e9
    share = total_s * 1e9 / max(1, end_ns - start_ns)
    return Finding(
        code=code,
        level=level,
        sentence=f"{what} for {total_s:.1f} s ({share:.0%}) in {counted(len(spans), 'stretch', 'stretches')}, "
        f"the longest {longest.duration_s:.1f} s from {clock(at_s)}",
        figures={"count": len(spans), "total_s": total_s, "longest_s": longest.duration_s, "longest_start_s": at_s},
        remedy=remedy or "Look at the stretch; leave it out if it is not the game's own",
    )
