"""A large shared dataset, cheaply: real rows and real videos, of which some few stand for all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from sqlalchemy import insert

from coordinator.clock import system_clock
from coordinator.database.dataset_tables import dataset_staged
from coordinator.database.tables import sessions
from coordinator.ids import new_id
from coordinator.players.player import find_player
from coordinator.players.scopes import Scope
from playloom.manifest.keys import file_key, staged_prefix
from playloom.manifest.reading import read_files
from playloom.manifest.staged import StagedObject, StagedPiece, StagedSession
from playloom.manifest.version import DatasetVersion
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.object_store import put_file, read_object
from playloom.recording.mp4_index import VideoIndex, index_video
from tests.support.coordinators import Served
from tests.support.numbered_sessions import NumberedVideo, write_numbered_video
from tests.support.served_dataset import ServedDataset
from tests.support.staged_sessions import CONFIG, FPS
from workers.dataset.shape import shape_of, video_profile_of
from workers.dataset.staged_rows import write_staged_rows
from workers.features import VIDEO_FEATURE
from workers.stats import numeric_stats, stats_to_json
from workers.video.copy import copy_video
from workers.video.segment import VideoSegment

EPISODE_FRAMES = 100
SMALL_PIECES = 20
"""As many small videos and tables of rows are made; episodes take them in turn."""

LARGE_SOURCES = 8
LARGE_FRAMES = 2000
"""Of an episode of a large piece: noise at 96x64, which takes as many bytes a frame as play at 720p does."""


@dataclass(kw_only=True)
class Growing:
    """A dataset that is to grow.

    Attributes:
        dataset: with its coordinator.
        pieces: what sessions are made of.
    """

    dataset: ServedDataset
    pieces: list[StagedPiece]
    _made: int = 0

    @classmethod
    def of(cls, dataset: ServedDataset, directory: Path) -> Growing:
        """Of small pieces."""
        directory.mkdir()
        return cls._of(dataset, [_small_piece(dataset, directory, number) for number in range(SMALL_PIECES)])

    @classmethod
    def large(cls, dataset: ServedDataset, directory: Path, count: int, frames: int = LARGE_FRAMES) -> Growing:
        """Of ``count`` pieces as large as those of real play, each another's."""
        directory.mkdir()
        sources = [_noise(directory / f"source-{seed}.mp4", seed) for seed in range(LARGE_SOURCES)]
        pieces = []
        for number in range(count):
            order = np.random.default_rng(number).integers(0, LARGE_SOURCES, frames // EPISODE_FRAMES)
            pieces.append(_piece(dataset, directory, f"large-{number}", [sources[one] for one in order]))
        return cls._of(dataset, pieces)

    @classmethod
    def _of(cls, dataset: ServedDataset, pieces: list[StagedPiece]) -> Growing:
        dataset.thread.do(lambda served: served.client("ada", Scope.PLAYER))  # a player to whom all of it belongs
        return cls(dataset=dataset, pieces=pieces)

    def stage(self, count: int, episodes: int) -> list[str]:
        """Let ``count`` sessions of so many episodes wait; their ids."""
        made = [self._session(episodes) for _ in range(count)]
        self.dataset.thread.do(lambda served: _insert(served, self.dataset.facts.id, made))
        return [one.session_id for one in made]

    def _session(self, episodes: int) -> _Made:
        session_id, facts = new_id("session"), self.dataset.facts
        first = self._made
        self._made += episodes
        staged = StagedSession(
            session_id=session_id,
            session=f"evening-{first}",
            player_id="ada",
            player="ada",
            profile_name="pad",
            task="count the frames",
            recorded_unix_ns=system_clock(),
            label_source="recorded",
            copied=True,
            action_delay_ms=0.0,
            converter_version="0",
            warnings=(),
            pieces=tuple(self.pieces[(first + place) % len(self.pieces)] for place in range(episodes)),
        )
        content = staged.to_bytes()
        key = f"{staged_prefix(facts.id, session_id)}session.json"
        self.dataset.store.put(key, content)
        return _Made(session_id, key, hashlib.sha256(content).hexdigest(), episodes, staged.frames)


class _Made(NamedTuple):
    """A session that waits in the store."""

    session_id: str
    key: str
    sha256: str
    episodes: int
    frames: int


async def _insert(served: Served, dataset_id: str, made: Sequence[_Made]) -> None:
    now_ns = system_clock()
    async with served.server.context.database.write() as connection:
        player = await find_player(connection, "ada")
        rows = [
            {
                "id": one.session_id,
                "player_id": player.id,
                "recording_id": one.session_id,
                "name": one.session_id,
                "game_id": "test_game",
                "recorded_unix_ns": now_ns,
                "duration_s": 10.0,
                "frames": 1,
                "size_bytes": 1,
                "content_sha256": one.sha256,
                "info": {},
                "created_unix_ns": now_ns,
            }
            for one in made
        ]
        await connection.execute(insert(sessions), rows)
        staged = [
            {
                "dataset_id": dataset_id,
                "session_id": one.session_id,
                "object_key": one.key,
                "sha256": one.sha256,
                "episodes": one.episodes,
                "frames": one.frames,
                "staged_unix_ns": now_ns,
            }
            for one in made
        ]
        await connection.execute(insert(dataset_staged), staged)


def _small_piece(dataset: ServedDataset, directory: Path, number: int) -> StagedPiece:
    source = directory / f"{number}-source.mp4"
    shown = range(number * EPISODE_FRAMES, (number + 1) * EPISODE_FRAMES)
    times_ns = [round(place * 1e9 / dataset.facts.config.fps) for place in range(EPISODE_FRAMES)]
    write_numbered_video(source, shown, times_ns, NumberedVideo(), dataset.facts.config.fps)
    return _piece(dataset, directory, str(number), [index_video(source)])


def _noise(path: Path, seed: int) -> VideoIndex:
    """A video of `EPISODE_FRAMES` pictures of noise."""
    chance = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "12", "bf": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = CONFIG.width, CONFIG.height, "yuv420p"
        stream.codec_context.gop_size = EPISODE_FRAMES
        for _ in range(EPISODE_FRAMES):
            picture = chance.integers(0, 256, (CONFIG.height * 3 // 2, CONFIG.width), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode())
    return index_video(path)


def _piece(dataset: ServedDataset, directory: Path, name: str, sources: Sequence[VideoIndex]) -> StagedPiece:
    """A piece that shows the sources one after another, `EPISODE_FRAMES` of each."""
    facts = dataset.facts
    shape = shape_of(facts.config)
    video, rows = (directory / f"{name}{suffix}" for suffix in (".mp4", ".parquet"))
    wanted = np.arange(EPISODE_FRAMES, dtype=np.int64)
    segments = [VideoSegment(path=source.path, index=source, frames=wanted) for source in sources]
    written = copy_video(video, segments, video_profile_of(facts.config))
    chance = np.random.default_rng(list(name.encode()))
    columns = {
        column.name: chance.random((written.frames, column.width)).astype(np.float32)
        for column in shape.features.recorded
    }
    write_staged_rows(rows, shape.features, columns)
    stats = {VIDEO_FEATURE: written.image_stats[0].as_lerobot()}
    stats |= {name: numeric_stats(values) for name, values in columns.items()}
    return StagedPiece(
        video=_put(dataset, video, lambda sha256: file_key(facts.id, sha256, "video.mp4")),
        rows=_put(dataset, rows, lambda _: f"{staged_prefix(facts.id)}rows-{name}.parquet"),
        length=written.frames,
        first_frame=written.segments[0].first_frame,
        codec=written.codec,
        pixel_format=written.pixel_format,
        source_frame=0,
        start_ns=0,
        stats={name: stats_to_json(values) for name, values in stats.items()},
    )


def _put(dataset: ServedDataset, path: Path, key_of: Callable[[str], str]) -> StagedObject:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    key = key_of(sha256)
    put_file(dataset.store, key, path)
    return StagedObject(key=key, sha256=sha256, size_bytes=path.stat().st_size)


def link_out(store: DirectoryStore, version: DatasetVersion, directory: Path) -> Path:
    """A version's files in a directory, linked and not copied: what is measured is how they are opened."""
    for file in read_files(lambda key: read_object(store, key), version):
        path = directory / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(store.root / "objects" / file_key(version.dataset_id, file.sha256, file.path), path)
    return directory
