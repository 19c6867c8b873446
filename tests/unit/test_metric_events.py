"""Press and release events: matched one to one within a frame, never across an edge of an episode."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.metric_rows import rows_of, space_of, timeline, timelines
from training.action_space import HeadKind
from training.metrics.events import EventScore, event_figures, matches, presses, releases
from training.metrics.rows import Rows, earlier

BUTTON = space_of(jump=HeadKind.DIGITAL)


def micro(truth: str, said: str, *, tolerance: int = 1) -> EventScore:
    return event_figures(rows_of(BUTTON, timeline(truth), timeline(said)), tolerance=tolerance).micro.both


def counts(score: EventScore) -> tuple[int, int, int]:
    return score.hits, score.misses, score.inventions


def test_what_is_said_exactly_has_f1_of_1() -> None:
    found = micro("..##...#..", "..##...#..")
    assert counts(found) == (4, 0, 0)
    assert (found.precision.value, found.recall.value, found.f1.value) == (1.0, 1.0, 1.0)


def test_who_says_nothing_has_no_precision_and_no_recall() -> None:
    found = micro("..##...#..", "..........")
    assert (found.precision.value, found.recall.value, found.f1.value) == (None, 0.0, 0.0)


def test_without_a_press_in_the_truth_there_is_no_figure_whatever_is_said() -> None:
    for said in ("..........", "..##..#..."):
        found = micro("..........", said)
        assert (found.precision.value, found.recall.value, found.f1.value) == (None, None, None)
    assert micro("..........", "..##......").inventions == 2
    assert event_figures(rows_of(BUTTON, timeline("...."))).macro_f1 is None


def test_one_frame_off_is_found_and_two_are_not() -> None:
    assert counts(micro("...###....", "....###...")) == (2, 0, 0)
    assert counts(micro("...###....", "..###.....")) == (2, 0, 0)
    assert counts(micro("...###....", ".....###..")) == (0, 2, 2)
    assert counts(micro("...###....", "....###...", tolerance=0)) == (0, 2, 2)


def test_a_button_that_is_held_when_an_episode_begins_was_not_pressed_there() -> None:
    rows = rows_of(BUTTON, timeline("..##" + "##.."), lengths=[4, 4])
    held = rows.truth_held[:, 0]
    assert presses(held, rows.runs).tolist() == [2]
    assert releases(held, rows.runs).tolist() == [6]


def test_a_missing_frame_ends_a_run() -> None:
    rows = rows_of(BUTTON, timeline("..##.."))
    assert presses(rows.only(np.array([1, 1, 0, 1, 1, 1], bool)).truth_held[:, 0], np.array([0, 0, 1, 1, 1])).size == 0


def test_no_pair_reaches_into_the_next_episode() -> None:
    truth, said = timeline("...#" + "...."), timeline("...." + ".#..")
    found = event_figures(rows_of(BUTTON, truth, said, lengths=[4, 4]), tolerance=3).micro
    assert counts(found.press) == (0, 1, 1)


def test_presses_and_releases_are_not_mistaken_for_each_other() -> None:
    found = event_figures(rows_of(BUTTON, timeline("..###..."), timeline("#.......")))
    assert counts(found.micro.press) == (0, 1, 0)
    assert counts(found.micro.release) == (0, 1, 1)


def test_one_said_press_is_not_two_true_ones() -> None:
    assert micro(".#.#....", "..#.....").hits == 2  # its press and its release
    assert event_figures(rows_of(BUTTON, timeline(".#.#...."), timeline("..#....."))).micro.press.hits == 1


def test_an_event_that_no_picture_shows_is_neither_missed_nor_invented() -> None:
    rows = rows_of(BUTTON, timeline("..##....##.."), timeline("...##......."))
    unseen = np.zeros((12, 1), np.bool_)
    unseen[8:] = True
    found = event_figures(rows, unseen=unseen).micro.both
    assert counts(found) == (2, 0, 0)
    spoken = rows.saying(timeline("..##....##.."))
    assert counts(event_figures(spoken, unseen=unseen).micro.both) == (2, 0, 0)


def test_micro_counts_events_and_macro_counts_actions() -> None:
    space, truth = timelines(often=".#.#.#.#....", seldom="........##..", never="............")
    _, said = timelines(often=".#.#.#.#....", seldom="............", never="............")
    found = event_figures(rows_of(space, truth, said))
    assert found.micro.both.f1.value == pytest.approx(16 / 18)
    assert found.macro_f1 == pytest.approx(0.5)
    assert found.actions["never"].both.f1.value is None


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=6).map(sorted),
    st.lists(st.integers(0, 30), unique=True, max_size=6).map(sorted),
    st.integers(0, 3),
)
def test_no_other_matching_has_more_pairs(true: list[int], said: list[int], tolerance: int) -> None:
    found, used = matches(np.array(true, np.int64), np.array(said, np.int64), tolerance)
    assert found.sum() == used.sum() == _most_pairs(true, said, tolerance)


def _most_pairs(true: list[int], said: list[int], tolerance: int) -> int:
    """By trying: pairs in order, of every choice of as many events on either side."""
    for count in range(min(len(true), len(said)), 0, -1):
        for left in combinations(true, count):
            for right in combinations(said, count):
                if all(abs(one - other) <= tolerance for one, other in zip(left, right, strict=True)):
                    return count
    return 0


held = st.lists(st.booleans(), min_size=1, max_size=40).map(lambda bits: np.array(bits, np.float32)[:, None])


@settings(max_examples=30)
@given(held)
def test_the_truth_itself_is_perfect(truth: NDArray[np.float32]) -> None:
    assert event_figures(rows_of(BUTTON, truth)).micro.both.f1.value in (None, 1.0)


@settings(max_examples=30)
@given(held)
def test_nothing_finds_nothing(truth: NDArray[np.float32]) -> None:
    assert event_figures(rows_of(BUTTON, truth, truth * 0)).micro.press.f1.value in (None, 0.0)


@settings(max_examples=30)
@given(held)
def test_a_shift_by_one_frame_is_forgiven(truth: NDArray[np.float32]) -> None:
    padded = np.concatenate([np.zeros((1, 1), np.float32), truth, np.zeros((2, 1), np.float32)])
    rows = rows_of(BUTTON, padded)
    late = rows.saying(earlier(padded, rows.runs, 1))
    assert event_figures(late).micro.both.f1.value in (None, 1.0)


@settings(max_examples=30)
@given(held, st.data())
def test_truth_and_what_is_said_may_change_places_and_time_may_run_backwards(
    truth: NDArray[np.float32], data: st.DataObject
) -> None:
    said = data.draw(st.lists(st.booleans(), min_size=len(truth), max_size=len(truth)))
    rows = rows_of(BUTTON, truth, np.array(said, np.float32))
    one = event_figures(rows).micro.both
    other = event_figures(rows_of(BUTTON, rows.values, rows.truth)).micro.both
    assert counts(one) == (other.hits, other.inventions, other.misses)
    backwards = _backwards(rows)
    assert event_figures(backwards).micro.press.hits == event_figures(rows).micro.release.hits


def _backwards(rows: Rows) -> Rows:
    """A press read backwards is a release of the row after it: both sides move alike."""
    return rows_of(rows.space, rows.truth[::-1], rows.values[::-1])


def test_the_interval_holds_the_value_and_needs_two_episodes() -> None:
    truth = timeline("..##..#..." * 6)
    said = timeline(("..##......" + "..##..#...") * 3)
    alone = event_figures(rows_of(BUTTON, truth, said)).micro.both.f1
    assert (alone.low, alone.high) == (None, None)
    many = event_figures(rows_of(BUTTON, truth, said, lengths=[10] * 6)).micro.both.f1
    assert many.low is not None
    assert many.high is not None
    assert many.value is not None
    assert 2 / 3 <= many.low < many.value < many.high <= 1
    assert many.groups == 6
    again = event_figures(rows_of(BUTTON, truth, said, lengths=[10] * 6)).micro.both.f1
    assert again == many
