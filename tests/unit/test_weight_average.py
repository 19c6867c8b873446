"""The mean of a model's weights over its last steps."""

from __future__ import annotations

import torch

from training.ema import WeightAverage


def scale(value: float) -> torch.nn.Linear:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, value)
    return model


def test_the_first_steps_are_forgotten_quickly_and_later_ones_slowly() -> None:
    average = WeightAverage(scale(0.0), decay=0.9)
    decays = []
    for _ in range(200):
        decays.append(average.decay_now)
        average.update(scale(1.0))
    assert decays[:3] == [1 / 10, 2 / 11, 3 / 12]
    assert decays[-1] == 0.9
    assert decays == sorted(decays)


def test_it_is_the_weighted_mean() -> None:
    average = WeightAverage(scale(0.0), decay=0.999)
    average.update(scale(1.0))
    assert torch.allclose(average.weights()["weight"], torch.tensor([[0.9]]))


def test_a_model_has_the_average_within_and_its_own_weights_after() -> None:
    model = scale(3.0)
    average = WeightAverage(scale(1.0))
    with average.applied_to(model):
        assert model.weight.item() == 1.0
    assert model.weight.item() == 3.0


def test_it_goes_on_from_its_state_to_the_same_numbers() -> None:
    first, second = WeightAverage(scale(0.0)), WeightAverage(scale(5.0))
    for step in range(3):
        first.update(scale(float(step)))
    second.load_state_dict(first.state_dict())
    first.update(scale(9.0))
    second.update(scale(9.0))
    assert torch.equal(first.weights()["weight"], second.weights()["weight"])
    assert first.updates == second.updates == 4


def test_buffers_are_as_they_were_last() -> None:
    model = torch.nn.BatchNorm1d(1)
    average = WeightAverage(model)
    assert model.num_batches_tracked is not None
    model.num_batches_tracked += 7
    average.update(model)
    assert average.weights()["num_batches_tracked"].item() == 7
