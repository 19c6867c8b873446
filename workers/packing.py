"""Episodes of many sources on their way into shards, in their order; what is finished stays finished."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version

from playloom.errors import OutputError
from workers.converted import ConvertedSession, load_session
from workers.features import FeatureSet
from workers.shards import Shard, ShardPiece, finish_shard, fits, load_shard, totals, write_shard
from workers.video.segment import VideoProfile
from workers.working_directory import WorkingDirectory


@dataclass(kw_only=True)
class ShardPacker:
    """Packs what sources give.

    Attributes:
        working: the working directory; a source's files lie in its directory of the same number.
        features: the dataset's columns.
        profile: of its videos.
        max_file_bytes: episodes share a video file up to this size.
        shards: finished.
        tasks: in the order of their numbers.
    """

    working: WorkingDirectory
    features: FeatureSet
    profile: VideoProfile
    max_file_bytes: int
    shards: list[Shard] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    _open: list[ShardPiece] = field(default_factory=list)
    _packed: set[tuple[int, int]] = field(default_factory=set)

    def load(self) -> None:
        """Take over the shards that an interrupted run has finished, and remove what it had only begun.

        Raises:
            OutputError: a finished shard is not as it was left.
        """
        while (path := self.working.shard(len(self.shards))).exists():
            shard = load_shard(path)
            for name, size_bytes in shard.sizes.items():
                file = self.working.dataset / name
                if not file.exists() or file.stat().st_size != size_bytes:
                    raise OutputError(
                        file, "is not as the interrupted run left it", remedy="Start again with --overwrite"
                    )
            self.shards.append(shard)
            self._packed |= set(shard.pieces)
        finished = {name for shard in self.shards for name in shard.sizes}
        for file in self.working.dataset.rglob("*"):
            if file.is_file() and file.relative_to(self.working.dataset).as_posix() not in finished:
                file.unlink()

    def earlier(self, number: int) -> ConvertedSession | None:
        """What an interrupted run made of source ``number``, if all of it is still there."""
        directory = self.working.session(number)
        converted = load_session(directory)
        if converted is None:
            return None
        whole = all(
            (number, place) in self._packed
            or ((video := directory / piece.video).is_file() and video.stat().st_size == piece.video_bytes)
            for place, piece in enumerate(converted.pieces)
        )
        return converted if whole else None

    def take(self, number: int, name: str, converted: ConvertedSession) -> None:
        """Put the episodes of the next source, called ``name`` in the dataset, into shards."""
        if converted.task not in self.tasks:
            self.tasks.append(converted.task)
        for place, piece in enumerate(converted.pieces):
            if (number, place) in self._packed:
                continue
            one = ShardPiece(
                session=name,
                session_number=number,
                piece_number=place,
                directory=self.working.session(number),
                of=converted,
                piece=piece,
                task_index=self.tasks.index(converted.task),
            )
            if not fits(self._open, one, self.profile.fps, self.max_file_bytes):
                self._close()
            self._open.append(one)

    def finish(self) -> None:
        """Write the last shard."""
        if self._open:
            self._close()

    def _close(self) -> None:
        episodes, frames = totals(self.shards)
        shard = write_shard(
            self.working.dataset,
            self._open,
            number=len(self.shards),
            first_episode=episodes,
            first_index=frames,
            features=self.features,
            profile=self.profile,
            converter_version=version("playloom"),
        )
        finish_shard(self.working.shard(shard.number), shard, self._open)
        self.shards.append(shard)
        self._open = []
