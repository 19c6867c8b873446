"""What an import has done, as a value and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Imported:
    """One source that is imported.

    Attributes:
        source: what it was made of, as the user knows it.
        path: the session made of it.
        frames: of its video.
        kept: whether an earlier run had made it already.
        faults: what was lost or repaired, a sentence each.
        notes: what was decided and costs nothing, a sentence each.
    """

    source: str
    path: Path
    frames: int
    kept: bool = False
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "path": str(self.path),
            "frames": self.frames,
            "kept": self.kept,
            "faults": list(self.faults),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The outcome of an import.

    Attributes:
        output: where the sessions stand.
        imported: in their order, those of earlier runs included.
        failed: the reasons of those that cannot be imported, by source.
        terms: under which the data may be used, a sentence each.
        notes: what is to be said of the whole.
    """

    output: Path
    imported: Sequence[Imported] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    terms: Sequence[str] = ()
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "output": str(self.output),
            "imported": [one.to_json() for one in self.imported],
            "failed": dict(self.failed),
            "terms": list(self.terms),
            "notes": list(self.notes),
        }

    def lines(self, next_step: Sequence[str]) -> list[str]:
        """The report for people, ending with what to do next."""
        new = [one for one in self.imported if not one.kept]
        kept = len(self.imported) - len(new)
        frames = sum(one.frames for one in new)
        lines = [f"{self.output}: {_counted(len(new), 'session')} imported, {_counted(frames, 'frame')}"]
        if kept:
            lines.append(f"{_counted(kept, 'session')} stood there already")
        for one in self.imported:
            lines += [f"fault: {one.source}: {sentence}" for sentence in one.faults]
            lines += [f"note: {one.source}: {sentence}" for sentence in one.notes]
        lines += [f"not imported: {reason}" for reason in self.failed.values()]
        lines += [f"note: {sentence}" for sentence in self.notes]
        return [*lines, *next_step]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
