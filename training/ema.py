"""The mean of a model's weights over its last steps, which predicts better than the last of them.

Averaging: Polyak and Juditsky, 1992. The first steps, which are far from where the weights will be, are forgotten
quickly: the decay grows from 1/10 as (1 + n) / (10 + n) up to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """An exponential moving average of a model's parameters; buffers are as they were last.

    Args:
        model: whose weights; begins with a copy of them.
        decay: at the end of the warm-up, below 1.
    """

    def __init__(self, model: nn.Module, *, decay: float = 0.999) -> None:
        assert 0 <= decay < 1
        self.decay = decay
        self.updates = 0
        self._weights = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @property
    def decay_now(self) -> float:
        """What is kept of the average at the next update."""
        return min(self.decay, (1 + self.updates) / (10 + self.updates))

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the weights of a step in."""
        keep = self.decay_now
        averages: list[Tensor] = []
        news: list[Tensor] = []
        parameters = dict(model.named_parameters())
        for name, value in model.state_dict().items():
            if name in parameters and value.is_floating_point():
                averages.append(self._weights[name])
                news.append(value)
            else:
                self._weights[name].copy_(value)
        get_ema_multi_avg_fn(keep)(averages, news, None)
        self.updates += 1

    def weights(self) -> dict[str, Tensor]:
        """The average as a state dict of the model; a copy of nothing."""
        return dict(self._weights)

    @contextmanager
    def applied_to(self, model: nn.Module) -> Iterator[None]:
        """Within it ``model`` has the averaged weights, and its own again after."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self._weights)
        try:
            yield
        finally:
            model.load_state_dict(own)

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors only, as safetensors takes them: the average, and ``updates`` (int64[])."""
        return {"updates": torch.tensor(self.updates), **{f"weights.{name}": v for name, v in self._weights.items()}}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state_dict` gave."""
        self.updates = int(state["updates"])
        for name, value in self._weights.items():
            value.copy_(state[f"weights.{name}"])


def averaged_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The model's state dict out of what `WeightAverage.state_dict` gave."""
    return {name.removeprefix("weights."): value for name, value in state.items() if name.startswith("weights.")}
