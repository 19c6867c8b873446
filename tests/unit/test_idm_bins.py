"""Values as shares of bins, and back."""

from __future__ import annotations

import pytest
import torch

from training.idm.bins import even_bins, expectation, mu_law_bins, two_hot


def test_a_value_is_split_between_the_two_bins_beside_it() -> None:
    centres = even_bins(-1, 1, 5)
    assert two_hot(torch.tensor([-1.0, 0.0, 0.125, 1.0]), centres).tolist() == [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.75, 0.25, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]


@pytest.mark.parametrize("centres", [even_bins(-1, 1, 21), even_bins(0, 1, 11), mu_law_bins(150.0, 21)])
def test_the_expectation_gives_every_value_back(centres: torch.Tensor) -> None:
    values = torch.linspace(float(centres[0]), float(centres[-1]), 1001)
    assert torch.allclose(expectation(two_hot(values, centres), centres), values, atol=1e-4 * float(centres[-1]))


def test_a_value_beyond_the_ends_is_the_ends() -> None:
    centres = even_bins(-1, 1, 5)
    beyond = torch.tensor([[-1.00003, 7.0]])
    assert expectation(two_hot(beyond, centres), centres).tolist() == [[-1.0, 1.0]]


def test_the_mouse_is_read_finely_near_rest_and_coarsely_in_a_flick() -> None:
    centres = mu_law_bins(100.0, 9)
    assert centres[4] == 0
    assert torch.equal(centres, -centres.flip(0))
    assert centres[-1].item() == pytest.approx(100.0)
    steps = centres.diff()[4:]
    assert (steps.diff() > 0).all()
    assert steps[0] < 1.5
    assert steps[-1] > 70
