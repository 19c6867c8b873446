"""What a session's conversion leaves in the store for a version to take up: known places, no dataset position yet.

The video stands under its final name already. The rows are small: a parquet file of the recorded columns without the
five that depend on the place in the dataset (timestamp, frame_index, episode_index, index, task_index), one row group
a piece. A piece becomes one shard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from playloom.manifest.errors import ManifestError


@dataclass(frozen=True, kw_only=True)
class StagedObject:
    """An object by its key, with what its content must have."""

    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class StagedPiece:
    """One episode on its way.

    Attributes:
        video: a file of the dataset, under its final key.
        rows: a parquet file of the recorded columns.
        length: frames.
        first_frame: the place of its first frame in the video.
        codec, pixel_format: of the video.
        source_frame, start_ns: the first frame's place in the recording, and its time on the recording's clock.
        stats: LeRobot's statistics of the pictures and of the recorded columns, as JSON.
    """

    video: StagedObject
    rows: StagedObject
    length: int
    first_frame: int
    codec: str
    pixel_format: str
    source_frame: int
    start_ns: int
    stats: Mapping[str, Mapping[str, list]]


@dataclass(frozen=True, kw_only=True)
class StagedSession:
    """A converted session.

    Attributes:
        session_id, session: the coordinator's id; what it is called.
        player_id, player, profile_name: whose, and how they play.
        task: what they do.
        recorded_unix_ns: when it was recorded.
        label_source: "recorded", or who labelled it.
        copied: whether its video's packets were copied.
        action_delay_ms: its frames took the inputs of so many milliseconds before them.
        converter_version: of Playloom.
        warnings: what was lost, repaired or decided, a sentence each.
        pieces: its episodes.
        terms: under which it may be used, a sentence each.
    """

    session_id: str
    session: str
    player_id: str
    player: str
    profile_name: str
    task: str
    recorded_unix_ns: int
    label_source: str
    copied: bool
    action_delay_ms: float
    converter_version: str
    warnings: tuple[str, ...]
    pieces: tuple[StagedPiece, ...]
    terms: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return sum(piece.length for piece in self.pieces)

    def to_bytes(self) -> bytes:
        """What is stored, beside the rows."""
        return json.dumps(asdict(self), separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> StagedSession:
        """Raises: ManifestError: it is none of ours."""
        try:
            values = json.loads(content)
            pieces = tuple(
                StagedPiece(**one | {"video": StagedObject(**one["video"]), "rows": StagedObject(**one["rows"])})
                for one in values["pieces"]
            )
            texts = {name: tuple(values.get(name, ())) for name in ("warnings", "terms")}
            return cls(**values | {"pieces": pieces, **texts})
        except (ValueError, KeyError, TypeError) as error:
            raise ManifestError(where, f"is no converted session: {error!r}") from error
