"""How fast a run goes and what it waits for, since the last line of figures and over all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from training.trainer.distributed import Distributed
from training.trainer.task import BatchSize


@dataclass(kw_only=True)
class _Span:
    """Steps, and what they took: seconds in all, seconds of waiting for data, clips, pictures."""

    steps: int = 0
    step_s: float = 0.0
    wait_s: float = 0.0
    samples: int = 0
    frames: int = 0

    def figures(self, world: int) -> dict[str, float]:
        step_s = max(self.step_s, 1e-9)
        return {
            "speed/samples_s": self.samples * world / step_s,
            "speed/frames_s": self.frames * world / step_s,
            "speed/data_wait": self.wait_s / step_s,
            "speed/step_s": self.step_s / max(1, self.steps),
        }


@dataclass(kw_only=True)
class Speed:
    """Collects what steps tell; sums of losses stay on their device, so that nothing waits for them."""

    _now: _Span = field(default_factory=_Span)
    _whole: _Span = field(default_factory=_Span)
    _sums: dict[str, Tensor] = field(default_factory=dict)
    _taken: int = 0
    _rate: float = 0.0

    def stepped(self, step_s: float) -> None:
        for span in (self._now, self._whole):
            span.steps += 1
            span.step_s += step_s

    def waited(self, wait_s: float, size: BatchSize) -> None:
        for span in (self._now, self._whole):
            span.wait_s += wait_s
            span.samples += size.samples
            span.frames += size.frames

    def figures(self, total: Tensor, parts: Mapping[str, Tensor], gradient: Tensor, rate: float) -> None:
        """Take the loss, its parts, the gradient's length and the learning rate of a step."""
        named = {"train/loss": total, "train/gradient": gradient}
        named |= {f"train/loss/{name}": value for name, value in parts.items()}
        for name, value in named.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self._taken += 1
        self._rate = rate

    def take(self, distributed: Distributed) -> dict[str, float]:
        """The figures since the last time, means over the steps and the ranks; empty where no step was taken."""
        if not self._taken:
            return {}
        found = {name: float(distributed.mean(value / self._taken)) for name, value in sorted(self._sums.items())}
        found["train/learning_rate"] = self._rate
        found |= self._now.figures(distributed.world)
        self._now, self._sums, self._taken = _Span(), {}, 0
        return found

    def state(self) -> dict[str, Any]:
        """What is collected and not yet taken, as JSON, so that a run that goes on takes what one left alone takes."""
        return {"taken": self._taken, "sums": {name: float(value) for name, value in self._sums.items()}}

    def restore(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Go on from what `state` gave."""
        self._taken = int(state["taken"])
        self._sums = {name: torch.tensor(value, device=device) for name, value in state["sums"].items()}

    def overall(self) -> dict[str, float]:
        """Over all steps of this process."""
        return self._whole.figures(1) if self._whole.steps else {}
