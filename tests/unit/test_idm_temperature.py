"""One temperature a head makes a model as sure as it may be."""

from __future__ import annotations

import pytest
import torch

from tests.support.action_spaces import EVERY_KIND, some_actions
from training.idm.balance import class_balance
from training.idm.bins import even_bins
from training.idm.config import PRESETS
from training.idm.estimates import estimates
from training.idm.losses import IdmLoss
from training.idm.model import IdmOutput
from training.idm.temperature import fit_temperatures
from training.idm.validation import HeldOut, calibrated_loss

BINS = even_bins(-1, 1, 5)


def batch(heat: float, count: int = 1500) -> tuple[IdmOutput, torch.Tensor]:
    """Jumps of known probability, and a model that is ``heat`` times too sure of them."""
    made = torch.Generator().manual_seed(0)
    logits = torch.randn(count, 2, 1, generator=made)
    truth = torch.zeros(count, 2, 9)
    truth[..., 2] = (torch.rand(count, 2, generator=made) < logits[..., 0].sigmoid()).float()
    nothing = {"move": 10, "up|down": 3, "gas": 5, "aim": 10, "lean": 5}
    output = IdmOutput(
        logits={"jump": logits * heat, **{name: torch.zeros(count, 2, size) for name, size in nothing.items()}},
        centres=dict.fromkeys(("move", "gas", "aim", "lean"), BINS),
    )
    return output, truth


def ece(probabilities: torch.Tensor, truth: torch.Tensor) -> float:
    """Expected calibration error of ten bins."""
    place = (probabilities * 10).long().clamp(max=9)
    gaps = [
        float((probabilities[place == one].mean() - truth[place == one].mean()).abs() * (place == one).float().mean())
        for one in range(10)
        if bool((place == one).any())
    ]
    return sum(gaps)


@pytest.mark.parametrize("heat", [4.0, 0.25])
def test_the_temperature_is_how_much_too_sure_a_model_is(heat: float) -> None:
    output, truth = batch(heat)
    found = fit_temperatures([output], [truth], EVERY_KIND)
    assert found["jump"] == pytest.approx(heat, rel=0.15)
    assert set(found) == {head.name for head in EVERY_KIND.heads}


def test_the_calibration_error_falls() -> None:
    output, truth = batch(4.0)
    before = estimates(output, EVERY_KIND).probabilities[:, 0, 2]
    temperatures = fit_temperatures([output], [truth], EVERY_KIND)
    after = estimates(output, EVERY_KIND, temperatures).probabilities[:, 0, 2]
    held = truth[:, 0, 2]
    assert ece(before, held) > 0.15
    assert ece(after, held) < 0.04


def test_frames_that_do_not_count_are_not_looked_at() -> None:
    output, truth = batch(4.0, 1500)
    counts = torch.ones(1500, 2)
    counts[1000:] = 0
    truth[1000:] = torch.nan
    assert fit_temperatures([output], [truth], EVERY_KIND, [counts])["jump"] == pytest.approx(4.0, rel=0.2)


def test_where_nothing_counts_nothing_is_changed() -> None:
    output, truth = batch(4.0, 4)
    assert set(fit_temperatures([output], [truth], EVERY_KIND, [torch.zeros(4, 2)]).values()) == {1.0}


def test_a_model_that_is_too_sure_is_as_good_as_one_that_is_not_where_checkpoints_are_compared() -> None:
    loss = IdmLoss(EVERY_KIND, PRESETS["debug"], class_balance([some_actions(200)], EVERY_KIND))
    bare: list[float] = []
    found: list[float] = []
    for heat in (1.0, 4.0):
        output, truth = batch(heat)
        count = len(truth)
        held_out = HeldOut(
            output=output, actions=truth, episode=torch.zeros(count), frame=torch.arange(2).expand(count, 2)
        )
        temperatures = fit_temperatures([output], [truth], EVERY_KIND)
        bare.append(float(loss(output, truth).total))
        found.append(calibrated_loss(loss, [held_out], temperatures, torch.device("cpu")))
    assert bare[1] > bare[0] + 0.3
    assert found[1] == pytest.approx(found[0], rel=1e-3)
