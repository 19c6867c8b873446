"""Confidence of sticks that means how often they are near."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.action_space import ActionSpace, Head, HeadKind
from training.idm.sureness import fit_sureness, sure
from training.metrics.rows import Rows

LOOK = ActionSpace(
    game_id="game", layout_version=1, names=("look.x", "look.y"),
    heads=(Head(name="look", kind=HeadKind.STICK, places=(0, 1)),),
)  # fmt: skip


def rows(confidence: np.ndarray, right: np.ndarray) -> Rows:
    count = len(right)
    truth = np.zeros((count, 2), np.float32)
    return Rows(
        space=LOOK,
        truth=truth,
        values=np.where(right[:, None], truth, 0.5).astype(np.float32),
        probabilities=np.full((count, 2), np.nan, np.float32),
        confidence=confidence[:, None].astype(np.float32),
        episode=np.zeros(count, np.int64),
        frame=np.arange(count),
        group=np.zeros(count, np.int64),
    )


def test_too_modest_a_confidence_is_raised_to_how_often_it_was_right() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.3, 0.99, 20_000)
    right = rng.random(20_000) < true
    modest = 1 / (1 + np.exp(-(0.5 * np.log(true / (1 - true)) - 0.7)))

    found = fit_sureness(rows(modest, right))

    assert found["look"] == (pytest.approx(2.0, abs=0.1), pytest.approx(1.4, abs=0.1))
    raised = sure(torch.from_numpy(modest), *found["look"]).numpy()
    assert np.abs(raised - true).max() < 0.03


def test_a_confidence_that_says_nothing_becomes_the_share_that_was_right() -> None:
    rng = np.random.default_rng(1)
    right = rng.random(10_000) < 0.8

    found = fit_sureness(rows(np.where(right, 0.3, 0.6), right))

    assert float(sure(torch.tensor(0.4), *found["look"])) == pytest.approx(0.8, abs=0.02)


def test_always_right_is_nearly_but_not_quite_certain_and_no_rows_fit_nothing() -> None:
    found = fit_sureness(rows(np.full(50, 0.5), np.ones(50, np.bool_)))

    assert 0.95 < float(sure(torch.tensor(0.5), *found["look"])) < 1
    assert fit_sureness(rows(np.zeros(0), np.zeros(0, np.bool_))) == {}
