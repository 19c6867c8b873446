"""How often each thing is done."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.action_spaces import EVERY_KIND, some_actions
from training.errors import TrainingError
from training.idm.balance import ClassBalance, class_balance


def test_presses_are_counted_over_all_episodes() -> None:
    rows = np.zeros((10, 9), np.float32)
    rows[:3, 2] = 1
    rows[:2, 4] = 1
    balance = class_balance([rows, rows], EVERY_KIND)
    assert balance.frames == 20
    assert dict(balance.held) == {"jump": (6,), "up|down": (0, 4)}


def test_sticks_are_counted_over_their_range() -> None:
    rows = np.zeros((4, 9), np.float32)
    rows[:, 0] = [-1.00003, 0, 0, 1]
    shares = class_balance([rows], EVERY_KIND).histograms["move"][0]
    assert (shares[0], shares[32], shares[64], sum(shares)) == (0.25, 0.5, 0.25, 1.0)


def test_the_mouse_scale_leaves_out_the_fastest_flicks_and_rest() -> None:
    rows = np.zeros((4000, 9), np.float32)
    rows[:1000, 6] = np.linspace(1, 100, 1000)
    rows[0, 6] = -5000
    assert class_balance([rows], EVERY_KIND).mouse_scales["aim"] == pytest.approx(99.5, abs=0.2)


def test_a_mouse_that_never_moves_has_a_scale() -> None:
    assert class_balance([np.zeros((5, 9), np.float32)], EVERY_KIND).mouse_scales == {"aim": 1.0}


def test_a_balance_comes_back_from_json() -> None:
    balance = class_balance([some_actions(50)], EVERY_KIND)
    assert ClassBalance.from_document(json.loads(json.dumps(balance.to_document()))) == balance


def test_what_is_no_number_is_refused_by_name() -> None:
    rows = some_actions(5)
    rows[3, 5] = np.nan
    with pytest.raises(TrainingError, match="'gas' in row 3 of an episode is no number"):
        class_balance([rows], EVERY_KIND)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(TrainingError, match="no actions"):
        class_balance([], EVERY_KIND)
