"""What a conversion has done, as a value and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ConvertReport:
    """The outcome of a conversion.

    Attributes:
        path: the dataset's directory.
        repo_id: its name.
        converted: the sessions in it, by directory name, in their order.
        skipped: the sessions that are not, with the reasons.
        warnings: what was lost, repaired or decided, by session.
        episodes, frames: how many the dataset holds.
        fps: frames a second.
        width, height: of its pictures.
        copied: how many of the sessions were copied and not transcoded.
        shards: its video files.
        terms: under which some of its sessions may be used, a sentence each; they stand in its NOTICE.
    """

    path: Path
    repo_id: str
    converted: tuple[str, ...]
    skipped: Mapping[str, str]
    warnings: Mapping[str, tuple[str, ...]]
    episodes: int
    frames: int
    fps: int
    width: int
    height: int
    copied: int
    shards: int
    terms: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "path": str(self.path),
            "repo_id": self.repo_id,
            "converted": list(self.converted),
            "skipped": dict(self.skipped),
            "warnings": {session: list(said) for session, said in self.warnings.items()},
            "episodes": self.episodes,
            "frames": self.frames,
            "fps": self.fps,
            "width": self.width,
            "height": self.height,
            "sessions_copied": self.copied,
            "sessions_transcoded": len(self.converted) - self.copied,
            "shards": self.shards,
            "terms": list(self.terms),
        }

    def lines(self) -> list[str]:
        """The report for people, ending with what to do next."""
        minutes = self.frames / self.fps / 60
        how = [
            f"{count} {word}"
            for count, word in ((self.copied, "copied"), (len(self.converted) - self.copied, "transcoded"))
            if count
        ]
        lines = [
            f"{self.path}: {_counted(self.episodes, 'episode')}, {_counted(self.frames, 'frame')} "
            f"({minutes:.1f} minutes) of {self.width}x{self.height} at {self.fps} frames a second",
            f"from {_counted(len(self.converted), 'session')} ({', '.join(how)})",
        ]
        for session, said in self.warnings.items():
            lines += [f"note: {session}: {sentence}" for sentence in said]
        lines += [f"skipped: {session}: {reason}" for session, reason in self.skipped.items()]
        lines += [f"terms: {sentence}" for sentence in self.terms]
        lines += [
            "next: look at it with",
            f"  playloom preview {self.path} -o preview.png",
            "or open it in Python with",
            f"  LeRobotDataset({self.repo_id!r}, root={str(self.path)!r})",
        ]
        return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
