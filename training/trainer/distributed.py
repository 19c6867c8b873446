"""One process of several that train one model, or the only one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Distributed(Protocol):
    """What the trainer asks of the processes beside it. Every method is called by all ranks together."""

    @property
    def rank(self) -> int: ...

    @property
    def world(self) -> int: ...

    @property
    def device(self) -> torch.device: ...

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, its gradients averaged over the ranks in backward."""
        ...

    def mean(self, value: Tensor) -> Tensor:
        """Averaged over the ranks."""
        ...

    def any(self, flag: bool) -> bool:
        """Whether it is so on one of them."""
        ...

    def first(self, value: float) -> float:
        """Rank 0's."""
        ...

    def gather(self, value: Tensor) -> list[Tensor]:
        """Each rank's, in order; of one shape on all."""
        ...

    def documents(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Each rank's, in order; JSON."""
        ...

    def barrier(self) -> None:
        """Go on when all are here."""
        ...

    def is_stopping(self) -> bool:
        """Whether whoever began this process wants it to end; asked of each rank for itself."""
        ...


@dataclass(frozen=True, kw_only=True)
class Alone:
    """The only process. Attributes: device: to compute on."""

    device: torch.device
    rank: int = 0
    world: int = 1

    def wrap(self, model: nn.Module) -> nn.Module:
        return model

    def mean(self, value: Tensor) -> Tensor:
        return value

    def any(self, flag: bool) -> bool:
        return flag

    def first(self, value: float) -> float:
        return value

    def gather(self, value: Tensor) -> list[Tensor]:
        return [value]

    def documents(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [dict(document)]

    def barrier(self) -> None:
        return

    def is_stopping(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """One rank of torch.distributed's default group, which somebody else began and will end.

    Attributes:
        device: to compute on.
    """

    device: torch.device

    @property
    def rank(self) -> int:
        return torch.distributed.get_rank()

    @property
    def world(self) -> int:
        return torch.distributed.get_world_size()

    def wrap(self, model: nn.Module) -> nn.Module:
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model, device_ids=[self.device] if self.device.type == "cuda" else None)

    def mean(self, value: Tensor) -> Tensor:
        total = value.detach().clone()
        torch.distributed.all_reduce(total)
        return total / self.world

    def any(self, flag: bool) -> bool:
        found = torch.tensor(float(flag), device=self.device)
        torch.distributed.all_reduce(found, op=torch.distributed.ReduceOp.MAX)
        return bool(found.item())

    def first(self, value: float) -> float:
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(shared, src=0)
        return float(shared.item())

    def gather(self, value: Tensor) -> list[Tensor]:
        here = value.to(self.device)
        each = [torch.empty_like(here) for _ in range(self.world)]
        torch.distributed.all_gather(each, here)
        return each

    def documents(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        content = torch.frombuffer(bytearray(json.dumps(document).encode()), dtype=torch.uint8)
        lengths = [int(one.item()) for one in self.gather(torch.tensor(len(content)))]
        padded = torch.zeros(max(lengths), dtype=torch.uint8)  # what is gathered is of one shape
        padded[: len(content)] = content
        each = zip(self.gather(padded), lengths, strict=True)
        return [json.loads(bytes(one[:length].cpu().tolist())) for one, length in each]

    def barrier(self) -> None:
        torch.distributed.barrier()

    def is_stopping(self) -> bool:
        return False
