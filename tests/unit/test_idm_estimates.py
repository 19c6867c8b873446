"""From logits to values and how sure they are."""

from __future__ import annotations

import pytest
import torch

from tests.support.action_spaces import EVERY_KIND
from training.idm.bins import even_bins, mu_law_bins, two_hot
from training.idm.estimates import estimates
from training.idm.model import IdmOutput

STICK, GAS, AIM = even_bins(-1, 1, 9), even_bins(0, 1, 5), mu_law_bins(100.0, 9)


def output_of(row: dict[str, list[float]]) -> IdmOutput:
    return IdmOutput(
        logits={name: torch.tensor(logits).view(1, 1, -1) for name, logits in row.items()},
        centres={"move": STICK, "gas": GAS, "aim": AIM, "lean": STICK},
    )


def sure(value: float, centres: torch.Tensor) -> list[float]:
    return (two_hot(torch.tensor(value), centres) + 1e-9).log().tolist()


ROW = output_of(
    {
        "move": sure(0.3, STICK) + sure(-0.75, STICK),
        "jump": [2.0],
        "up|down": [0.0, 3.0, 1.0],
        "gas": sure(0.625, GAS),
        "aim": sure(-37.0, AIM) + sure(0.0, AIM),
        "lean": [0.0] * 9,
    }
)


def test_values_are_in_the_units_of_the_dataset() -> None:
    values = estimates(ROW, EVERY_KIND).values[0, 0].tolist()
    assert values == pytest.approx([0.3, -0.75, 1, 0, 1, 0.625, -37.0, 0, 0], abs=1e-3)


def test_probabilities_are_of_what_is_held_or_not() -> None:
    probabilities = estimates(ROW, EVERY_KIND).probabilities[0, 0]
    assert probabilities[2:5].tolist() == pytest.approx([0.8808, 0.0420, 0.8438], abs=1e-4)
    assert probabilities[[0, 1, 5, 6, 7, 8]].isnan().all()


def test_confidence_is_how_probably_a_head_is_right() -> None:
    confidence = estimates(ROW, EVERY_KIND).confidence[0, 0]
    assert confidence.shape == (6,)
    assert confidence[1:3].tolist() == pytest.approx([0.8808, 0.8438], abs=1e-4)
    assert confidence[5].item() == pytest.approx(0.2 / 2.25, abs=0.01)  # evenly anywhere: as wide as 0.1 each way
    assert (confidence >= 0).all()
    assert (confidence <= 1).all()


def test_a_sure_stick_is_more_confident_with_finer_bins() -> None:
    fine = even_bins(-1, 1, 81)
    logits = torch.tensor(sure(0.3, fine) * 2).view(1, 1, -1)
    output = IdmOutput(logits={**ROW.logits, "move": logits}, centres={**ROW.centres, "move": fine})
    assert estimates(output, EVERY_KIND).confidence[0, 0, 0] > 0.999


def test_a_temperature_changes_how_sure_and_not_what_is_said() -> None:
    plain, cool = estimates(ROW, EVERY_KIND), estimates(ROW, EVERY_KIND, {"jump": 2.0, "up|down": 2.0})
    assert torch.equal(plain.values, cool.values)
    assert cool.probabilities[0, 0, 2].item() == pytest.approx(0.7311, abs=1e-4)
    assert cool.confidence[0, 0, 2] < plain.confidence[0, 0, 2]


def test_nothing_is_held_where_none_is_most_probable() -> None:
    output = IdmOutput(logits={**ROW.logits, "up|down": torch.tensor([[[0.0, 1.0, 5.0]]])}, centres=ROW.centres)
    assert estimates(output, EVERY_KIND).values[0, 0, 3:5].tolist() == [0.0, 0.0]
