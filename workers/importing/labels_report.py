"""What making a dataset of labels has come to, as a value and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.dataset_info import EXTENSION


@dataclass(frozen=True, kw_only=True)
class LabelledReport:
    """The outcome.

    Attributes:
        path: the dataset's directory.
        repo_id: its name.
        episodes, frames, fps: of it.
        copied: how many videos were copied and not transcoded.
        converted: the videos in it.
        skipped: those that are not, with the reasons.
        warnings: what was lost or decided, by video.
        label_sources: who labelled.
        terms: under which it may be used.
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
    label_sources: Sequence[str]
    terms: Sequence[str]

    @classmethod
    def of(cls, path: Path, info: Mapping[str, Any]) -> LabelledReport:
        """The report of a dataset that stands, out of its info.json."""
        extension = info["extensions"][EXTENSION]
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
            label_sources=extension["label_sources"],
            terms=extension["terms"],
        )

    def to_json(self) -> dict[str, object]:
        return {
            "path": str(self.path),
            "repo_id": self.repo_id,
            "episodes": self.episodes,
            "frames": self.frames,
            "fps": self.fps,
            "videos_copied": self.copied,
            "converted": list(self.converted),
            "skipped": dict(self.skipped),
            "warnings": {name: list(said) for name, said in self.warnings.items()},
            "label_sources": list(self.label_sources),
            "terms": list(self.terms),
        }

    def lines(self) -> list[str]:
        """The report for people, ending with what to do next."""
        minutes = self.frames / self.fps / 60
        return [
            f"{self.path}: {self.episodes:,} episodes, {self.frames:,} frames ({minutes:.1f} minutes) "
            f"at {self.fps} frames a second, labelled by {', '.join(self.label_sources)}",
            f"from {len(self.converted):,} videos, {self.copied:,} of them copied as they are",
            *(f"note: {name}: {sentence}" for name, said in self.warnings.items() for sentence in said),
            *(f"not in it: {name}: {reason}" for name, reason in self.skipped.items()),
            *(f"terms: {term}" for term in self.terms),
            "next: look at it with",
            f"  playloom preview {self.path} -o preview.png",
            "or train on it, alone or beside recorded play",
        ]
