"""One session's quality: every measure, every finding, the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.quality import file_checks, frame_checks, play_checks
from playloom.quality.findings import Finding, Level, Verdict, verdict_of
from playloom.quality.frame_timing import FrameTiming, measure_frame_timing
from playloom.quality.input_activity import InputActivity, changed, measure_input_activity
from playloom.quality.picture import (
    PictureSamples,
    Span,
    black_spans,
    choose_frames,
    frozen_spans,
    sample_pictures,
)
from playloom.quality.thresholds import QualityThresholds
from playloom.recording.damage import Damage
from playloom.recording.input_stream import read_inputs
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.session import INPUTS_FILE, SYNC_FILE, VIDEO_FILE
from playloom.recording.session_info import INFO_FILE, SessionInfo, file_record, read_session_info
from playloom.recording.sync_table import SyncTable, read_sync
from playloom.recording.time_order import repair_times
from playloom.recording.video_frames import VideoFrames

LEFT_OUT_MARKS = ("pause", "discard")


@dataclass(frozen=True, kw_only=True)
class SessionParts:
    """What could be read of a session; None where a file could not.

    Attributes:
        path: the session's directory.
        info: session.json.
        sync: sync.csv.
        inputs: actions.bin, whole.
        video: the video's index.
    """

    path: Path
    info: SessionInfo | None
    sync: SyncTable | None
    inputs: InputTable | None
    video: VideoIndex | None

    @cached_property
    def frame_times_ns(self) -> NDArray[np.int64]:
        """int64[n], in order: the frames' times; empty where sync.csv could not be read."""
        return np.zeros(0, np.int64) if self.sync is None else repair_times(self.sync.monotonic_ns)[0]


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """What the video is."""

    frames: int
    keyframes: int
    codec: str
    width: int
    height: int
    pixel_format: str | None
    rotation_degrees: int
    b_frames: bool
    audio_tracks: int

    @classmethod
    def of(cls, index: VideoIndex) -> VideoFacts:
        return cls(
            frames=index.frames,
            keyframes=int(np.count_nonzero(index.keyframe)),
            codec=index.codec,
            width=index.width,
            height=index.height,
            pixel_format=index.pixel_format,
            rotation_degrees=index.rotation,
            b_frames=index.has_b_frames,
            audio_tracks=index.audio_tracks,
        )


@dataclass(frozen=True, kw_only=True)
class PictureReport:
    """What the sampled pictures showed."""

    samples: PictureSamples
    black: tuple[Span, ...]
    frozen: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class SessionQuality:
    """Everything that `validate_session` found out.

    Attributes:
        path: the session's directory.
        session_id: session.json's, else the directory's name.
        verdict: follows from the findings.
        findings: the reasons, worst first.
        file_bytes: size of each file of the session; None where it is missing.
        info: session.json; None where there is none.
        timing, inputs, video, picture: the measures; None where the file could not be read or was not looked at.
        parts: what was read, for whoever draws the session; None where that was let go to save memory.
    """

    path: Path
    session_id: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    file_bytes: Mapping[str, int | None]
    info: SessionInfo | None
    timing: FrameTiming | None
    inputs: InputActivity | None
    video: VideoFacts | None
    picture: PictureReport | None
    parts: SessionParts | None


def validate_session(
    path: Path,
    thresholds: QualityThresholds | None = None,
    *,
    verify_hashes: bool = False,
    look_at_picture: bool = True,
) -> SessionQuality:
    """Read a session, measure it and judge it. Bad recordings are findings, never exceptions.

    Args:
        path: the session's directory.
        thresholds: from where on something is worth a warning; the defaults where None.
        verify_hashes: also read every file that session.json lists and compare its SHA-256.
        look_at_picture: decode sampled pictures to find black and frozen stretches.
    """
    thresholds = thresholds or QualityThresholds()
    findings: list[Finding] = []
    file_bytes = {name: _size(path / name) for name in (VIDEO_FILE, SYNC_FILE, INPUTS_FILE, INFO_FILE)}
    parts = _read_parts(path, file_bytes, findings)
    if parts.info is not None:
        listed = [(name, file.bytes, file.sha256) for name, file in parts.info.files.items()]
        findings += file_checks.check_files(
            listed, path, (lambda file: file_record(file).sha256) if verify_hashes else None
        )
        findings += file_checks.check_recovery(parts.info)

    timing = activity = picture = None
    times_ns = parts.frame_times_ns
    if parts.sync is not None:
        timing = measure_frame_timing(
            parts.sync.monotonic_ns,
            nominal_fps=_recorded_fps(parts.info),
            gap_frames=thresholds.gap_frames,
            left_out=left_out_spans(parts.info),
        )
        findings += frame_checks.check_timing(timing, thresholds)
        if parts.info is not None:
            counts = parts.info.counts
            findings += frame_checks.check_counts(
                frames=counts.frames,
                dropped=counts.dropped,
                late=counts.late,
                repeated=counts.repeated,
                limits=thresholds,
            )
    if parts.inputs is not None and len(times_ns):
        activity = measure_input_activity(
            parts.inputs, times_ns, axis_threshold=thresholds.axis_threshold, left_out=left_out_spans(parts.info)
        )
        findings += play_checks.check_inputs(activity, times_ns, thresholds)
    if parts.video is not None:
        findings += frame_checks.check_video(parts.video)
        if parts.sync is not None and timing is not None:
            findings += frame_checks.check_sync_against_video(parts.sync, parts.video, timing, thresholds)
            if look_at_picture and len(times_ns):
                picture = _look(parts, times_ns, timing, thresholds)
                findings += play_checks.check_picture(
                    picture.samples,
                    picture.black,
                    picture.frozen,
                    frame_times_ns=times_ns,
                    black_luma=thresholds.black_luma,
                )
    findings.sort(key=lambda finding: list(Level).index(finding.level), reverse=True)
    return SessionQuality(
        path=path,
        session_id=parts.info.session_id if parts.info is not None else path.resolve().name,
        verdict=verdict_of(findings),
        findings=tuple(findings),
        file_bytes=file_bytes,
        info=parts.info,
        timing=timing,
        inputs=activity,
        video=None if parts.video is None else VideoFacts.of(parts.video),
        picture=picture,
        parts=parts,
    )


