"""From measures and thresholds to findings: which figure is worth which sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.quality.findings import Finding, Level
from playloom.quality.frame_timing import FrameTiming
from playloom.quality.input_activity import InputActivity
from playloom.quality.picture import PictureSamples, Span
from playloom.quality.thresholds import QualityThresholds
from playloom.recording.damage import Damage
from playloom.recording.mp4_index import VideoIndex
from playloom.recording.session_info import SessionInfo
from playloom.recording.sync_table import SyncTable

_RECORD_AGAIN = "Record the session again"
_LIGHTEN = "Lower the capture size or rate, or close what competes for the PC"
_TRIM = "The converter trims a leading pause; start recording closer to the play"


def clock(seconds: float) -> str:
    """``83.4`` → ``1:23.4``: where in the recording."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def counted(count: int, what: str, many: str | None = None) -> str:
    """``1, "gap"`` → ``1 gap``; ``2, "gap"`` → ``2 gaps``."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"


# --- files -----------------------------------------------------------------------------------------------------------


def missing_file(name: str, *, empty: bool) -> Finding:
    return Finding(
        code="empty-file" if empty else "missing-file",
        level=Level.FAILED,
        sentence=f"{name} is {'empty' if empty else 'missing'}",
        figures={"file": name},
        remedy=f"Copy it from the PC that recorded the session, or {_RECORD_AGAIN.lower()}",
    )


def unusable_file(name: str, error: RecordingError) -> Finding:
    place = "" if error.place is None else f", {error.place}"
    return Finding(
        code="unusable-file",
        level=Level.FAILED,
        sentence=f"{name}{place}: {error.problem}",
        figures={"file": name},
        remedy=error.remedy or _RECORD_AGAIN,
    )


def damaged_file(name: str, damage: Damage) -> Finding:
    return Finding(
        code="damaged-file",
        level=Level.WARNING,
        sentence=f"{name}{damage.place and ', '}{damage.place}: {damage.problem}",
        figures={"file": name},
        remedy="What could be read is used; look at the place before you rely on it",
    )


def is_told_by_timing(damage: Damage) -> bool:
    """Whether `check_timing` says the same with its figures."""
    return damage.problem.endswith(("earlier than the row before", "the same time as the row before"))


def no_session_info() -> Finding:
    return Finding(
        code="no-session-info",
        level=Level.NOTE,
        sentence="session.json is missing: another recorder made this session, or Playloom's was interrupted",
        remedy="Nothing needs doing; player, game and drop figures are not known",
    )


def check_files(
    listed: Iterable[tuple[str, int, str]], path: Path, sha256: Callable[[Path], str] | None
) -> Iterator[Finding]:
    """Compare what session.json says of each file (name, bytes, SHA-256) with what is there.

    Args:
        listed: what session.json says.
        path: the session's directory.
        sha256: hashes a file; None leaves the hashes alone.
    """
    for name, size_bytes, digest in listed:
        file = path / name
        if not file.is_file():
            if name not in ("capture.mp4", "sync.csv", "actions.bin"):  # those are reported anyway
                yield missing_file(name, empty=False)
            continue
        found_bytes = file.stat().st_size
        if found_bytes != size_bytes:
            yield Finding(
                code="file-size",
                level=Level.FAILED,
                sentence=f"{name} has {found_bytes:,} bytes, session.json says {size_bytes:,}",
                figures={"file": name, "bytes": found_bytes, "expected_bytes": size_bytes},
                remedy="Copy the file again from the PC that recorded it",
            )
        elif sha256 is not None and sha256(file) != digest:
            yield Finding(
                code="file-hash",
                level=Level.FAILED,
                sentence=f"{name} is not what was recorded: its SHA-256 differs from session.json's",
                figures={"file": name},
                remedy="Copy the file again from the PC that recorded it",
            )


def check_recovery(info: SessionInfo) -> Iterator[Finding]:
    if info.recovery is not None:
        lost = "; ".join(info.recovery.lost) or "nothing is known to be lost"
        yield Finding(
            code="recovered",
            level=Level.WARNING,
            sentence=f"the recording was cut off and made readable again: {lost}",
            remedy="Look at its end before you rely on it",
        )


# --- frames ----------------------------------------------------------------------------------------------------------


def check_timing(timing: FrameTiming, limits: QualityThresholds) -> Iterator[Finding]:
    if timing.backward_rows:
        failed = len(timing.backward_rows) > limits.max_backward * timing.frames
        yield Finding(
            code="clock-backwards",
            level=Level.FAILED if failed else Level.WARNING,
            sentence=f"{counted(len(timing.backward_rows), 'row')} of sync.csv out of the order of time, "
            f"first row {timing.backward_rows[0]}",
            figures={"count": len(timing.backward_rows), "first_row": timing.backward_rows[0]},
            remedy=f"Its times cannot be trusted; {_RECORD_AGAIN.lower()}"
            if failed
            else "Conversion gives these frames the time between their neighbours; look at the recorder's clock",
        )
    if timing.repeated_rows:
        yield Finding(
            code="repeated-times",
            level=Level.WARNING,
            sentence=f"{counted(len(timing.repeated_rows), 'frame')} at the same time as the frame before, "
            f"first at row {timing.repeated_rows[0]} of sync.csv",
            figures={"count": len(timing.repeated_rows), "first_row": timing.repeated_rows[0]},
            remedy="Look at the recorder: two frames cannot have been captured at once",
        )
    if timing.duration_s < limits.min_duration_s:
        yield Finding(
            code="short-session",
            level=Level.WARNING,
            sentence=f"the session lasts only {timing.duration_s:.2f} s",
            figures={"duration_s": timing.duration_s},
            remedy=f"{_RECORD_AGAIN}, or leave it out",
        )
    if not timing.nominal_fps or not timing.duration_s:
        return
    longest = timing.longest_gap
    missing_share = timing.missing_frames / (timing.frames + timing.missing_frames)
    if longest is not None and (longest.duration_ns / 1e9 > limits.max_gap_s or missing_share > limits.max_missing):
        at_s = (longest.start_ns - timing.start_ns) / 1e9
        yield Finding(
            code="gap",
            level=Level.WARNING,
            sentence=f"{counted(len(timing.gaps), 'gap')} without frames, "
            f"the longest {longest.duration_ns / 1e9:.2f} s "
            f"at {clock(at_s)} (after frame {longest.frame}); "
            f"{counted(timing.missing_frames, 'frame')} missing ({missing_share:.1%})",
            figures={
                "count": len(timing.gaps),
                "longest_s": longest.duration_ns / 1e9,
                "longest_at_s": at_s,
                "missing_frames": timing.missing_frames,
            },
            remedy=f"{_LIGHTEN}; conversion splits the episode at long gaps",
        )
    else:
        deviation = abs(timing.fps / timing.nominal_fps - 1)
        if deviation > limits.max_fps_deviation:
            yield Finding(
                code="frame-rate",
                level=Level.WARNING,
                sentence=f"{timing.fps:.2f} frames a second instead of {timing.nominal_fps:g} ({deviation:.1%} off)",
                figures={"fps": timing.fps, "nominal_fps": timing.nominal_fps},
                remedy=_LIGHTEN,
            )
    jitter_frames = timing.jitter_p95_ms * 1e6 / timing.interval_ns
    if jitter_frames > limits.max_jitter:
        yield Finding(
            code="jitter",
            level=Level.WARNING,
            sentence=f"frames come unevenly: 5 % of the intervals are off by {timing.jitter_p95_ms:.1f} ms or more "
            f"(a frame lasts {timing.interval_ns / 1e6:.1f} ms)",
            figures={"jitter_p95_ms": timing.jitter_p95_ms, "interval_ms": timing.interval_ns / 1e6},
            remedy=_LIGHTEN,
        )


def check_counts(
    *, frames: int, dropped: int, late: int, repeated: int, limits: QualityThresholds
) -> Iterator[Finding]:
    """What the recorder itself counted, from session.json."""
    total = frames + dropped
    for code, count, limit, what in (
        ("dropped-frames", dropped, limits.max_dropped, "the recorder dropped {}"),
        ("late-frames", late, limits.max_late, "{} came late"),
        ("repeated-frames", repeated, limits.max_repeated, "{} repeated because the screen did not change in time"),
    ):
        if total and count / total > limit:
            sentence = what.format(f"{counted(count, 'frame')} of {total:,} ({count / total:.1%})")
            yield Finding(
                code=code,
                level=Level.WARNING,
                sentence=sentence,
                figures={"count": count, "frames": total},
                remedy=_LIGHTEN if code != "repeated-frames" else "Record at the rate at which the game draws",
            )


def check_video(video: VideoIndex) -> Iterator[Finding]:
    if video.audio_tracks:
        yield Finding(
            code="audio",
            level=Level.NOTE,
            sentence=f"the video has {counted(video.audio_tracks, 'audio track')}; conversion leaves them out",
            figures={"audio_tracks": video.audio_tracks},
        )
    if video.rotation:
        yield Finding(
            code="rotation",
            level=Level.NOTE,
            sentence=f"the video is turned by {video.rotation} degrees",
            figures={"rotation_degrees": video.rotation},
        )


def check_sync_against_video(
    sync: SyncTable, video: VideoIndex, timing: FrameTiming, limits: QualityThresholds
) -> Iterator[Finding]:
    frames, rows = video.frames, len(sync.monotonic_ns)
    common = min(frames, rows)
    if frames != rows:
        share = abs(frames - rows) / max(frames, rows)
        lost = "the last frames have no time" if frames > rows else "the last rows have no picture"
        yield Finding(
            code="frame-count",
            level=Level.FAILED if share > limits.max_count_difference else Level.WARNING,
            sentence=f"the video has {counted(frames, 'frame')}, sync.csv {counted(rows, 'row')}: {lost}",
            figures={"video_frames": frames, "sync_rows": rows},
            remedy="Frames and rows are matched by order from the start; look whether the recording was cut short",
        )
    if not common or not timing.interval_ns:
        return
    timed = np.flatnonzero(sync.pts_ns[:common] >= 0)
    if not len(timed):
        return
    video_ns, pts_ns = video.presentation_ns[timed], sync.pts_ns[timed]
    errors_ns = np.abs((pts_ns - pts_ns[0]) - (video_ns - video_ns[0]))
    wrong = timed[errors_ns > limits.max_pts_error_frames * timing.interval_ns]
    if len(wrong):
        yield Finding(
            code="pts-mismatch",
            level=Level.WARNING,
            sentence=f"sync.csv and the video disagree about the time of {counted(len(wrong), 'frame')}, "
            f"by up to {errors_ns.max() / 1e6:.1f} ms, first at frame {wrong[0]}",
            figures={
                "count": len(wrong),
                "largest_ms": float(errors_ns.max() / 1e6),
                "first_frame": int(wrong[0]),
            },
            remedy="A frame may be missing in one of the two: step through with --mode step and compare",
        )


# --- inputs ----------------------------------------------------------------------------------------------------------


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


# --- picture ---------------------------------------------------------------------------------------------------------


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
