"""Axes, whole rows, calibration, baselines, lags and filters, each on rows whose figure is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.metric_rows import rows_of, space_of, timeline, timelines
from training.action_space import ActionSpace, Head, HeadKind
from training.metrics.accuracy import accuracy_figures
from training.metrics.actions_only import ActionsOnlyModel
from training.metrics.axes import axis_figures
from training.metrics.baselines import EVENT_LEAD_FRAMES, no_op, persistence
from training.metrics.calibration import calibration_figures, calibration_score
from training.metrics.events import event_figures
from training.metrics.filters import filter_figures
from training.metrics.lag import lag_sweep
from training.metrics.rows import Rows, earlier

STICK = space_of(move=HeadKind.STICK)
BUTTON = space_of(jump=HeadKind.DIGITAL)


def test_a_stick_told_exactly_has_r2_of_1_and_its_mean_has_0() -> None:
    truth = np.array([[0.0, 1.0], [0.5, -1.0], [1.0, 0.0]])
    assert axis_figures(rows_of(STICK, truth)).pooled[HeadKind.STICK].r2.value == 1.0
    mean = np.tile(truth.mean(0), (3, 1))
    assert axis_figures(rows_of(STICK, truth, mean)).pooled[HeadKind.STICK].r2.value == pytest.approx(0, abs=1e-6)


def test_r2_is_of_each_axis_and_of_both_by_their_movement() -> None:
    truth = np.array([[0.0, 0.0], [1.0, 0.1]] * 5)
    found = axis_figures(rows_of(STICK, truth, truth * [1, 0]))
    assert found.axes["move.x"].r2.value == 1.0
    assert found.axes["move.y"].r2.value == pytest.approx(-1.0)
    assert found.pooled[HeadKind.STICK].r2.value == pytest.approx(1 - 0.05 / (2.5 + 0.025))
    assert found.pooled[HeadKind.STICK].moving_share == 0.5
    assert found.axes["move.y"].mean_error == pytest.approx(0.05)


def test_a_stick_at_rest_has_no_r2() -> None:
    rows = rows_of(STICK, np.zeros((5, 2)), np.full((5, 2), 0.3))
    assert axis_figures(rows).pooled[HeadKind.STICK].r2.value is None


def test_a_row_is_right_as_a_whole_or_not() -> None:
    space, truth = timelines(left="..##..", right="....##")
    _, said = timelines(left="..#...", right="....##")
    found = accuracy_figures(rows_of(space, truth, said))
    assert found is not None
    assert found.joint.value == pytest.approx(5 / 6)
    assert found.at_changes.value == 1.0
    assert found.buttons.value == pytest.approx(11 / 12)


def test_who_repeats_the_row_before_is_never_right_where_it_changes() -> None:
    rows = rows_of(BUTTON, timeline("..####....##.."))
    repeated = accuracy_figures(persistence(rows))
    assert repeated is not None
    assert repeated.joint.value == pytest.approx(10 / 14)
    assert repeated.at_changes.value == 0.0


def test_saying_nothing_flatters_the_buttons_and_finds_no_event() -> None:
    rows = rows_of(BUTTON, timeline("........#..........#"))
    nothing = no_op(rows)
    flattering = accuracy_figures(nothing)
    assert flattering is not None
    assert flattering.buttons.value == pytest.approx(0.9)
    assert event_figures(nothing).micro.both.f1.value == 0.0


def test_persistence_gets_no_event_for_nothing() -> None:
    rows = rows_of(BUTTON, timeline("....####......####......"))
    assert event_figures(persistence(rows)).micro.both.f1.value == 1.0  # which is why it is told less:
    assert event_figures(persistence(rows, EVENT_LEAD_FRAMES)).micro.both.f1.value == 0.0


def rhythm(episodes: int = 4) -> Rows:
    """A button held for three frames in every eight: habit tells all of it."""
    return rows_of(BUTTON, timeline("...###.." * 8 * episodes), lengths=[64] * episodes)


def test_habits_alone_tell_a_rhythm() -> None:
    model = ActionsOnlyModel.fit(rhythm(), lead_frames=EVENT_LEAD_FRAMES)
    said = model.say(rhythm(2))
    recall = event_figures(said).micro.both.recall.value
    assert recall is not None
    assert recall > 0.9
    assert said.probabilities is not None


def test_the_actions_only_model_never_sees_what_it_is_to_tell() -> None:
    random = np.random.default_rng(1)
    noise = rows_of(BUTTON, random.random((4000, 1)) < 0.5)
    said = accuracy_figures(ActionsOnlyModel.fit(noise, lead_frames=1).say(noise))
    assert said is not None
    assert said.joint.value == pytest.approx(0.5, abs=0.05)


def test_the_actions_only_model_says_one_of_a_group_at_a_time() -> None:
    space = ActionSpace(
        game_id="test",
        layout_version=1,
        names=("left", "right", "move.x"),
        heads=(
            Head(name="left|right", kind=HeadKind.CATEGORICAL, places=(0, 1)),
            Head(name="move.x", kind=HeadKind.ANALOG, places=(2,)),
        ),
    )
    truth = np.array([[1, 0, 0.5], [1, 0, 0.5], [0, 1, -0.5], [0, 1, -0.5]] * 20)
    said = ActionsOnlyModel.fit(rows_of(space, truth), lead_frames=1).say(rows_of(space, truth))
    assert (said.values[:, :2].sum(1) <= 1).all()
    r2 = axis_figures(said).pooled[HeadKind.ANALOG].r2.value
    assert r2 is not None
    assert r2 > 0.9


def test_probabilities_that_mean_what_they_say_have_no_error() -> None:
    chances = np.repeat([0.1, 0.5, 0.9], 1000)
    was = np.concatenate([np.arange(1000) < count for count in (100, 500, 900)])
    found = calibration_score(chances, was, np.zeros(3000, np.int64))
    assert found.ece.value == pytest.approx(0, abs=1e-9)
    assert [(one.count, one.was) for one in found.bins] == [(1000, 0.1), (1000, 0.5), (1000, 0.9)]
    assert found.skill is not None
    assert found.skill > 0.4


def test_who_is_too_sure_has_the_difference_as_error() -> None:
    chances = np.full(1000, 0.9)
    was = np.arange(1000) < 700
    assert calibration_score(chances, was, np.zeros(1000, np.int64)).ece.value == pytest.approx(0.2)


def test_the_constant_share_is_calibrated_and_worth_nothing() -> None:
    was = np.arange(1000) < 50
    found = calibration_score(np.full(1000, 0.05), was, np.zeros(1000, np.int64))
    assert found.ece.value == pytest.approx(0, abs=1e-9)
    assert found.skill == pytest.approx(0)
    assert found.ece_possible.value is None


def test_many_easy_rows_hide_no_error_where_a_press_is_possible() -> None:
    chances = np.concatenate([np.zeros(9900), np.full(100, 0.9)])
    was = np.concatenate([np.zeros(9900, bool), np.arange(100) < 50])
    found = calibration_score(chances, was, np.zeros(10_000, np.int64))
    assert found.ece.value == pytest.approx(0.004)
    assert found.ece_possible.value == pytest.approx(0.4)


def test_confidence_is_held_against_being_right() -> None:
    rows = rows_of(
        BUTTON, timeline("##.."), timeline("#..."), probabilities=[0.9, 0.2, 0.1, 0.1], confidence=[0.9, 0.8, 0.9, 0.9]
    )
    found = calibration_figures(rows)
    assert found.confidence["jump"].ece.value == pytest.approx((0.8 + 3 * 0.1) / 4)
    assert found.all_held is not None
    assert found.held["jump"].bins[0].count == 2


def test_nothing_that_speaks_without_probabilities_has_a_calibration() -> None:
    found = calibration_figures(no_op(rows_of(BUTTON, timeline("#..#"))))
    assert (found.all_held, dict(found.held), dict(found.confidence)) == (None, {}, {})


@pytest.mark.parametrize("lag", [-4, -1, 0, 1, 3])
def test_the_lag_sweep_finds_a_planted_shift(lag: int) -> None:
    random = np.random.default_rng(3)
    held = np.repeat(random.random(60) < 0.4, 5).astype(np.float32)
    stick = np.cumsum(random.normal(0, 0.1, (300, 2)), 0)
    space = space_of(jump=HeadKind.DIGITAL, move=HeadKind.STICK)
    truth = np.column_stack([held, stick]).astype(np.float32)
    said = np.roll(truth, -lag, axis=0)  # of row t it says what is held at row t + lag
    found = lag_sweep(rows_of(space, truth, said, lengths=[150, 150]))
    assert found.best == lag
    assert found.event_f1[found.lags.index(lag)] == 1.0


def test_where_nothing_happens_no_lag_is_best() -> None:
    assert lag_sweep(rows_of(BUTTON, np.zeros((40, 1)))).best is None
    assert lag_sweep(rows_of(BUTTON, np.zeros((3, 1)))).best is None


def test_what_stood_before_does_not_come_from_another_episode() -> None:
    rows = rows_of(BUTTON, timeline("###" + "..."), lengths=[3, 3])
    assert earlier(rows.truth, rows.runs, 1)[:, 0].tolist() == [0, 1, 1, 0, 0, 0]
    assert earlier(rows.truth, rows.runs, 0)[:, 0].tolist() == [1, 1, 1, 0, 0, 0]


def test_a_filter_is_held_against_the_truth_by_frames_and_sessions() -> None:
    flagged = np.array([1, 1, 0, 0, 1, 0, 0, 0], bool)
    true = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    found = filter_figures("menu", flagged, true, np.repeat([7, 9], 4))
    assert found.score.precision.value == pytest.approx(2 / 3)
    assert found.score.recall.value == pytest.approx(2 / 3)
    assert (found.flagged_share, found.true_share) == (0.375, 0.375)
    assert str(found).startswith("menu: precision 0.667")


def test_a_filter_without_anything_to_find_has_no_figure() -> None:
    found = filter_figures("menu", np.array([True, False]), np.zeros(2, bool), np.zeros(2, np.int64))
    assert (found.score.precision.value, found.score.recall.value, found.score.f1.value) == (None, None, None)
    assert found.score.inventions == 1
