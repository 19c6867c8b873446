"""What is computed on, in which numbers, and from which random states."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.runs.schema import Device, Precision, TrainerOptions
from training.trainer.distributed import Distributed

CPU, CUDA = "cpu", "cuda"


def choose_device(wanted: Device) -> torch.device:
    """The device that is asked for.

    Raises:
        TrainingError: there is no such device.
    """
    there = torch.cuda.is_available()
    if wanted is Device.cuda and not there:
        raise TrainingError(
            "trainer.device=cuda: PyTorch finds no GPU here",
            remedy="See that nvidia-smi shows it, or train on the processor: trainer.device=cpu preset=cpu",
        )
    return torch.device(CUDA if there and wanted is not Device.cpu else CPU)


def prepare(options: TrainerOptions, *, rank: int = 0) -> None:
    """Set threads, determinism and the seeds from which weights are drawn; before the model is built."""
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    if options.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS refuses
        torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(options.deterministic)
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("highest" if options.deterministic else "high")
    torch.manual_seed(options.seed)


def number_format(options: TrainerOptions, device: torch.device) -> torch.dtype:
    """What is computed in; weights and what the optimizer keeps are float32 in any case."""
    if options.precision is not Precision.auto:
        return torch.bfloat16 if options.precision is Precision.bfloat16 else torch.float32
    if device.type == CUDA:
        return torch.bfloat16
    # A deterministic run is to give the same figures on every processor.
    return torch.bfloat16 if not options.deterministic and multiplies_bfloat16() else torch.float32


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for it; without them bfloat16 is slower than float32."""
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Within it models compute in ``dtype`` where that is safe."""
    return nullcontext() if dtype is torch.float32 else torch.autocast(device.type, dtype=dtype)


def compiled(model: nn.Module, **options: Any) -> Any:
    """The model, compiled, but for those parts that say of themselves that they are never to be.

    Args:
        model: its parts are changed in place.
        options: of `torch.compile`.
    """
    for part in model.modules():
        if getattr(part, "is_never_compiled", False):
            part.forward = torch.compiler.disable(part.forward)
    return torch.compile(model, **options)


def random_states(distributed: Distributed) -> dict[str, Tensor]:
    """The random states of all ranks, as a checkpoint holds them."""
    device = distributed.device
    found = {CPU: distributed.gather(torch.get_rng_state())}
    if device.type == CUDA:
        found[CUDA] = distributed.gather(torch.cuda.get_rng_state(device))
    return {f"{kind}.{rank}": state.cpu() for kind, states in found.items() for rank, state in enumerate(states)}


def restore_random_states(states: Mapping[str, Tensor], distributed: Distributed) -> None:
    """Let this rank draw what it would have drawn next; a rank that was not there keeps its own seed."""
    here = states.get(f"{CPU}.{distributed.rank}")
    if here is not None:
        torch.set_rng_state(here)
    there = states.get(f"{CUDA}.{distributed.rank}")
    if there is not None and distributed.device.type == CUDA:
        torch.cuda.set_rng_state(there, distributed.device)


@contextmanager
def memory_errors(lower: str, step: int) -> Iterator[None]:
    """Turn what PyTorch says when memory does not suffice into what to do about it.

    Raises:
        TrainingError: memory did not suffice within.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_memory(error):
            raise
        where = f" (the GPU has {_gpu_gib():.0f} GiB)" if isinstance(error, torch.OutOfMemoryError) else ""
        raise TrainingError(f"out of memory in step {step}{where}", remedy=lower) from error


def _is_memory(error: MemoryError | RuntimeError) -> bool:
    # The CPU's allocator has no class of its own.
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "DefaultCPUAllocator" in str(error)


def _gpu_gib() -> float:
    return torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory / 2**30
