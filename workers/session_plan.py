"""What becomes of one session: which frames stay, in which episodes, and whether its video is copied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playloom.errors import RecordingError
from workers.episodes import (
    MIN_EPISODE_FRAMES,
    Piece,
    cut_at_keyframes,
    cut_to_length,
    resample,
    split_at_gaps,
    split_at_lost_frames,
)
from workers.frame_times import average_fps
from workers.options import MAX_FILE_S, MAX_RATE_DEVIATION, VideoPath
from workers.timeline import Timeline
from workers.trim import leading_idle_frames
from workers.video.copy import not_copyable

DISCARDED = "parts of it were discarded"
"""Why a session with discarded or paused spans is not copied."""


@dataclass(frozen=True, kw_only=True)
class SessionPlan:
    """The episodes of one session.

    Attributes:
        copied: whether the video's packets are copied; else it is transcoded.
        pieces: one for each episode.
        notes: what was left out or decided, a sentence each.
    """

    copied: bool
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...]


def plan_session(
    timeline: Timeline,
    video: Path,
    *,
    first_input_ns: int | None,
    max_pre_action_ns: int | None,
    max_gap_ns: int,
    fps: int,
    video_path: VideoPath,
    why_not_copy: str | None,
) -> SessionPlan:
    """Decide what becomes of the frames of ``timeline``.

    Args:
        timeline: the session's frames.
        video: its video file, to name it.
        first_input_ns: when the first input was recorded, None if there is none.
        max_pre_action_ns: see `leading_idle_frames`.
        max_gap_ns: a longer time between two frames splits the episode.
        fps: the dataset's.
        video_path: what was asked for.
        why_not_copy: why the packets cannot be copied, None where they can.

    Raises:
        RecordingError: no frame stays, or the video cannot be copied and nothing else was allowed.
    """
    notes = []
    idle = leading_idle_frames(timeline.frames.times_ns, first_input_ns, max_pre_action_ns)
    kept = timeline.frames[idle:]
    if len(kept) < MIN_EPISODE_FRAMES:
        raise RecordingError(
            video,
            "no frames are left: the first input came after the last of them",
            remedy="Give a larger --max-pre-action-seconds",
        )
    pieces = split_at_gaps(kept, max_gap_ns)
    if len(pieces) > 1:
        notes.append(f"split into {len(pieces)} episodes at gaps of more than {max_gap_ns / 1e9:g} s")
    rate = average_fps(kept.times_ns, max_gap_ns)
    same_rate = rate is None or abs(rate / fps - 1) <= MAX_RATE_DEVIATION
    if not same_rate:
        why_not_copy = f"it runs at {rate:.2f} frames a second, the dataset at {fps}"
    max_frames = MAX_FILE_S * fps
    if timeline.discarded:
        notes.append(f"left out {timeline.discarded} frames that were discarded or recorded in a pause")
        # Packets after them may need theirs to decode, which would carry them into the dataset unseen.
        why_not_copy = DISCARDED
    if video_path is not VideoPath.TRANSCODE and why_not_copy is None:
        copied = _cut_for_copying(pieces, timeline, max_frames)
        if copied is not None:
            return _plan(copied, copied=True, notes=notes, video=video)
        why_not_copy = f"its keyframes are further apart than the {MAX_FILE_S} s that a video file may last"
    if video_path is VideoPath.COPY:
        assert why_not_copy is not None
        raise not_copyable(video, why_not_copy)
    if video_path is VideoPath.AUTO:
        notes.append(f"transcoded, because {why_not_copy}")
    if not same_rate:
        pieces = [resample(piece, fps) for piece in pieces]
        notes.append(f"resampled from {rate:.2f} to {fps} frames a second")
    parts = [part for piece in pieces for part in cut_to_length(piece, max_frames)]
    return _plan(parts, copied=False, notes=notes, video=video)


def _cut_for_copying(pieces: list[Piece], timeline: Timeline, max_frames: int) -> list[Piece] | None:
    keyframes = timeline.keyframes
    parts = []
    for piece in pieces:
        for run in split_at_lost_frames(piece):
            cut = cut_at_keyframes(run, max_frames, keyframes)
            if cut is None:
                return None
            parts.extend(cut)
    return parts


def _plan(parts: list[Piece], *, copied: bool, notes: list[str], video: Path) -> SessionPlan:
    long_enough = [part for part in parts if len(part) >= MIN_EPISODE_FRAMES]
    dropped = len(parts) - len(long_enough)
    if dropped:
        notes.append(f"dropped {dropped} pieces of fewer than {MIN_EPISODE_FRAMES} frames")
    if not long_enough:
        raise RecordingError(
            video,
            f"every piece between gaps is shorter than {MIN_EPISODE_FRAMES} frames",
            remedy="Give a larger --max-gap-seconds",
        )
    return SessionPlan(copied=copied, pieces=tuple(long_enough), notes=tuple(notes))
