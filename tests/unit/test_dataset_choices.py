"""Choosing and dividing episodes, and telling versions apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playloom.datasets.differences import compare_versions
from playloom.datasets.selection import Selection, episode_spans, select_episodes
from playloom.datasets.splitting import PARTS, SplitBy, split_episodes
from playloom.errors import PlayloomError
from tests.support.dataset_versions import file_of, session_of, shards_of

SHARDS = shards_of(
    session_of("a", "ada", episodes=2, day=1),
    session_of("b", "grace", day=2),
    session_of("c", "ada", day=3, label_source="idm"),
)


@pytest.mark.parametrize(
    ("selection", "episodes"),
    [
        (Selection(), [0, 1, 2, 3]),
        (Selection(players=["ada"]), [0, 1, 3]),
        (Selection(players=["player_grace"]), [2]),
        (Selection(sessions=["c", "b"]), [2, 3]),
        (Selection(since_unix_ns=2 * 86_400 * 10**9), [2, 3]),
        (Selection(before_unix_ns=2 * 86_400 * 10**9), [0, 1]),
        (Selection(label_sources=["idm"]), [3]),
        (Selection(players=["ada"], label_sources=["recorded"]), [0, 1]),
    ],
)
def test_episodes_are_chosen_by_whose_when_and_who_labelled(selection: Selection, episodes: list[int]) -> None:
    assert select_episodes(SHARDS, selection) == episodes


def test_a_player_who_is_not_in_the_version_is_named() -> None:
    with pytest.raises(PlayloomError, match="player 'alan'"):
        select_episodes(SHARDS, Selection(players=["alan"]))


def test_a_choice_that_leaves_nothing_says_so() -> None:
    with pytest.raises(PlayloomError, match="no episode is left"):
        select_episodes(SHARDS, Selection(players=["grace"], label_sources=["idm"]))


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 500)), min_size=6, max_size=40),
    st.integers(0, 5),
    st.sampled_from(SplitBy),
)
def test_no_group_is_ever_in_two_parts_and_every_episode_in_one(
    played: list[tuple[str, int]], seed: int, by: SplitBy
) -> None:
    shards = shards_of(
        *(session_of(f"s{place}", player, frames=frames) for place, (player, frames) in enumerate(played))
    )
    spans = episode_spans(shards)
    if by is SplitBy.PLAYER and len({player for player, _ in played}) < 3:
        with pytest.raises(PlayloomError, match="cannot be divided"):
            split_episodes(spans, by=by, validation=0.2, test=0.2, seed=seed)
        return
    split = split_episodes(spans, by=by, validation=0.2, test=0.2, seed=seed)
    assert sorted(episode for part in PARTS for episode in split.episodes[part]) == list(range(len(played)))
    assert all(split.episodes[part] for part in PARTS)
    groups = [group for part in PARTS for group in split.groups[part]]
    assert len(groups) == len(set(groups))


def test_shares_come_out_about_as_asked() -> None:
    shards = shards_of(*(session_of(f"s{number}") for number in range(100)))
    split = split_episodes(episode_spans(shards), by=SplitBy.SESSION, validation=0.1, test=0.2)
    assert [len(split.episodes[part]) for part in PARTS] == [70, 10, 20]


def test_shares_that_leave_nothing_are_refused() -> None:
    with pytest.raises(PlayloomError, match="leave nothing"):
        split_episodes(episode_spans(SHARDS), by=SplitBy.SESSION, validation=0.5, test=0.5)


def test_versions_differ_by_their_sessions_and_the_bytes_of_their_files() -> None:
    before = shards_of(session_of("a"), session_of("b"))
    after = (before[0], *shards_of(session_of("x"), session_of("y"), session_of("c"))[2:])
    found = compare_versions(before, after, [file_of("meta/info.json", "1")], [file_of("meta/info.json", "2")])
    assert [one.session.session_id for one in found.added] == ["c"]
    assert [one.session.session_id for one in found.removed] == ["b"]
    assert found.kept_bytes == sum(file.size_bytes for file in before[0].files)
    assert found.new_bytes == sum(file.size_bytes for file in after[1].files) + len("content of 2")
