"""What falls into training, validation and test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.training_rows import dataset_of
from training.data.splits import split_dataset
from training.errors import DatasetMismatchError


@settings(deadline=None, max_examples=60)
@given(
    players=st.lists(st.sampled_from("abcdef"), min_size=6, max_size=30).filter(lambda some: len(set(some)) >= 3),
    seed=st.integers(0, 3),
)
def test_no_player_is_in_two_parts_and_no_episode_is_lost(players: list[str], seed: int) -> None:
    dataset = dataset_of([20 + place for place in range(len(players))], players=players)
    parts = split_dataset(dataset, by="player", validation=0.2, test=0.2, seed=seed)
    everyone = [parts.train, parts.validation, parts.test]
    assert sorted(episode for part in everyone for episode in part) == list(range(len(players)))
    assert all(everyone)
    of_part = [{players[episode] for episode in part} for part in everyone]
    assert sum(map(len, of_part)) == len(set(players))


def test_episodes_of_one_session_stay_together() -> None:
    dataset = dataset_of([10, 10, 10, 10], sessions=["one", "one", "two", "three"])
    parts = split_dataset(dataset, by="session", validation=0.25, test=0.25)
    assert any({0, 1} <= set(part) for part in (parts.train, parts.validation, parts.test))


def test_sessions_of_one_seed_stay_together_whoever_played_them() -> None:
    dataset = dataset_of([10] * 4, sessions=["courier-ada-7", "courier-bob-7", "courier-ada-8", "courier-ada-9"])
    parts = split_dataset(dataset, by="seed", validation=0.25, test=0.25)
    assert any({0, 1} <= set(part) for part in (parts.train, parts.validation, parts.test))
    assert "seed 7" in {name for names in parts.groups.values() for name in names}


def test_a_recorders_own_session_names_tell_no_seed() -> None:
    dataset = dataset_of([10], sessions=["20261121T093000Z-12345678"])
    assert dataset.episodes[0].seed is None


def test_episodes_whose_session_is_not_known_are_split_one_by_one() -> None:
    parts = split_dataset(dataset_of([10] * 3), by="session", validation=0.3, test=0.3)
    assert sorted(map(len, (parts.train, parts.validation, parts.test))) == [1, 1, 1]


def test_a_part_that_would_be_empty_is_refused_with_what_to_do() -> None:
    dataset = dataset_of([10] * 4, players=["ada"] * 4)
    with pytest.raises(DatasetMismatchError, match=r"1 player cannot be divided into 3 parts.*Split by session"):
        split_dataset(dataset, by="player")


def test_a_part_without_a_share_may_be_empty() -> None:
    parts = split_dataset(dataset_of([10] * 2), validation=0.5, test=0)
    assert (len(parts.train), len(parts.validation), parts.test) == (1, 1, ())


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(DatasetMismatchError, match="nothing to train on"):
        split_dataset(dataset_of([10] * 3), validation=0.5, test=0.5)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(DatasetMismatchError, match="no part 'dev'"):
        split_dataset(dataset_of([10] * 3)).of("dev")
