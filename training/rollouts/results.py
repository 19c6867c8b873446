"""What an evaluation has come to, as ``results.json`` keeps it, and read again to compare evaluations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from playloom.errors import OutputError
from training.metrics.intervals import Figure
from training.rollouts.figures import Comparison, Latency, PlayerFigures, Share

RESULTS_FILE = "results.json"
FORMAT, VERSION = "playloom-rollouts", 1


@dataclass(frozen=True, kw_only=True)
class Video:
    """A rollout that can be looked at.

    Attributes:
        player: who plays in it.
        which: best, median or worst of its episodes.
        seed, score: of the episode.
        file: relative to the evaluation.
    """

    player: str
    which: str
    seed: int
    score: float
    file: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """An evaluation.

    Attributes:
        game: how the game was set up (`GameSettings`), with its ``game_id`` and ``steps_per_second``.
        players: who played and what they reached, policies first.
        settings: of each player by name (`Player`).
        comparisons: of each policy with each other player.
        shares: of each policy, the way from random play to the player to learn from.
        machine: on what was played: device, workers, processors.
        notes: what has to be known, sentences.
        terms: under which the policies may be used.
        videos: rollouts to look at.
    """

    game: Mapping[str, Any]
    players: tuple[PlayerFigures, ...]
    settings: Mapping[str, Mapping[str, Any]]
    comparisons: tuple[Comparison, ...]
    shares: tuple[Share, ...]
    machine: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    videos: tuple[Video, ...] = field(default_factory=tuple)

    @property
    def policies(self) -> tuple[PlayerFigures, ...]:
        """Those that were trained."""
        return tuple(one for one in self.players if one.is_policy)

    def player(self, name: str) -> PlayerFigures:
        """One by name."""
        return next(one for one in self.players if one.name == name)

    def to_document(self) -> dict[str, Any]:
        """For programs."""
        document = asdict(self)
        for comparison, one in zip(document["comparisons"], self.comparisons, strict=True):
            comparison["verdict"] = one.verdict
        return {"format": FORMAT, "version": VERSION, **document}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Results:
        """Read what `to_document` wrote."""
        return cls(
            game=document["game"],
            players=tuple(_player(one) for one in document["players"]),
            settings=document["settings"],
            comparisons=tuple(_comparison(one) for one in document["comparisons"]),
            shares=tuple(Share(**{**one, "share": Figure(**one["share"])}) for one in document["shares"]),
            machine=document["machine"],
            notes=tuple(document["notes"]),
            terms=tuple(document["terms"]),
            videos=tuple(Video(**one) for one in document["videos"]),
        )


def _player(document: Mapping[str, Any]) -> PlayerFigures:
    latency = document["latency"]
    return PlayerFigures(
        **{
            **document,
            "score": Figure(**document["score"]),
            "scores": {int(seed): float(score) for seed, score in document["scores"].items()},
            "latency": None if latency is None else Latency(**latency),
        }
    )


def _comparison(document: Mapping[str, Any]) -> Comparison:
    known = {key: value for key, value in document.items() if key != "verdict"}
    return Comparison(**{**known, "difference": Figure(**document["difference"])})


def write_results(results: Results, directory: Path) -> Path:
    """Write ``results.json``, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    path = directory / RESULTS_FILE
    partial = path.with_name(f".{path.name}.partial")
    try:
        text = json.dumps(results.to_document(), indent=1, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error
    return path


def read_results(directory: Path) -> Results:
    """Read them.

    Raises:
        OutputError: they are not there, or not ours.
    """
    path = directory / RESULTS_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("format") != FORMAT or document.get("version") != VERSION:
            raise OutputError(path, "is not what 'playloom evaluate policy' of this version writes")
        return Results.from_document(document)
    except FileNotFoundError as error:
        raise OutputError(
            path, "is missing", remedy="Let it play first: playloom evaluate policy RUN, which writes it"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            path, f"cannot be read: {error}", remedy="Play again: playloom evaluate policy RUN"
        ) from error


def newest_results(run: Path) -> Sequence[Path]:
    """The evaluations that a run's directory keeps, the newest first."""
    found = [path.parent for path in run.glob(f"rollouts/*/{RESULTS_FILE}")]
    return sorted(found, key=lambda path: (path / RESULTS_FILE).stat().st_mtime, reverse=True)
