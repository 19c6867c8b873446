from __future__ import annotations

import pytest
import torch

from training.runs.schema import Precision, TrainerOptions
from training.trainer.machine import number_format

BFLOAT16 = {"avx512_bf16": True, "amx_bf16": False}
CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("options", "device", "processor", "wanted"),
    [
        (TrainerOptions(), GPU, {}, torch.bfloat16),
        (TrainerOptions(), CPU, BFLOAT16, torch.bfloat16),
        (TrainerOptions(), CPU, {"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        (TrainerOptions(), CPU, {"avx512_f": True}, torch.float32),  # it would have to convert each number
        (TrainerOptions(deterministic=True), CPU, BFLOAT16, torch.float32),
        (TrainerOptions(precision=Precision.float32), CPU, BFLOAT16, torch.float32),
        (TrainerOptions(precision=Precision.float32), GPU, {}, torch.float32),
        (TrainerOptions(precision=Precision.bfloat16), CPU, {}, torch.bfloat16),
    ],
)
def test_bfloat16_is_computed_in_where_it_is_faster(
    options: TrainerOptions,
    device: torch.device,
    processor: dict[str, bool],
    wanted: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor)
    assert number_format(options, device) is wanted
