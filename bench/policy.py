"""How fast a policy is trained: samples a second, how long a step waits for data, how busy a GPU is, and what it saves
to keep what a frozen encoder makes of each picture.

`playloom train policy` is run on VizDoom play that was converted to 256x256, with the preset of the machine: h100 where
there is a GPU, cpu elsewhere. The encoder learns in the first run (conv on a CPU, SigLIP 2's on a GPU). Two more have a
SigLIP 2 encoder that does not learn: one looks at every picture in every step, the other reads what was kept of it
(made before the clock starts, and told apart). Its weights are random, which changes no speed; on a GPU it is the base
size at 256x256, on a CPU a small one. The first lines of figures, in which workers start, do not count. A GPU's share
of its arithmetic (model FLOP utilisation) counts matrices and convolutions, forward and backward, against what its
maker says that it can do in bfloat16.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.harness import RESULTS_ROOT, Row, Settings, figure, main
from bench.loader import doom_dataset

if TYPE_CHECKING:
    from torch import Tensor

ROOT = RESULTS_ROOT / "policy"
TIMES_FASTER = 5
"""What kept features are to save."""

SMALL = (
    "encoder=siglip2", "model.picture_width=128", "model.picture_height=128", "model.encoder.width=256",
    "model.encoder.layers=6", "model.encoder.heads=4",
)  # fmt: skip
"""The encoder that is frozen on a CPU: the full one takes seconds a clip there."""


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long is measured. Attributes: steps: of a line of figures; warm: lines that do not count; lines: that do."""

    steps: int
    warm: int
    lines: int


QUICK = Length(steps=1, warm=1, lines=1)
FULL = Length(steps=5, warm=2, lines=12)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a run was like, its first lines of figures left out.

    Attributes:
        clips_s: clips a second.
        step_s: seconds of a step.
        wait_share: of a step, for data.
        step_flops: arithmetic of a step.
        peak_flops: of the device, a second; None where it is not known.
        began_s: until the first step: opening, and making caches that were not there.
        device: what was computed on.
    """

    clips_s: float
    step_s: float
    wait_share: float
    step_flops: int
    peak_flops: float | None
    began_s: float
    device: str


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    import torch

    gpu = torch.cuda.is_available()
    preset = "debug" if settings.quick else "h100" if gpu else "cpu"
    length = QUICK if settings.quick else FULL
    path = doom_dataset(4 if settings.quick else 120)
    learning = _measure(path, preset, length, ("data.augment=false",))
    yield figure(f"preset {preset}, the encoder learns, clips", learning.clips_s, "clips/s", peer=learning.device)
    yield figure("step", learning.step_s * 1e3, "ms")
    yield figure("data wait", learning.wait_share * 100, "% of a step", at_most=5)
    yield figure("arithmetic", learning.step_flops / learning.step_s / 1e9, "GFLOP/s")
    if learning.peak_flops is not None:
        share = learning.step_flops / learning.step_s / learning.peak_flops
        yield figure("model FLOP utilisation", share * 100, "%", limit=f"{learning.peak_flops / 1e12:,.0f} TFLOP/s")
    frozen = ("model.encoder.frozen=true", "data.augment=false", *(() if gpu and not settings.quick else SMALL))
    shutil.rmtree(ROOT / "features", ignore_errors=True)
    anew = _measure(path, preset, length, (*frozen, "data.feature_cache=false"))
    kept = _measure(path, preset, length, (*frozen, f"data.cache_directory={ROOT / 'features'}"))
    peer = f"encoded in every step {anew.clips_s:,.1f} clips/s"
    yield figure("frozen encoder, features kept, clips", kept.clips_s, "clips/s", peer=peer)
    yield figure("features kept, against encoding", kept.clips_s / anew.clips_s, "× peer", at_least=TIMES_FASTER)
    yield figure("data wait, features kept", kept.wait_share * 100, "% of a step")
    frames = doom_frames(path)
    yield figure("keeping features, once", frames / kept.began_s, "pictures/s", peer=f"{frames:,} pictures")


def doom_frames(path: Path) -> int:
    """Pictures of a dataset."""
    from training.data.dataset import open_training_dataset

    return open_training_dataset(path).frames


def _measure(path: Path, preset: str, length: Length, overrides: Sequence[str]) -> Measured:
    from training.flops import peak_flops, step_flops
    from training.policy.options import PROGRAM, options_of
    from training.policy.training import train_policy
    from training.runs.directory import RunDirectory
    from training.runs.logging import read_metrics
    from training.trainer.machine import autocast, number_format

    steps = length.steps * (length.warm + length.lines)
    named = [] if any(one.startswith("data.cache_directory=") for one in overrides) else [
        f"data.cache_directory={ROOT / 'pictures'}"
    ]  # fmt: skip
    config = PROGRAM.compose(
        [
            f"data.path={path}", f"preset={preset}", *named, "data.split.validation=0", "data.split.test=0",
            f"trainer.max_steps={steps}", f"trainer.log_every={length.steps}", "trainer.validate_every=1000000",
            "logging.tensorboard=false", *overrides,
        ]
    )  # fmt: skip
    options = options_of(config)
    directory = RunDirectory(path=ROOT / "run")
    shutil.rmtree(directory.path, ignore_errors=True)
    begun = time.perf_counter()
    with directory.locked():
        run = train_policy(options, directory)
    whole_s = time.perf_counter() - begun
    told = [line for line in read_metrics(directory.metrics) if "speed/step_s" in line]
    training_s = sum(line["speed/step_s"] for line in told) * length.steps
    told = told[length.warm :]
    task, device = run.task, run.task.device
    batch = next(iter(task.batches))

    def loss() -> Tensor:
        with autocast(device, number_format(options.trainer, device)):
            return task.loss(task.model, batch).total

    arithmetic = step_flops(loss) * options.trainer.accumulate
    task.batches.close()
    return Measured(
        clips_s=_mean(line["speed/samples_s"] for line in told),
        step_s=_mean(line["speed/step_s"] for line in told),
        wait_share=_mean(line["speed/data_wait"] for line in told),
        step_flops=arithmetic,
        peak_flops=peak_flops(device),
        began_s=max(1e-3, whole_s - training_s),
        device=device.type,
    )


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


if __name__ == "__main__":
    main("bench.policy", __doc__, rows)
