"""A foreign dataset's episodes on their way into shards, in the order of the files that hold their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from playloom.errors import RecordingError
from playloom.recording.mp4_index import VideoIndex
from workers.converted import ConvertedSession
from workers.importing.lerobot_episode import EpisodeImport, even_profile
from workers.importing.lerobot_features import FeatureChoice
from workers.importing.lerobot_source import SourceDataset, SourceEpisode, rows_by_episode
from workers.importing.video import index_source
from workers.packing import ShardPacker
from workers.working_directory import WorkingDirectory

_INDEX = ("episode_index", "frame_index", "timestamp", "task_index")


@dataclass(kw_only=True)
class LerobotRun:
    """An import under way.

    Attributes:
        source, choice: what is imported.
        repo: what the source is called.
        task: what the play is of where the source does not say.
        crf: quality of videos that have to be encoded anew.
        strict: stop at the first fault.
        max_file_bytes: episodes share a video file up to this size.
        working: the working directory.
        on_progress: told how many frames are done, of how many.
        converted: the names of the episodes in the dataset.
        skipped: why others are not, by name.
        warnings: what was lost or decided, by name.
        copied: how many episodes were copied and not transcoded.
    """

    source: SourceDataset
    choice: FeatureChoice
    repo: str
    task: str
    crf: int
    strict: bool
    max_file_bytes: int
    working: WorkingDirectory
    on_progress: Callable[[int, int], None]
    converted: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, Sequence[str]] = field(default_factory=dict)
    copied: int = 0
    _index: VideoIndex | None = None
    _done: int = 0
    _total: int = 0

    @cached_property
    def _files(self) -> dict[Path, dict[int, SourceEpisode]]:
        """The episodes by the file that holds their rows."""
        files: dict[Path, dict[int, SourceEpisode]] = {}
        seen: set[int] = set()
        for episode in self.source.episodes(self.choice.video):
            if episode.number in seen:
                raise RecordingError(
                    self.source.root / "meta", f"tells of episode {episode.number} twice", remedy="Download it again"
                )
            seen.add(episode.number)
            files.setdefault(episode.data, {})[episode.number] = episode
            self._total += episode.length
        return files

    @cached_property
    def episodes(self) -> EpisodeImport:
        """How episodes are imported: the first video that can be read decides size and codec."""
        first_error: RecordingError | None = None
        for episodes in self._files.values():
            for episode in episodes.values():
                try:
                    profile = even_profile(self._video(episode), self.source.fps, self.crf)
                except RecordingError as error:
                    first_error = first_error or error
                    continue
                return EpisodeImport(
                    source=self.source, choice=self.choice, repo=self.repo, task=self.task, profile=profile
                )
        raise first_error or RecordingError(self.source.root, "has no episodes")

    @cached_property
    def packer(self) -> ShardPacker:
        """What holds the shards and the tasks."""
        return ShardPacker(
            working=self.working,
            features=self.choice.columns,
            profile=self.episodes.profile,
            max_file_bytes=self.max_file_bytes,
        )

    def all(self) -> None:
        """Import every episode that is not done yet.

        Raises:
            RecordingError: no video can be read, or, if strict, the first fault.
            OutputError: the output cannot be written.
        """
        profile = self.episodes.profile
        self.working.keep_shape({"size": [profile.width, profile.height], "codec": profile.codec})
        self.packer.load()
        for file, wanted in self._files.items():
            self._file(file, wanted)
        self.packer.finish()

    def _file(self, file: Path, wanted: dict[int, SourceEpisode]) -> None:
        """Import the episodes of one data file."""
        earlier = {number: self.packer.earlier(number) for number in wanted}
        left = set(wanted)
        if all(earlier.values()):
            for number, converted in earlier.items():
                assert converted is not None
                self._take(wanted[number], converted)
            return
        fault: RecordingError | None = None
        rows = rows_by_episode(file, list(dict.fromkeys((*_INDEX, *self.choice.source_names))))
        while left:
            try:
                number, table = next(rows)
            except StopIteration:
                break
            except RecordingError as error:
                fault = error
                break
            if number not in left:
                continue
            left.discard(number)
            try:
                converted = earlier[number] or self._import(wanted[number], table)
            except RecordingError as error:
                self._skip(wanted[number], error)
                continue
            self._take(wanted[number], converted)
        for number in sorted(left):
            self._skip(wanted[number], fault or RecordingError(file, "has no rows of it", place=f"episode {number}"))

    def _import(self, episode: SourceEpisode, table: pa.Table) -> ConvertedSession:
        return self.episodes.run(
            episode, table, self._video(episode), self.working.session(episode.number), self._count
        )

    def _video(self, episode: SourceEpisode) -> VideoIndex:
        if self._index is None or self._index.path != episode.video:
            self._index = index_source(episode.video)
        return self._index

    def _take(self, episode: SourceEpisode, converted: ConvertedSession) -> None:
        """Put an episode's pieces into shards."""
        name = self.episodes.session(episode)
        if self.strict and converted.warnings:
            raise RecordingError(
                episode.data,
                f"--strict takes all or nothing: {converted.warnings[0]}",
                place=f"episode {episode.number}",
            )
        self.converted.append(name)
        self.copied += converted.copied
        if converted.warnings:
            self.warnings[name] = converted.warnings
        self.packer.take(episode.number, name, converted)

    def _skip(self, episode: SourceEpisode, error: RecordingError) -> None:
        if self.strict:
            raise error
        self.skipped[self.episodes.session(episode)] = str(error)

    def _count(self, frames: int) -> None:
        self._done += frames
        self.on_progress(min(self._done, self._total), self._total)
