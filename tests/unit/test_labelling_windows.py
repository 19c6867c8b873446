from __future__ import annotations

import numpy as np

from tests.support.idm_checkpoints import SPACE
from training.labelling.windows import Merged, merge, plan_windows, window_weights


def test_every_row_but_the_last_of_a_stretch_is_seen_about_as_often_as_asked_for() -> None:
    plan = plan_windows([(0, 40), (40, 60)], 60, window=8, step=1, overlap=2)
    seen = np.zeros(60, int)
    for rows in plan.rows_of(0, len(plan.starts)):
        assert (rows < 40).all() or (rows >= 40).all()
        seen[rows[:-1]] += 1
    assert seen[[39, 59]].tolist() == [0, 0]
    assert seen[7:32].mean() > 1.7
    assert np.delete(seen, [39, 59]).min() >= 1


def test_with_steps_between_pictures_every_phase_is_seen() -> None:
    plan = plan_windows([(0, 50)], 50, window=4, step=3, overlap=1)
    seen = np.unique(plan.rows_of(0, len(plan.starts))[:, :-1])
    assert seen.tolist() == list(range(47))


def test_a_stretch_shorter_than_a_window_has_none() -> None:
    assert plan_windows([(0, 7)], 7, window=8, step=1, overlap=2).starts.tolist() == []


def test_a_pair_of_frames_says_something_of_the_first_only() -> None:
    assert window_weights(2).tolist() == [1, 0]
    assert window_weights(8).tolist() == [1, 2, 3, 4, 3, 2, 1, 0]


def test_answers_are_averaged_with_the_middle_of_a_window_counting_more() -> None:
    merged = Merged.empty(3, SPACE)
    weights = np.array([1, 3, 0], np.float32)
    values = np.zeros((1, 3, 6), np.float32)
    probabilities = np.full((1, 3, 6), np.nan, np.float32)
    probabilities[..., 2:5] = 0.0
    confidence = np.full((1, 3, 4), 0.8, np.float32)
    values[0, :, 0], probabilities[0, :, 2] = 1.0, 1.0
    merged.add(np.array([[0, 1, 2]]), weights, values, probabilities, confidence)
    values[0, :, 0], probabilities[0, :, 2] = -1.0, 0.2
    probabilities[0, :, 3] = 0.9
    merged.add(np.array([[1, 2, 3]])[:, [0, 1, 1]], weights * [1, 0, 0], values, probabilities, confidence)

    labels = merge(merged, SPACE)

    assert labels.seen.tolist() == [True, True, False]
    assert np.allclose(labels.values[1], [0.5, 0, 1, 0, 0, 0])  # (3 x 1 - 1) / 4; 0.8 of attack; 0.225 of left
    assert np.allclose(labels.probabilities[1, 2:5], [0.8, 0.225, 0])
    assert np.isnan(labels.probabilities[:, [0, 1, 5]]).all()
    assert np.allclose(labels.disagreement[1], [1.0, 0.8, 0.9, 0.0])
    assert labels.confidence[2].tolist() == [0, 0, 0, 0]


def test_one_of_a_group_is_held_at_most_and_none_if_that_is_likelier() -> None:
    merged = Merged.empty(2, SPACE)
    probabilities = np.full((1, 2, 6), np.nan, np.float32)
    probabilities[0, 0, 2:5] = 0, 0.45, 0.4
    probabilities[0, 1, 2:5] = 0, 0.3, 0.2
    rows, weights = np.array([[0, 1]]), np.array([1, 1], np.float32)
    merged.add(rows, weights, np.zeros((1, 2, 6), np.float32), probabilities, np.ones((1, 2, 4), np.float32))

    assert merge(merged, SPACE).values[:, 3:5].tolist() == [[1, 0], [0, 0]]
