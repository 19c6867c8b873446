"""How much arithmetic a step is, and how much a device could do: their share is the model FLOP utilisation (MFU).

Counted are multiplications and additions of matrices and convolutions, forward and backward, once each; what is
computed twice to save memory is not work of the model (Chowdhery et al., "PaLM", 2022, appendix B).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

PEAK_BF16_FLOPS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
}
"""Dense bf16 operations a second by a part of the device's name, from the makers' data sheets; first match counts."""


def step_flops(loss: Callable[[], Tensor]) -> int:
    """Count the operations of one forward and backward pass.

    Args:
        loss: makes the forward pass and gives its loss; of the model as it is, not compiled.
    """
    with FlopCounterMode(display=False) as counter:
        loss().backward()
    return int(counter.get_total_flops())


@torch.no_grad()
def forward_flops(look: Callable[[], object]) -> int:
    """Count the operations of one forward pass. Args: look: makes it."""
    with FlopCounterMode(display=False) as counter:
        look()
    return int(counter.get_total_flops())


def peak_flops(device: torch.device) -> float | None:
    """What a device can do in bf16, operations a second; None where that is not known, as of a CPU."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAK_BF16_FLOPS.items() if part in name), None)
