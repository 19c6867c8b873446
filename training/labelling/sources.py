"""What is to be labelled: videos, directories of them, and sessions whose input nobody recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import PlayloomError, RecordingError
from playloom.labels.labels_file import video_signature
from playloom.recording.input_stream import InputReader
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.mp4_scan import scan_video
from playloom.recording.session import INPUTS_FILE, SYNC_FILE, VIDEO_FILE, find_sessions, is_session
from playloom.recording.session_info import INFO_FILE, read_session_info
from playloom.recording.sync_table import read_sync

MP4_SUFFIXES = (".mp4", ".m4v", ".mov")
VIDEO_SUFFIXES = (*MP4_SUFFIXES, ".mkv", ".webm")
LEFT_OUT_MARKS = ("discard", "pause")
"""Spans of a recording that no dataset gets to see."""

MAX_STEM = 80
DISCARDED = "parts of it were discarded"


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """One video to be labelled.

    Attributes:
        video: the file.
        name: what it is called in labels and dataset.
        signature: see `video_signature`.
        session: the directory, where the video is a session's.
        player, session_id, task: as far as they are known.
        terms: under which it may be used.
        left_out_ns: (begin, end) of what the player discarded, on the session's clock.
    """

    video: Path
    name: str
    signature: str
    session: Path | None = None
    player: str = ""
    session_id: str = ""
    task: str = ""
    terms: tuple[str, ...] = ()
    left_out_ns: tuple[tuple[int, int], ...] = ()

    def times(self, index: VideoIndex) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """When each frame was seen, int64[frames], and whether it may be labelled, bool[frames].

        Raises:
            RecordingError: parts were discarded, and nobody can tell which.
        """
        shown_ns = index.presentation_ns
        usable = np.ones(len(shown_ns), np.bool_)
        if self.session is None or not (self.session / SYNC_FILE).is_file():
            if self.left_out_ns:
                raise RecordingError(self.video, "parts of it were discarded, and without sync.csv nobody knows which")
            return shown_ns, usable
        sync, _ = read_sync(self.session / SYNC_FILE)
        if len(sync.monotonic_ns) != len(shown_ns) or np.any(np.diff(sync.monotonic_ns) < 0):
            if self.left_out_ns:
                raise RecordingError(
                    self.session / SYNC_FILE,
                    "does not fit the video, and parts of it were discarded: nobody knows which",
                )
            return shown_ns, usable
        for begin_ns, end_ns in self.left_out_ns:
            usable &= (sync.monotonic_ns < begin_ns) | (sync.monotonic_ns >= end_ns)
        return sync.monotonic_ns, usable


@dataclass(frozen=True, kw_only=True)
class FoundSources:
    """What there is to be labelled.

    Attributes:
        sources: in order.
        skipped: why others are not labelled, by path.
    """

    sources: tuple[LabelSource, ...]
    skipped: dict[str, str]


def find_sources(places: Iterable[Path], *, recorded: bool, player: str = "") -> FoundSources:
    """The videos at some places.

    Args:
        places: videos, directories of videos, sessions, directories of sessions.
        recorded: take sessions too whose input was recorded.
        player: whose play videos count as.

    Raises:
        PlayloomError: a place is not there, or there is nothing to be labelled.
    """
    sources: list[LabelSource] = []
    skipped: dict[str, str] = {}
    named = list(places)
    for place in named:
        if not place.exists():
            raise PlayloomError(f"'{place}' does not exist", remedy="Name a video, a directory of videos, or sessions")
        try:
            sources += _at(place, recorded, player, skipped)
        except RecordingError as error:
            skipped[str(place)] = str(error)
    once = {source.name: source for source in sources}
    if not once and not skipped:
        raise PlayloomError(
            f"There are no videos in {', '.join(repr(str(place)) for place in named)}",
            remedy=f"Videos end in {', '.join(VIDEO_SUFFIXES)}",
        )
    return FoundSources(sources=tuple(once.values()), skipped=skipped)


def _at(place: Path, recorded: bool, player: str, skipped: dict[str, str]) -> Sequence[LabelSource]:
    if place.is_file():
        return [_video(place, player)]
    sessions = find_sessions(place)
    found: list[LabelSource] = []
    for path in sessions:
        try:
            if not recorded and has_input(path):
                skipped[str(path)] = "its input was recorded: nothing has to be guessed (video.recorded=true labels it)"
                continue
            found.append(_session(path))
        except RecordingError as error:
            skipped[str(path)] = str(error)
    for path in sorted(place.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if hidden or path.suffix.lower() not in VIDEO_SUFFIXES or is_session(path.parent) or not path.is_file():
            continue
        try:
            found.append(_video(path, player))
        except RecordingError as error:
            skipped[str(path)] = str(error)
    return found


def has_input(session: Path) -> bool:
    """Whether a session's input was recorded."""
    path = session / INPUTS_FILE
    if not path.is_file() or not path.stat().st_size:
        return False
    return any(len(block) for block in InputReader(path).blocks())


def _video(path: Path, player: str) -> LabelSource:
    signature = video_signature(path)
    return LabelSource(video=path.resolve(), name=_name(path.stem, signature), signature=signature, player=player)


def _session(path: Path) -> LabelSource:
    video = path / VIDEO_FILE
    if not video.is_file():
        raise RecordingError(video, "is missing", remedy="Nothing can be labelled without it")
    signature = video_signature(video)
    info = read_session_info(path / INFO_FILE) if (path / INFO_FILE).is_file() else None
    if info is None:
        return LabelSource(
            video=video.resolve(),
            name=_name(path.resolve().name, signature),
            signature=signature,
            session=path.resolve(),
            session_id=path.resolve().name,
        )
    terms = info.extra.get("terms")
    return LabelSource(
        video=video.resolve(),
        name=_name(path.resolve().name, signature),
        signature=signature,
        session=path.resolve(),
        player=info.player or "",
        session_id=info.session_id,
        task=info.task or "",
        terms=tuple(one for one in terms if isinstance(one, str)) if isinstance(terms, list) else (),
        left_out_ns=tuple(
            (mark.begin_ns, mark.end_ns)
            for mark in info.marks
            if mark.kind in LEFT_OUT_MARKS and mark.end_ns is not None
        ),
    )


def _name(stem: str, signature: str) -> str:
    """In signs that every system takes, with the beginning of the signature: two videos never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:MAX_STEM]
    return f"{plain or 'video'}-{signature[:8]}"


def index_source(path: Path) -> VideoIndex:
    """Index a video of any container.

    Raises:
        RecordingError: it cannot be read, or has no frames.
    """
    index = index_video(path) if path.suffix.lower() in MP4_SUFFIXES else scan_video(path)
    if not index.frames:
        raise RecordingError(path, "the video has no frames", remedy="Leave it out")
    return index
