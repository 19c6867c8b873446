"""A version of a dataset: the one value from which every file of it can be found. JSON in the object store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from playloom.manifest.config import DatasetConfig
from playloom.manifest.errors import ManifestError

FORMAT = 1
SEGMENT_SHARDS = 256
"""Shards of a full segment. A commit rewrites the last segment, so it stays small; a version lists all of them."""


@dataclass(frozen=True, kw_only=True)
class FileRef:
    """A file of a version. Attributes: path: in the dataset's directory, as LeRobot lays it out."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ShardSession:
    """What a shard holds of one session.

    Attributes:
        session_id: the coordinator's.
        player_id, player: whose.
        episodes, frames: in this shard.
        recorded_unix_ns: when it was recorded.
        label_source: "recorded", or who labelled it.
        terms: under which it may be used, a sentence each.
    """

    session_id: str
    player_id: str
    player: str
    episodes: int
    frames: int
    recorded_unix_ns: int
    label_source: str = "recorded"
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShardRef:
    """One video file, one data file and one episodes file of the same number.

    Attributes:
        number: of its files.
        first_episode, first_index: of its first episode and row in the dataset.
        episodes, frames: in it.
        sessions: in the order of their episodes.
        files: the three.
    """

    number: int
    first_episode: int
    first_index: int
    episodes: int
    frames: int
    sessions: tuple[ShardSession, ...]
    files: tuple[FileRef, ...]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A run of shards.

    Attributes:
        shards: in the order of their numbers.
        stats: of all their episodes: LeRobot's statistics by feature, as JSON.
    """

    shards: tuple[ShardRef, ...]
    stats: Mapping[str, Mapping[str, list]]

    def to_bytes(self) -> bytes:
        """What is stored; the same segment gives the same bytes."""
        return _encode({"format": FORMAT, "shards": [asdict(one) for one in self.shards], "stats": self.stats})

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Segment:
        """Raises: ManifestError: it is none of ours."""
        values = _decode(content, where)
        with _told(where):
            return cls(shards=tuple(shard_from_json(one) for one in values["shards"]), stats=values["stats"])


@dataclass(frozen=True, kw_only=True)
class SegmentRef:
    """A segment by its SHA-256, and what can be known of it without reading it."""

    sha256: str
    size_bytes: int
    shards: int
    episodes: int
    frames: int

    @classmethod
    def of(cls, segment: Segment, content: bytes) -> SegmentRef:
        return cls(
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            shards=len(segment.shards),
            episodes=sum(shard.episodes for shard in segment.shards),
            frames=sum(shard.frames for shard in segment.shards),
        )


@dataclass(frozen=True, kw_only=True)
class DatasetVersion:
    """A version.

    Attributes:
        dataset_id, dataset: whose version; its name.
        number: from 1.
        parent: the version before it; 0 for the first.
        reason: "append", "remove", "compact" or "rollback".
        created_unix_ns: when it was built.
        config: what the dataset is.
        tasks: the texts, in the order of their numbers; one that no episode has any more keeps its number.
        next_shard: the number of the next new shard; numbers are never used again.
        episodes, frames, size_bytes: altogether; the bytes of all files.
        stats: of all episodes: LeRobot's statistics by feature, as JSON.
        meta_files: meta/info.json, meta/stats.json, meta/tasks.parquet and what else belongs to no shard.
        segments: all shards, in order.
        terms: under which some of its sessions may be used, a sentence each; they stand in its NOTICE.
    """

    dataset_id: str
    dataset: str
    number: int
    parent: int
    reason: str
    created_unix_ns: int
    config: DatasetConfig
    tasks: tuple[str, ...]
    next_shard: int
    episodes: int
    frames: int
    size_bytes: int
    stats: Mapping[str, Mapping[str, list]]
    meta_files: tuple[FileRef, ...]
    segments: tuple[SegmentRef, ...]
    terms: tuple[str, ...] = ()

    @property
    def all_terms(self) -> tuple[str, ...]:
        """Those of the dataset, then those of its sessions."""
        return (self.config.terms, *self.terms) if self.config.terms else self.terms

    def to_bytes(self) -> bytes:
        """What is stored."""
        return _encode({"format": FORMAT, **asdict(self), "config": self.config.to_json()})

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> DatasetVersion:
        """Raises: ManifestError: it is none of ours, or a later format's."""
        values = _decode(content, where)
        config = DatasetConfig.from_json(values.get("config", {}), where)
        with _told(where):
            return cls(
                **{name: values[name] for name in _PLAIN},
                config=config,
                tasks=tuple(values["tasks"]),
                meta_files=tuple(FileRef(**one) for one in values["meta_files"]),
                segments=tuple(SegmentRef(**one) for one in values["segments"]),
                terms=tuple(values.get("terms", ())),
            )


_PLAIN = (
    "dataset_id",
    "dataset",
    "number",
    "parent",
    "reason",
    "created_unix_ns",
    "next_shard",
    "episodes",
    "frames",
    "size_bytes",
    "stats",
)


def pack_segments(shards: Sequence[ShardRef]) -> list[tuple[ShardRef, ...]]:
    """Shards in runs of `SEGMENT_SHARDS`."""
    return [tuple(shards[start : start + SEGMENT_SHARDS]) for start in range(0, len(shards), SEGMENT_SHARDS)]


def shard_from_json(values: Mapping[str, Any]) -> ShardRef:
    return ShardRef(
        **dict(values)
        | {
            "sessions": tuple(
                ShardSession(**one | {"terms": tuple(one.get("terms", ()))}) for one in values["sessions"]
            ),
            "files": tuple(FileRef(**one) for one in values["files"]),
        }
    )


def _encode(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def _decode(content: bytes, where: str) -> Mapping[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise ManifestError(where, f"is no JSON: {error}") from error
    if not isinstance(values, dict) or "format" not in values:
        raise ManifestError(where, "is no manifest of a dataset")
    if values["format"] != FORMAT:
        raise ManifestError(
            where, f"has the format {values['format']}, this Playloom reads {FORMAT}", remedy="Update Playloom"
        )
    return values


class _told:  # noqa: N801 - reads as a word in `with`
    """Turns what a wrong JSON raises into a ManifestError."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, (KeyError, TypeError, AttributeError)):
            raise ManifestError(self._where, f"cannot be read: {error!r}") from error
