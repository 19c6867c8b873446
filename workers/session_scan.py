"""A first look at a session: what the dataset's shape depends on, and whether the session can be used at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playloom.environments.steps import STEPS_FILE
from playloom.errors import RecordingError
from playloom.recording.session import open_session
from workers.acting import tells_who_acted
from workers.converted import Skipped
from workers.frame_times import average_fps
from workers.options import ConvertOptions, VideoPath
from workers.session_choice import choose_profile, choose_task, said_of
from workers.session_plan import DISCARDED
from workers.timeline import Timeline, read_timeline
from workers.video.copy import not_copyable, why_not_copy
from workers.video.segment import VideoProfile


@dataclass(frozen=True, kw_only=True)
class SessionScan:
    """What the dataset's shape depends on.

    Attributes:
        frames: usable frames.
        fps: their average rate, None where too few show it.
        width, height: of the picture as shown.
        rewards: whether it has a steps.csv, which tells them.
        who_acted: whether it tells who acted, the player or an agent.
        recording: session.json's id of it, None where it has none.
        signature: changes when its files change.
    """

    frames: int
    fps: float | None
    width: int
    height: int
    rewards: bool
    who_acted: bool
    recording: str | None
    signature: str


def session_signature(path: Path) -> str:
    """A value that changes when a session's files do: names, sizes and times of change."""
    return "\n".join(
        f"{file.name} {(status := file.stat()).st_size} {status.st_mtime_ns}"
        for file in sorted(path.iterdir())
        if file.is_file()
    )


def scan_session(path: Path, options: ConvertOptions, _progress: Callable[[int], None]) -> SessionScan | Skipped:
    """Look at one session without decoding anything.

    Whatever can be known so early to keep it out of the dataset is found here, so that no session decides the shape
    of a dataset that it does not enter.
    """
    try:
        session = open_session(path)
        choose_profile(session, options)
        choose_task(session, options)
        timeline = read_timeline(session)
        if options.video is VideoPath.COPY:
            _check_copyable(session.video_path, timeline, options)
        width, height = timeline.shown_size
        return SessionScan(
            frames=len(timeline.frames),
            fps=average_fps(timeline.frames.times_ns, options.max_gap_ns),
            width=width,
            height=height,
            rewards=(path / STEPS_FILE).exists(),
            who_acted=tells_who_acted(session),
            recording=None if session.info is None else session.info.session_id,
            signature=session_signature(path),
        )
    except RecordingError as error:
        return Skipped(reason=said_of(str(path), error))


def _check_copyable(video: Path, timeline: Timeline, options: ConvertOptions) -> None:
    width, height = options.size or (None, None)
    profile = VideoProfile(width=width, height=height, fps=1, codec=options.codec)
    problem = DISCARDED if timeline.discarded else why_not_copy(timeline.index, profile)
    if problem is not None:
        raise not_copyable(video, problem)
