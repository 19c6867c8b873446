"""What a dataset is to be: decided when it is created, the same for every session that enters it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from playloom.manifest.errors import ManifestError


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """What all sessions of a dataset have in common.

    Attributes:
        game_definition: the game's YAML, as text.
        class_ids: of the action vector, in order.
        fps: frames a second.
        width, height: of its pictures, even.
        codec, crf, preset, keyframe_interval: how videos are encoded that cannot be copied.
        video: "auto", "copy" or "transcode".
        task: of every episode; None: what each session says.
        keyboard, mouse, rewards: whether there are these features.
        who_acted: whether there is a feature that tells who acted; without it no session enters in which an agent did.
        max_pre_action_s, max_gap_s, short_taps: as `playloom convert` takes them.
        action_delay_ms: as there; "auto" or a number.
        gates: thresholds of the quality gates, by name; what is left out has its default.
        max_shard_mb: episodes are put together into one shard up to this size; a larger one stays whole.
        terms: of the data, shown whenever it is pulled or pushed.
    """

    game_definition: str
    class_ids: tuple[str, ...]
    fps: int
    width: int
    height: int
    codec: str = "h264"
    crf: int = 23
    preset: str = "veryfast"
    keyframe_interval: int = 30
    video: str = "auto"
    task: str | None = None
    keyboard: bool = False
    mouse: bool = False
    rewards: bool = False
    who_acted: bool = False
    max_pre_action_s: float | None = None
    max_gap_s: float = 1.0
    short_taps: bool = False
    action_delay_ms: float | str = 0.0
    gates: Mapping[str, Any] = field(default_factory=dict)
    max_shard_mb: int = 200
    terms: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"class_ids": list(self.class_ids), "gates": dict(self.gates)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str = "dataset config") -> DatasetConfig:
        """Raises: ManifestError: a field is missing, unknown, or of another type."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ManifestError(where, f"'{unknown[0]}' is not known", remedy="Update Playloom")
        try:
            plain: dict[str, Any] = dict(values)
            plain["class_ids"] = tuple(plain["class_ids"])
            plain["gates"] = dict(plain.get("gates", {}))
            return cls(**plain)
        except (KeyError, TypeError, ValueError) as error:
            raise ManifestError(where, f"cannot be read: {error}") from error
