"""One foreign episode into what a shard is made of: rows checked and renamed, video copied where that is exact."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex
from workers.converted import ConvertedPiece, ConvertedSession, save_session
from workers.features import VIDEO_FEATURE
from workers.importing.lerobot_features import FeatureChoice
from workers.importing.lerobot_source import SourceDataset, SourceEpisode
from workers.options import MAX_FILE_S
from workers.stats import numeric_stats
from workers.video.copy import copy_video, why_not_copy
from workers.video.segment import VideoProfile, VideoSegment
from workers.video.transcode import transcode_video

MAX_STRAY = 0.25
"""How far a frame or a row may be from where it should be, in frames: beyond it nobody can say which it is."""

_FRAME, _TIME, _TASK = "frame_index", "timestamp", "task_index"


@dataclass(frozen=True, kw_only=True)
class EpisodeImport:
    """What all episodes of an import have in common.

    Attributes:
        source, choice: what is imported.
        repo: what the source is called.
        task: what the play is of where the source does not say.
        profile: of the output's videos, with its size.
    """

    source: SourceDataset
    choice: FeatureChoice
    repo: str
    task: str
    profile: VideoProfile

    @property
    def player(self) -> str:
        return f"import:{self.repo}"

    def run(
        self,
        episode: SourceEpisode,
        table: pa.Table,
        index: VideoIndex,
        directory: Path,
        progress: Callable[[int], None],
    ) -> ConvertedSession:
        """Make one episode into a directory that appears whole or not at all.

        Raises:
            RecordingError: its rows or its video are not as they should be.
            OutputError: the directory cannot be written.
        """
        partial = directory.with_name(f"{directory.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            converted = self._convert(episode, table, index, partial, progress)
            save_session(partial, converted)
            shutil.rmtree(directory, ignore_errors=True)
            partial.rename(directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return converted

    def _convert(
        self,
        episode: SourceEpisode,
        table: pa.Table,
        index: VideoIndex,
        directory: Path,
        progress: Callable[[int], None],
    ) -> ConvertedSession:
        self._check_rows(episode, table)
        try:
            values = self.choice.values(table)
            task, warnings = self._task(episode, table)
        except (ValueError, pa.ArrowException) as error:
            raise RecordingError(episode.data, str(error), place=f"episode {episode.number}") from error
        first = self._first_frame(episode, index)
        reason = why_not_copy(index, self.profile)
        pieces = []
        most = MAX_FILE_S * self.profile.fps
        for number, start in enumerate(range(0, episode.length, most)):
            stop = min(start + most, episode.length)
            part = {name: column[start:stop] for name, column in values.items()}
            frames = np.arange(first + start, first + stop, dtype=np.int64)
            pieces.append(self._piece(directory, number, start, part, index, frames, reason is None, progress))
        if len(pieces) > 1:
            warnings.append(f"is cut into {len(pieces)} episodes: LeRobot's times bear no longer files")
        if reason is not None:
            warnings.append(f"its video is encoded anew: {reason}")
        return ConvertedSession(
            session_id=self.session(episode),
            player=self.player,
            profile_name="",
            task=task,
            action_delay_ms=0.0,
            copied=reason is None,
            pieces=tuple(pieces),
            warnings=tuple(warnings),
            signature="",
        )

    def session(self, episode: SourceEpisode) -> str:
        """What an episode is called in the output."""
        return f"{self.player}/episode_{episode.number:06d}"

    def _piece(
        self,
        directory: Path,
        number: int,
        start: int,
        values: Mapping[str, NDArray[np.generic]],
        index: VideoIndex,
        frames: NDArray[np.int64],
        copied: bool,
        progress: Callable[[int], None],
    ) -> ConvertedPiece:
        rows, video = f"rows-{number:04d}.npz", f"video-{number:04d}.mp4"
        columns: dict[str, Any] = dict(values)
        np.savez(directory / rows, **columns)
        segment = VideoSegment(path=index.path, index=index, frames=frames)
        if copied:
            written = copy_video(directory / video, [segment], self.profile)
            progress(len(frames))
        else:
            written = transcode_video(directory / video, [segment], self.profile, progress=progress)
        return ConvertedPiece(
            video=video,
            rows=rows,
            length=len(frames),
            first_frame=written.segments[0].first_frame,
            video_frames=written.frames,
            video_bytes=(directory / video).stat().st_size,
            codec=written.codec,
            pixel_format=written.pixel_format,
            source_frame=start,
            start_ns=round(start * 1e9 / self.profile.fps),
            stats={
                VIDEO_FEATURE: written.image_stats[0].as_lerobot(),
                **{name: numeric_stats(column) for name, column in values.items()},
            },
        )

    def _check_rows(self, episode: SourceEpisode, table: pa.Table) -> None:
        """Hold the rows against what is said of the episode."""
        place = f"episode {episode.number}"
        if len(table) != episode.length:
            raise RecordingError(
                episode.data, f"has {len(table)} rows, and the episode is said to have {episode.length}", place=place
            )
        numbers = table.column(_FRAME).to_numpy()
        if not np.array_equal(numbers, np.arange(episode.length)):
            raise RecordingError(episode.data, "the rows do not count the frames from 0", place=place)
        off = np.abs(table.column(_TIME).to_numpy().astype(np.float64) * self.source.fps - np.arange(episode.length))
        wrong = np.flatnonzero(~(off <= MAX_STRAY))  # also where it is no number
        if len(wrong):
            raise RecordingError(
                episode.data,
                f"the timestamp of frame {wrong[0]} is not at {wrong[0]}/{self.source.fps} s",
                place=place,
                remedy="Its rows cannot be told to belong to frames of the video",
            )

    def _task(self, episode: SourceEpisode, table: pa.Table) -> tuple[str, list[str]]:
        """The episode's task, and what is lost of it."""
        numbers = table.column(_TASK).to_numpy()
        first = self.source.task(int(numbers[0]))
        if first is None:
            first = episode.tasks[0] if episode.tasks else None
        several = len(np.unique(numbers)) > 1
        lost = [f"its frames are of {len(np.unique(numbers))} tasks; the first stands for all"] if several else []
        return (first or "").strip() or self.task, lost

    def _first_frame(self, episode: SourceEpisode, index: VideoIndex) -> int:
        """The place of the episode's first frame in its video, whose frames are held against the grid.

        Raises:
            RecordingError: the video does not hold the episode's frames.
        """
        fps = self.source.fps
        shown_s = (index.presentation_ns - index.presentation_ns[0]) / 1e9
        first = int(np.argmin(np.abs(shown_s - episode.from_s)))
        place = f"episode {episode.number}"
        if first + episode.length > len(shown_s):
            raise RecordingError(
                index.path,
                f"holds {len(shown_s) - first} frames of the episode's {episode.length}",
                place=place,
                remedy="Download it again",
            )
        expected_s = episode.from_s + np.arange(episode.length) / fps
        stray = np.abs(shown_s[first : first + episode.length] - expected_s) * fps
        if stray.max() > MAX_STRAY:
            frame = int(np.argmax(stray > MAX_STRAY))
            raise RecordingError(
                index.path,
                f"frame {frame} is {stray[frame]:.1f} frames from where it should be",
                place=place,
                remedy="The video has another rate than the dataset says, or lacks frames",
            )
        return first


def even_profile(index: VideoIndex, fps: int, crf: int) -> VideoProfile:
    """A profile for the output's videos after the first video: its size, without an odd last line, and its codec."""
    codec = index.codec if index.codec in ("h264", "hevc", "av1") else "h264"
    profile = VideoProfile(
        width=max(2, index.width - index.width % 2),
        height=max(2, index.height - index.height % 2),
        fps=fps,
        codec=codec,
        crf=crf,
    )
    return profile if why_not_copy(index, profile) is None else replace(profile, codec="h264")
