"""Findings about the frames: when they came, what the recorder counted, and whether video and sync.csv agree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from playloom.quality.findings import Finding, Level
from playloom.quality.frame_timing import FrameTiming
from playloom.quality.thresholds import QualityThresholds
from playloom.quality.words import clock, counted
from playloom.recording.mp4_index import VideoIndex
from playloom.recording.sync_table import SyncTable

_LIGHTEN = "Lower the capture size or rate, or close what competes for the PC"


def check_timing(timing: FrameTiming, limits: QualityThresholds) -> Iterator[Finding]:
    if timing.backward_rows:
        failed = len(timing.backward_rows) > limits.max_backward * timing.frames
        yield Finding(
            code="clock-backwards",
            level=Level.FAILED if failed else Level.WARNING,
            sentence=f"{counted(len(timing.backward_rows), 'row')} of sync.csv out of the order of time, "
            f"first row {timing.backward_rows[0]}",
            figures={"count": len(timing.backward_rows), "first_row": timing.backward_rows[0]},
            remedy="Its times cannot be trusted; record the session again"
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
            remedy="Record the session again, or leave it out",
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
    if video.settings_change is not None:
        yield Finding(
            code="settings-change",
            level=Level.WARNING,
            sentence="the pictures' size or encoding changes in the middle of the video",
            figures={"packet": video.settings_change},
            remedy="Conversion has to transcode it, and scales every picture to one size; record without changing "
            "the game's resolution",
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