def left_out_spans(info: SessionInfo | None) -> tuple[tuple[int, int], ...]:
    """(begin, end) of what the player paused or discarded, in nanoseconds."""
    return tuple(
        (mark.begin_ns, mark.end_ns)
        for mark in (() if info is None else info.marks)
        if mark.kind in LEFT_OUT_MARKS and mark.end_ns is not None
    )


def _read_parts(path: Path, file_bytes: Mapping[str, int | None], findings: list[Finding]) -> SessionParts:
    def attempt[T](name: str, read: Callable[[Path], tuple[T, list[Damage]]]) -> T | None:
        if not file_bytes[name]:
            missing = not os.path.lexists(path / name)
            findings.append(
                file_checks.missing_file(name, empty=file_bytes[name] == 0)
                if missing or file_bytes[name] == 0
                else file_checks.no_file(name)
            )
            return None
        try:
            result, damage = read(path / name)
        except RecordingError as error:
            findings.append(file_checks.unusable_file(name, error))
            return None
        findings.extend(
            file_checks.damaged_file(name, each) for each in damage if not file_checks.is_told_by_timing(each)
        )
        return result

    info = None
    if not os.path.lexists(path / INFO_FILE):
        findings.append(file_checks.no_session_info())
    else:
        info = attempt(INFO_FILE, lambda file: (read_session_info(file), []))
    inputs_record = None if info is None else info.files.get(INPUTS_FILE)
    says_no_input = file_bytes[INPUTS_FILE] == 0 and inputs_record is not None and inputs_record.bytes == 0
    return SessionParts(
        path=path,
        info=info,
        sync=attempt(SYNC_FILE, read_sync),
        inputs=InputTable.zeros(0) if says_no_input else attempt(INPUTS_FILE, read_inputs),
        video=attempt(VIDEO_FILE, _read_video),
    )


def _recorded_fps(info: SessionInfo | None) -> float | None:
    return None if info is None or info.capture_profile is None else float(info.capture_profile.fps)


def _read_video(path: Path) -> tuple[VideoIndex, list[Damage]]:
    index = index_video(path)
    return index, index.damage


def _look(
    parts: SessionParts, times_ns: NDArray[np.int64], timing: FrameTiming, thresholds: QualityThresholds
) -> PictureReport:
    assert parts.video is not None
    # A stretch is seen when two pictures lie in it, so look four times as often as the shortest one of interest.
    interval_frames = min(thresholds.max_black_s, thresholds.max_frozen_s) / 4 * (timing.fps or 30.0)
    with VideoFrames(parts.path / VIDEO_FILE, parts.video) as video:
        samples = sample_pictures(video, choose_frames(video.keyframes, len(video), interval_frames))
    changes_ns = np.zeros(0, np.int64)
    if parts.inputs is not None:
        active = changed(parts.inputs, axis_threshold=thresholds.axis_threshold)
        changes_ns = parts.inputs.monotonic_ns[active]
    return PictureReport(
        samples=samples,
        black=tuple(
            black_spans(samples, times_ns, black_luma=thresholds.black_luma, min_duration_s=thresholds.max_black_s)
        ),
        frozen=tuple(
            frozen_spans(
                samples,
                times_ns,
                changes_ns,
                min_duration_s=thresholds.max_frozen_s,
                min_inputs=thresholds.min_frozen_inputs,
            )
        ),
    )


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
