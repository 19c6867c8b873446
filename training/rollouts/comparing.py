"""Evaluations beside each other: policies that have played the same games, whenever that was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from playloom.errors import OutputError, PlayloomError
from training.errors import TrainingError
from training.rollouts.figures import Comparison, PlayerFigures, compare
from training.rollouts.results import RESULTS_FILE, Results, newest_results, read_results

DECISIVE = ("environment", "frame_skip", "sticky", "mode", "difficulty", "state", "max_steps")
"""What must be the same in games that are compared; pictures may have another size."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Evaluations of one game beside each other.

    Attributes:
        game: how it was set up, of the first.
        places: the evaluations.
        players: policies, in the order in which they were named; then the others, once.
        comparisons: of the first policy with everybody else.
    """

    game: dict[str, Any]
    places: tuple[Path, ...]
    players: tuple[PlayerFigures, ...]
    comparisons: tuple[Comparison, ...]

    def to_document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "game": self.game,
            "evaluations": [str(place) for place in self.places],
            "players": [asdict(one) for one in self.players],
            "comparisons": [{**asdict(one), "verdict": one.verdict} for one in self.comparisons],
        }


def compare_evaluations(named: Sequence[Path], *, game: str | None = None) -> Compared:
    """Put the policies of some evaluations beside each other.

    Args:
        named: evaluations, or runs that keep theirs.
        game: of which game, where runs have played several.

    Raises:
        OutputError: an evaluation is not there or cannot be read.
        TrainingError: they are of different games, or of games that were set up differently.
    """
    places = list(dict.fromkeys(place for one in named for place in _evaluations(one, game)))
    found = [(place, read_results(place)) for place in places]
    first = found[0][1]
    for place, results in found[1:]:
        _check_same(first, found[0][0], results, place)
    players = tuple(_players(results for _, results in found))
    if len(players) < 2:
        raise PlayloomError(
            "one player alone cannot be compared", remedy="Name two evaluations: playloom compare RUN RUN"
        )
    return Compared(
        game=dict(first.game),
        places=tuple(places),
        players=players,
        comparisons=tuple(compare(players[0], other) for other in players[1:]),
    )


def _evaluations(named: Path, game: str | None) -> list[Path]:
    """The evaluation that a path means: itself, or the newest of the run that it is or of `runs/`."""
    if (named / RESULTS_FILE).is_file():
        return [named]
    for run in (named, Path("runs") / named):
        kept = [place for place in newest_results(run) if game is None or read_results(place).game["game_id"] == game]
        if kept:
            return [kept[0]]
    raise OutputError(
        named,
        "keeps no evaluation" + (f" of {game}" if game else ""),
        remedy=f"Let it play first: playloom evaluate policy {named}",
    )


def _check_same(first: Results, first_place: Path, other: Results, place: Path) -> None:
    for name in DECISIVE:
        then, now = first.game.get(name), other.game.get(name)
        if then != now:
            raise TrainingError(
                f"{first_place} and {place} played different games: {name.replace('_', ' ')} {then} and {now}",
                remedy="Let both play the same: playloom evaluate policy with the same options",
            )


def _players(found: Iterator[Results]) -> Iterator[PlayerFigures]:
    """Policies first. Who played in several evaluations is told once; who only shares a name gets another."""
    policies: dict[str, PlayerFigures] = {}
    others: dict[str, PlayerFigures] = {}
    for results in found:
        for one in results.players:
            kept = policies if one.is_policy else others
            # The weights and how they play; runs in different places may have one name.
            told = results.settings.get(one.name, {})
            key = f"{one.name} {[told.get(name) for name in ('sha256', 'execute', 'delay', 'task')]}"
            before = kept.get(key)
            if before is None or len(one.scores) > len(before.scores):
                kept[key] = one
    taken: dict[str, int] = {}
    for one in (*policies.values(), *others.values()):
        taken[one.name] = taken.get(one.name, 0) + 1
        yield one if taken[one.name] == 1 else replace(one, name=f"{one.name}#{taken[one.name]}")
