"""How fast an inverse dynamics model is trained: clips a second, how long a step waits for data, and how busy a GPU is.

`playloom train idm` is run on VizDoom play that was converted to 256x256, once with the cache of pictures and once
without it, with the preset of the machine: h100 where there is a GPU, cpu elsewhere. The first lines of figures, in
which workers start and models are compiled, do not count. A step is everything from one to the next: waiting, copying,
forward, backward, optimizer and average. The share of a GPU's arithmetic (model FLOP utilisation) counts the model's
matrices and convolutions, forward and backward, against what its maker says that it can do in bfloat16.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.harness import RESULTS_ROOT, Row, Settings, figure, main, seconds_of
from bench.loader import doom_dataset

if TYPE_CHECKING:
    from torch import Tensor

ROOT = RESULTS_ROOT / "training"


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long is measured. Attributes: steps: of a line of figures; warm: lines that do not count; lines: that do."""

    steps: int
    warm: int
    lines: int


QUICK = Length(steps=2, warm=1, lines=1)
FULL = Length(steps=5, warm=2, lines=30)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a run was like, its first lines of figures left out.

    Attributes:
        clips_s: clips a second.
        step_s: seconds of a step.
        wait_share: of a step, for data.
        step_flops: arithmetic of a step.
        peak_flops: of the device, a second; None where it is not known.
        checkpoint_s: to write a checkpoint.
        checkpoint_bytes: its size.
        device: what was computed on.
    """

    clips_s: float
    step_s: float
    wait_share: float
    step_flops: int
    peak_flops: float | None
    checkpoint_s: float
    checkpoint_bytes: int
    device: str


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    import torch

    preset = "h100" if torch.cuda.is_available() else "cpu"
    length = QUICK if settings.quick else FULL
    path = doom_dataset(4 if settings.quick else 120)
    cached = _measure(path, preset, length, ("data.cache=true",))
    yield figure(f"preset {preset}, cached, clips", cached.clips_s, "clips/s", peer=cached.device)
    yield figure("step", cached.step_s * 1e3, "ms")
    yield figure("data wait, cached", cached.wait_share * 100, "% of a step", at_most=5)
    yield figure("arithmetic", cached.step_flops / cached.step_s / 1e9, "GFLOP/s")
    if cached.peak_flops is not None:
        share = cached.step_flops / cached.step_s / cached.peak_flops
        yield figure("model FLOP utilisation", share * 100, "%", limit=f"{cached.peak_flops / 1e12:,.0f} TFLOP/s")
    yield figure("checkpoint", cached.checkpoint_s * 1e3, "ms", limit=f"{cached.checkpoint_bytes / 1e6:,.1f} MB")
    decoded = _measure(path, preset, length, ("data.cache=false",))
    peer = f"with the cache {cached.clips_s:,.1f} clips/s"
    yield figure("decoded while it trains, clips", decoded.clips_s, "clips/s", peer=peer)
    yield figure("data wait, decoded while it trains", decoded.wait_share * 100, "% of a step")


def _measure(path: Path, preset: str, length: Length, overrides: Sequence[str]) -> Measured:
    from training.flops import peak_flops, step_flops
    from training.idm.options import PROGRAM, options_of
    from training.idm.training import train_idm
    from training.runs.checkpoint import read_checkpoint, write_checkpoint
    from training.runs.directory import RunDirectory
    from training.runs.logging import read_metrics
    from training.trainer.machine import autocast, number_format

    steps = length.steps * (length.warm + length.lines)
    config = PROGRAM.compose(
        [
            f"data.path={path}", f"preset={preset}", f"data.cache_directory={ROOT / 'pictures'}",
            "data.split.validation=0", "data.split.test=0", f"trainer.max_steps={steps}",
            f"trainer.log_every={length.steps}", "trainer.validate_every=1000000",
            "logging.tensorboard=false", *overrides,
        ]
    )  # fmt: skip
    options = options_of(config)
    directory = RunDirectory(path=ROOT / "run")
    shutil.rmtree(directory.path, ignore_errors=True)
    with directory.locked():
        run = train_idm(options, directory)
    told = [line for line in read_metrics(directory.metrics) if "speed/step_s" in line][length.warm :]
    task, device = run.task, run.task.device
    batch = next(iter(task.batches))

    def loss() -> Tensor:
        with autocast(device, number_format(options.trainer, device)):
            return task.loss(task.model, batch).total

    arithmetic = step_flops(loss) * options.trainer.accumulate
    task.batches.close()
    latest = directory.latest()
    assert latest is not None
    made = read_checkpoint(latest)
    return Measured(
        clips_s=_mean(line["speed/samples_s"] for line in told),
        step_s=_mean(line["speed/step_s"] for line in told),
        wait_share=_mean(line["speed/data_wait"] for line in told),
        step_flops=arithmetic,
        peak_flops=peak_flops(device),
        checkpoint_s=seconds_of(lambda: write_checkpoint(directory.checkpoints, 1, made)),
        checkpoint_bytes=sum(file.stat().st_size for file in latest.iterdir()),
        device=device.type,
    )


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


if __name__ == "__main__":
    main("bench.training", __doc__, rows)
