"""What rollouts come to: means, differences game by game, and how far a policy has come."""

from __future__ import annotations

import pytest

from training.rollouts.episode import Episode
from training.rollouts.figures import PlayerFigures, compare, player_figures, share_of_way
from training.rollouts.videos import chosen_episodes


def played(
    name: str, scores: dict[int, float], *, is_policy: bool = False, chunk_s: tuple[float, ...] = ()
) -> PlayerFigures:
    episodes = [
        Episode(player=name, seed=seed, steps=60, score=score, ended_by="max_steps", wall_s=0.5, chunk_s=chunk_s)
        for seed, score in scores.items()
    ]
    return player_figures(name, episodes, is_policy=is_policy, fps=30)


def test_a_mean_has_an_interval_over_games_and_the_speed_counts_everything() -> None:
    one = played("one", dict.fromkeys(range(10), 2.0) | {10: 13.0}, chunk_s=(0.01, 0.02, 0.03))
    assert one.score.value == pytest.approx(3.0)
    assert one.score.low == pytest.approx(2.0)
    assert one.score.high is not None
    assert 4 < one.score.high < 7
    assert (one.median, one.lowest, one.highest) == (2.0, 2.0, 13.0)
    assert one.real_time == pytest.approx(4.0)  # two seconds of play in half a second
    assert one.latency is not None
    assert (round(one.latency.p50_ms), round(one.latency.p99_ms), one.latency.chunks) == (20, 30, 33)


def test_a_steady_difference_shows_game_by_game_though_games_differ_much() -> None:
    games = {seed: float(100 * seed) for seed in range(30)}
    better = played("better", {seed: score + 1 + seed % 2 for seed, score in games.items()}, is_policy=True)
    found = compare(better, played("other", games))
    assert found.difference.value == pytest.approx(1.5)
    assert found.verdict == "above"
    assert (found.games, found.better, found.equal, found.worse) == (30, 30, 0, 0)
    assert compare(played("other", games), better).verdict == "below"


def test_what_may_be_chance_is_not_called_a_difference() -> None:
    one = played("one", {seed: float(seed % 3) for seed in range(30)})
    other = played("other", {seed: float((seed + 1) % 3) for seed in range(30)})
    assert compare(one, other).verdict == "no difference shown"
    assert compare(played("one", {1: 5.0}), played("other", {1: 1.0})).verdict == "too few games to tell"


def test_players_who_have_met_no_game_together_are_compared_mean_by_mean() -> None:
    one = played("one", {seed: 10.0 + seed % 2 for seed in range(20)})
    found = compare(one, played("recorded", {seed: float(seed % 2) for seed in range(100, 130)}))
    assert found.games == 0
    assert found.difference.value == pytest.approx(10.0)
    assert found.verdict == "above"


def test_the_way_from_random_to_the_recorded_player_is_0_to_1() -> None:
    seeds = range(30)
    floor, goal = played("random", dict.fromkeys(seeds, 1.0)), played("scripted", dict.fromkeys(seeds, 9.0))
    share = share_of_way(played("one", dict.fromkeys(seeds, 3.0)), floor, goal)
    assert share is not None
    assert share.share.value == pytest.approx(0.25)
    nowhere = share_of_way(played("one", dict.fromkeys(seeds, 3.0)), floor, floor)
    assert nowhere is not None
    assert nowhere.share.value is None
    assert share_of_way(played("one", {99: 1.0}), floor, goal) is None


def test_the_best_the_median_and_the_worst_episode_are_drawn_each_once() -> None:
    assert list(chosen_episodes({1: 5.0, 2: 1.0, 3: 3.0, 4: 2.0})) == [("best", 1), ("median", 4), ("worst", 2)]
    assert list(chosen_episodes({1: 5.0, 2: 1.0})) == [("best", 1), ("median", 2)]
    assert list(chosen_episodes({7: 0.0})) == [("best", 7)]
