"""What rollouts come to: the mean of each player with its interval, and differences, game by game.

All players meet the same games (seeds), so they are compared game by game: a paired difference does not care that some
games give more than others. Whole games are drawn anew with replacement for the intervals, never frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics.intervals import DRAWS, LEVEL, SEED, Figure, figure
from training.rollouts.episode import Episode

LEAST_PLAYED_S = 1e-9


@dataclass(frozen=True, kw_only=True)
class Latency:
    """From a picture to its rows.

    Attributes:
        p50_ms, p99_ms: of all chunks.
        chunks: how many.
    """

    p50_ms: float
    p99_ms: float
    chunks: int


@dataclass(frozen=True, kw_only=True)
class PlayerFigures:
    """What one player reached.

    Attributes:
        name: who.
        is_policy: whether it is a trained one.
        score: the mean over its episodes.
        median, lowest, highest: of the scores.
        scores: by seed.
        steps: of an episode, on average.
        ended_by: how often each end came.
        real_time: seconds of play done in a second, everything included: at 1 it keeps up with the game.
        latency: of its chunks; None for others than policies.
    """

    name: str
    is_policy: bool
    score: Figure
    median: float
    lowest: float
    highest: float
    scores: Mapping[int, float]
    steps: float
    ended_by: Mapping[str, int]
    real_time: float | None
    latency: Latency | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One player beside another.

    Attributes:
        one, other: who.
        difference: the mean of one's scores less the mean of the other's.
        games: that both have played; 0: they have met no game together, and the means are compared.
        better, equal, worse: in how many of the games one was.
    """

    one: str
    other: str
    difference: Figure
    games: int
    better: int
    equal: int
    worse: int

    @property
    def verdict(self) -> str:
        """In a word: whether the interval of the difference leaves nothing out."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None:
            return "too few games to tell"
        if low > 0:
            return "above"
        return "below" if high < 0 else "no difference shown"


@dataclass(frozen=True, kw_only=True)
class Share:
    """How far a player has come from one who plays at random to the one who was recorded: 0 and 1.

    Attributes:
        player: who.
        floor, goal: the two others.
        share: of the way.
    """

    player: str
    floor: str
    goal: str
    share: Figure


def player_figures(name: str, episodes: Sequence[Episode], *, is_policy: bool, fps: float) -> PlayerFigures:
    """What some episodes of one player come to.

    Args:
        name: of the player.
        episodes: at least one.
        is_policy: whether it is a trained one.
        fps: steps a second at the game's own speed.
    """
    scores = {one.seed: one.score for one in episodes}
    values = np.array([scores[seed] for seed in sorted(scores)])
    played_s = sum(one.steps for one in episodes) / fps
    wall_s = sum(one.wall_s for one in episodes)
    chunks_ms = np.array([taken for one in episodes for taken in one.chunk_s]) * 1e3
    latency = None
    if len(chunks_ms):
        p50, p99 = np.quantile(chunks_ms, (0.5, 0.99))
        latency = Latency(p50_ms=float(p50), p99_ms=float(p99), chunks=len(chunks_ms))
    return PlayerFigures(
        name=name,
        is_policy=is_policy,
        score=mean_of(values),
        median=float(np.median(values)),
        lowest=float(values.min()),
        highest=float(values.max()),
        scores=scores,
        steps=sum(one.steps for one in episodes) / len(episodes),
        ended_by=dict(Counter(one.ended_by for one in episodes)),
        real_time=played_s / wall_s if wall_s > LEAST_PLAYED_S else None,
        latency=latency,
    )


def compare(one: PlayerFigures, other: PlayerFigures) -> Comparison:
    """Game by game where they have met the same ones, else mean by mean."""
    both = sorted(one.scores.keys() & other.scores.keys())
    if both:
        differences = np.array([one.scores[seed] - other.scores[seed] for seed in both])
        return Comparison(
            one=one.name,
            other=other.name,
            difference=mean_of(differences),
            games=len(both),
            better=int((differences > 0).sum()),
            equal=int((differences == 0).sum()),
            worse=int((differences < 0).sum()),
        )
    return Comparison(
        one=one.name,
        other=other.name,
        difference=difference_of_means(np.array(list(one.scores.values())), np.array(list(other.scores.values()))),
        games=0,
        better=0,
        equal=0,
        worse=0,
    )


def share_of_way(player: PlayerFigures, floor: PlayerFigures, goal: PlayerFigures) -> Share | None:
    """How far a player has come; None where the three have met no game together."""
    seeds = sorted(player.scores.keys() & floor.scores.keys() & goal.scores.keys())
    if not seeds:
        return None
    parts = np.array(
        [[player.scores[seed] - floor.scores[seed], goal.scores[seed] - floor.scores[seed]] for seed in seeds]
    )
    return Share(
        player=player.name,
        floor=floor.name,
        goal=goal.name,
        # Where the goal is no better than the floor there is no way to have come.
        share=figure(parts, lambda sums: np.where(sums[..., 1] > 0, sums[..., 0] / sums[..., 1], np.nan)),
    )


def mean_of(values: NDArray[np.float64]) -> Figure:
    """The mean of some games with its interval."""
    parts = np.stack([values, np.ones(len(values))], axis=1)
    return figure(parts, lambda sums: sums[..., 0] / sums[..., 1])


def difference_of_means(one: NDArray[np.float64], other: NDArray[np.float64]) -> Figure:
    """Of games that have nothing to do with each other: each side is drawn anew for itself."""
    value = float(one.mean() - other.mean())
    low = high = None
    if min(len(one), len(other)) > 1:
        random = np.random.default_rng([SEED, len(one), len(other)])
        drawn = [side[random.integers(0, len(side), (DRAWS, len(side)))].mean(1) for side in (one, other)]
        tail = (1 - LEVEL) / 2
        low, high = (float(edge) for edge in np.quantile(drawn[0] - drawn[1], (tail, 1 - tail)))
    return Figure(value=value, low=low, high=high, count=len(one) + len(other), groups=len(one) + len(other))
