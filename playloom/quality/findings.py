"""What a check has to say about a recording, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    NOTE = "note"
    """Worth knowing; does not touch the verdict."""
    WARNING = "warning"
    """The recording can be used, but something about it should be looked at."""
    FAILED = "failed"
    """The recording cannot be used as it is."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason behind a verdict.

    Attributes:
        code: a stable name for programs ("gap", "short-taps").
        level: how bad it is.
        sentence: what was found, for a person, with its figures.
        figures: the same figures for programs; the keys carry their units.
        remedy: what to do about it, or None where nothing needs doing.
    """

    code: str
    level: Level
    sentence: str
    figures: Mapping[str, float | int | str] = field(default_factory=dict)
    remedy: str | None = None


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    levels = {finding.level for finding in findings}
    if Level.FAILED in levels:
        return Verdict.FAILED
    return Verdict.WARNING if Level.WARNING in levels else Verdict.OK
