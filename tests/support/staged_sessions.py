"""Converted sessions of numbered frames, put into a store as a worker leaves them; and what a version shows of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playloom.manifest.config import DatasetConfig
from playloom.manifest.keys import file_key, staged_prefix
from playloom.manifest.staged import StagedObject, StagedPiece, StagedSession
from playloom.objects.object_store import ObjectStore, put_file
from playloom.recording.mp4_index import index_video
from tests.support.numbered_sessions import GAME_YAML, NumberedVideo, expected_action, write_numbered_video
from workers.dataset.coordinator import DatasetFacts, StagedRef
from workers.dataset.shape import shape_of, video_profile_of
from workers.dataset.staged_rows import write_staged_rows
from workers.features import AGENT_FEATURE, VIDEO_FEATURE
from workers.stats import numeric_stats, stats_to_json
from workers.video.copy import copy_video
from workers.video.segment import VideoSegment

FPS = 30
CONFIG = DatasetConfig(
    game_definition=GAME_YAML,
    class_ids=("default",),
    fps=FPS,
    width=96,
    height=64,
    who_acted=True,
    terms="for tests",
    max_shard_mb=1,
)
FACTS = DatasetFacts(id="ds_test", name="test", config=CONFIG)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A session: what it is called, the numbers that the frames of each of its episodes show, its video's B-frames.

    Attributes: terms: under which it may be used.
    """

    session_id: str
    player: str
    task: str
    episodes: tuple[tuple[int, ...], ...]
    b_frames: int = 2
    terms: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return sum(map(len, self.episodes))


def recorded(
    number: int,
    lengths: Sequence[int] = (12,),
    *,
    player: str = "ada",
    task: str = "count the frames",
    terms: tuple[str, ...] = (),
) -> Recorded:
    """The ``number``-th session; its frames show numbers that no other session's do."""
    episodes, first = [], number * 100
    for length in lengths:
        episodes.append(tuple(range(first, first + length)))
        first += length
    assert first <= (number + 1) * 100
    return Recorded(session_id=f"se_{number:08d}", player=player, task=task, episodes=tuple(episodes), terms=terms)


def expected_agent(number: int) -> list[bool]:
    """On which of the three actions an agent decided in frame ``number``."""
    return [number % 4 == 1, number % 4 == 2, False]


def stage(
    store: ObjectStore, facts: DatasetFacts, session: Recorded, directory: Path, *, lead_in: int = 0
) -> StagedRef:
    """Put a session's conversion into the store. ``lead_in``: frames of a video before the first wanted one."""
    shape = shape_of(facts.config)
    directory.mkdir(parents=True, exist_ok=True)
    pieces = []
    for place, numbers in enumerate(session.episodes):
        source = directory / f"{session.session_id}-{place}-source.mp4"
        video = directory / f"{session.session_id}-{place}.mp4"
        shown = [*(60_000 + n for n in range(lead_in)), *numbers]
        times_ns = [round(n * 1e9 / FPS) for n in range(len(shown))]
        write_numbered_video(source, shown, times_ns, NumberedVideo(b_frames=session.b_frames), FPS)
        frames = np.arange(lead_in, len(shown), dtype=np.int64)
        segment = VideoSegment(path=source, index=index_video(source), frames=frames)
        written = copy_video(video, [segment], video_profile_of(facts.config))
        columns: dict[str, Any] = {
            "action": np.array([expected_action(n) for n in numbers], np.float32),
            "controller": np.zeros((len(numbers), 27), np.float32),
            AGENT_FEATURE: np.array([expected_agent(n) for n in numbers]),
        }
        rows = directory / f"{session.session_id}-{place}.parquet"
        write_staged_rows(rows, shape.features, columns)
        stats = {
            VIDEO_FEATURE: written.image_stats[0].as_lerobot(),
            **{name: numeric_stats(values) for name, values in columns.items()},
        }
        pieces.append(
            StagedPiece(
                video=_put(store, video, lambda sha256: file_key(facts.id, sha256, "v.mp4")),
                rows=_put(
                    store,
                    rows,
                    lambda sha256, place=place: f"{staged_prefix(facts.id, session.session_id)}rows-{place}.parquet",
                ),
                length=len(numbers),
                first_frame=written.segments[0].first_frame,
                codec="h264",
                pixel_format="yuv420p",
                source_frame=0,
                start_ns=1_000_000_000,
                stats={name: stats_to_json(values) for name, values in stats.items()},
            )
        )
        video.unlink()
        source.unlink()
        rows.unlink()
    staged = StagedSession(
        session_id=session.session_id,
        session=f"{session.player}-evening",
        player_id=f"pl_{session.player}",
        player=session.player,
        profile_name="pad",
        task=session.task,
        recorded_unix_ns=1_700_000_000_000_000_000,
        label_source="recorded",
        copied=True,
        action_delay_ms=0.0,
        converter_version="0",
        warnings=("a frame was lost",),
        pieces=tuple(pieces),
        terms=session.terms,
    )
    content = staged.to_bytes()
    key = f"{staged_prefix(facts.id, session.session_id)}session.json"
    store.put(key, content)
    return StagedRef(session_id=session.session_id, object_key=key, sha256=hashlib.sha256(content).hexdigest())


def _put(store: ObjectStore, path: Path, key: Callable[[str], str]) -> StagedObject:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    put_file(store, key(sha256), path)
    return StagedObject(key=key(sha256), sha256=sha256, size_bytes=path.stat().st_size)
