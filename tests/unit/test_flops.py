"""How much arithmetic a step is."""

from __future__ import annotations

import torch

from training.flops import peak_flops, step_flops


def test_a_linear_layer_costs_its_forward_pass_and_the_gradient_of_its_weights() -> None:
    layer = torch.nn.Linear(10, 20, bias=False)
    batch = torch.rand(5, 10)
    assert step_flops(lambda: layer(batch).sum()) == 2 * (2 * 5 * 10 * 20)


def test_what_a_cpu_could_do_is_not_known() -> None:
    assert peak_flops(torch.device("cpu")) is None
