"""What importing a dataset has come to, as a value and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DatasetReport:
    """The outcome of an import into a dataset.

    Attributes:
        path: the dataset's directory.
        repo_id: its name.
        episodes, frames, fps: of it.
        copied: how many of the source's episodes were copied and not transcoded.
        converted: the source's episodes in it.
        skipped: those that are not, with the reasons.
        warnings: what was lost or decided, by episode.
        left_out: features that were not taken, with the reasons.
        licence: what the source's card names; None where it names none.
    """

    path: Path
    repo_id: str
    episodes: int
    frames: int
    fps: int
    copied: int
    converted: Sequence[str]
    skipped: Mapping[str, str]
    warnings: Mapping[str, Sequence[str]]
    left_out: Mapping[str, str]
    licence: str | None

    @classmethod
    def of(cls, path: Path, info: Mapping[str, Any], extension: Mapping[str, Any]) -> DatasetReport:
        """The report of a dataset that stands, out of its info.json."""
        imported = extension["imported"]
        return cls(
            path=path,
            repo_id=extension["repo_id"],
            episodes=info["total_episodes"],
            frames=info["total_frames"],
            fps=info["fps"],
            copied=extension["copied_sessions"],
            converted=extension["converted_sessions"],
            skipped=extension["skipped_sessions"],
            warnings=extension["warnings"],
            left_out=imported["left_out"],
            licence=imported["licence"],
        )

    def to_json(self) -> dict[str, object]:
        return {
            "path": str(self.path),
            "repo_id": self.repo_id,
            "episodes": self.episodes,
            "frames": self.frames,
            "fps": self.fps,
            "episodes_copied": self.copied,
            "converted": list(self.converted),
            "skipped": dict(self.skipped),
            "warnings": {name: list(said) for name, said in self.warnings.items()},
            "left_out": dict(self.left_out),
            "licence": self.licence,
        }

    def lines(self) -> list[str]:
        """The report for people, ending with what to do next."""
        minutes = self.frames / self.fps / 60
        return [
            f"{self.path}: {self.episodes:,} episodes, {self.frames:,} frames ({minutes:.1f} minutes) "
            f"at {self.fps} frames a second",
            f"from {len(self.converted):,} episodes, {self.copied:,} of them copied as they are",
            *(f"note: {name}: {sentence}" for name, said in self.warnings.items() for sentence in said),
            *(f"note: the feature '{name}' is left out: it {reason}" for name, reason in self.left_out.items()),
            *(f"not imported: {reason}" for reason in self.skipped.values()),
            f"terms: {self.licence or 'the card names no licence; ask its makers before you share it'}",
            "next: look at it with",
            f"  playloom preview {self.path} -o preview.png",
            "or open it in Python with",
            f"  LeRobotDataset({self.repo_id!r}, root={str(self.path)!r})",
        ]
