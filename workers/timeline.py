"""What one session says about its frames: which there are, when each was seen, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.session import Session
from playloom.recording.sync_table import read_sync
from playloom.recording.time_order import repair_times
from workers.episodes import MIN_EPISODE_FRAMES, Piece
from workers.frame_times import MAX_FAULTY_TIMES, pair_rows_with_frames
from workers.video.copy import first_decodable_frame

LEFT_OUT_MARKS = ("discard", "pause")
"""Spans of a recording that no dataset gets to see."""

MAX_STANDING_TIMES = 0.5
"""The part of rows that may repeat the time before them: beyond it the clock stood still."""

MAX_APART_NS = 500_000_000
"""How far the times of sync.csv's pts and of the video may drift apart unnoticed; jitter stays far below."""

_UNTRUSTED = "Its times cannot be trusted; record the session again"


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A session's usable frames in the order in which they are shown.

    Attributes:
        index: of the video.
        frames: all usable frames with their times and their rows of sync.csv, as one piece.
        faults: what was lost or had to be repaired, a sentence each; strict conversion accepts none.
        notes: what is odd about it and costs nothing, a sentence each.
        discarded: how many frames the player has discarded or were recorded in a pause; they are not in ``frames``.
    """

    index: VideoIndex
    frames: Piece
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    discarded: int

    @property
    def keyframes(self) -> NDArray[np.int64]:
        """int64[k]: the presentation positions of the video's keyframes, increasing."""
        return np.flatnonzero(self.index.keyframe[self.index.presentation_order]).astype(np.int64)

    @property
    def shown_size(self) -> tuple[int, int]:
        """(width, height) of the picture as it is meant to be seen, rotation applied."""
        width, height = self.index.width, self.index.height
        return (height, width) if self.index.rotation % 180 else (width, height)


def read_timeline(session: Session) -> Timeline:
    """Read a session's video index and frame times.

    Raises:
        RecordingError: the video or sync.csv cannot be used; names the file and the fault.
    """
    index = index_video(session.video_path)
    sync, sync_damage = read_sync(session.sync_path)
    faults = [*_told_faults(session), *(str(damage) for damage in (*index.damage, *sync_damage))]
    recorded_ns, places = _recorded_frames(index)
    pairing = pair_rows_with_frames(sync.pts_ns, recorded_ns, _encoder_shift_ns(index))
    if pairing.problem is not None:
        faults.append(f"{session.sync_path}: {pairing.problem}")
    places = places[pairing.frames]
    decodable = places >= first_decodable_frame(index)
    rows, frames = pairing.rows[decodable], places[decodable]
    if len(frames) < len(places):
        lost = len(places) - len(frames)
        faults.append(f"{session.video_path}: does not begin with a keyframe; its first {lost} frames are lost")
    if len(frames) < MIN_EPISODE_FRAMES:
        raise RecordingError(
            session.video_path,
            f"has {len(frames)} usable frames (of {len(index.pts)}, with {len(sync.pts_ns)} rows in sync.csv)",
            remedy=f"An episode needs at least {MIN_EPISODE_FRAMES}",
        )
    _check_clock(session, sync.monotonic_ns[rows])
    times_ns, faulty = repair_times(sync.monotonic_ns[rows])
    if len(faulty):
        wrong = rows[faulty]
        if len(faulty) > MAX_FAULTY_TIMES * len(times_ns):
            raise RecordingError(
                session.sync_path,
                f"{len(faulty)} of {len(times_ns)} rows step back in time",
                place=f"row {wrong[0] + 1}",
                remedy=_UNTRUSTED,
            )
        faults.append(
            f"{session.sync_path}, row {wrong[0] + 1}: {len(faulty)} rows are out of the order of time; "
            "they got the time between their neighbours"
        )
    kept = _not_discarded(session, times_ns)
    if np.count_nonzero(kept) < MIN_EPISODE_FRAMES:
        raise RecordingError(session.path, "the player has discarded all of it")
    return Timeline(
        index=index,
        frames=Piece(frames=frames[kept], times_ns=times_ns[kept], rows=rows[kept]),
        faults=tuple(faults),
        notes=tuple(_disagreement(session, sync.pts_ns[rows], index.presentation_ns[frames])),
        discarded=int(np.count_nonzero(~kept)),
    )


def _check_clock(session: Session, times_ns: NDArray[np.int64]) -> None:
    standing = np.diff(times_ns) == 0
    if np.count_nonzero(standing) > MAX_STANDING_TIMES * len(standing):
        raise RecordingError(
            session.sync_path,
            f"{np.count_nonzero(standing)} of {len(times_ns)} rows repeat the time of the row before",
            place=f"row {int(np.argmax(standing)) + 2}",
            remedy=_UNTRUSTED,
        )


def _disagreement(session: Session, told_ns: NDArray[np.int64], shown_ns: NDArray[np.int64]) -> Iterator[str]:
    """A note where sync.csv and the video tell frames' places in the video apart by more than they ever should."""
    timed = told_ns >= 0
    told_ns, shown_ns = told_ns[timed], shown_ns[timed]
    if len(told_ns):
        apart_ns = int(np.abs((told_ns - told_ns[0]) - (shown_ns - shown_ns[0])).max())
        if apart_ns > MAX_APART_NS:
            yield (
                f"{session.sync_path.name} and {session.video_path.name} disagree by up to {apart_ns / 1e9:.1f} s "
                "about when frames are shown; they were matched by their order"
            )


def _told_faults(session: Session) -> Iterator[str]:
    """What session.json says of its own recording: that it was cut off, or that its files were other ones."""
    if session.info is None:
        return
    if session.info.recovery is not None:
        lost = "; ".join(session.info.recovery.lost) or "nothing that could be found out"
        yield f"{session.path}: the recording was cut off and recovered; lost: {lost}"
    for path in (session.video_path, session.sync_path, session.inputs_path):
        told = session.info.files.get(path.name)
        if told is not None and told.bytes != path.stat().st_size:
            yield f"{path}: has {path.stat().st_size} bytes, session.json tells of {told.bytes}"


def _recorded_frames(index: VideoIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All frames that were recorded, those that cannot be shown for want of a keyframe before them included.

    Returns:
        Their times in nanoseconds, int64[n], increasing, and their presentation positions, int64[n], -1 where a frame
        is not shown.
    """
    if not index.hidden.any():
        return index.presentation_ns, np.arange(index.frames, dtype=np.int64)
    order = np.argsort(index.pts, kind="stable")
    order = order[~index.hidden[order] | (index.pts[order] >= 0)]  # before 0 is what an edit has cut off
    shown = ~index.hidden[order]
    times_ns = np.round(index.pts[order] * (float(index.time_base) * 1e9)).astype(np.int64)
    return times_ns, np.where(shown, np.cumsum(shown) - 1, -1)


def _encoder_shift_ns(index: VideoIndex) -> int:
    """By how much B-frames have made all frames late: by the time between decoding and showing the first of them.

    A file with an edit list has been put right, and decodes its first frame before time 0.
    """
    if not len(index.pts) or index.dts[0] < 0:
        return 0
    return round(int(index.pts[0] - index.dts[0]) * float(index.time_base) * 1e9)


def _not_discarded(session: Session, times_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    kept = np.ones(len(times_ns), np.bool_)
    for mark in () if session.info is None else session.info.marks:
        if mark.kind in LEFT_OUT_MARKS and mark.end_ns is not None:
            kept &= (times_ns < mark.begin_ns) | (times_ns >= mark.end_ns)
    return kept
