"""Several processes that train one model, begun by Ray Train: on this machine alone, or all over the cluster that it is
part of.

Each process is a rank of torch.distributed's group (gloo on CPUs, NCCL on GPUs) and sees its own part of the clips; its
gradients are averaged with the others' before every step. So ``data.batch`` is of each rank: two ranks with a batch of
8 learn as one with a batch of 16. The run's directory must be the same for all of them: on one machine it is.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from playloom.errors import MissingExtraError, PlayloomError
from playloom.ray_patience import time_to_start
from training.errors import TrainingError
from training.ray_cluster import LOCAL, Standpoint, cluster_meant, local_options
from training.trainer.distributed import Distributed, ProcessGroup

STOP_FILE = "stop"
"""In the run's directory: whoever began the ranks wants them to end behind the step that they take."""

_NOTES = ".ray-train"

type Work = Callable[[Mapping[str, Any], Distributed], None]
"""What each rank does with its group: a function of a module, which a fresh process can import."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to anyone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_register_timeout_seconds": "600",  # a busy machine takes its time to start a process
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "600",
    "RAY_TRAIN_METRICS_ENABLED": "0",  # ours are taken by the trainer
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # paths in settings are meant from where the command was given
}


@dataclass(frozen=True, kw_only=True)
class StoppableGroup(ProcessGroup):
    """A rank that is asked to stop by a file. Attributes: stop_file: where it may appear."""

    stop_file: Path

    def is_stopping(self) -> bool:
        return self.stop_file.exists()


def train_on_ranks(
    work: Work, document: Mapping[str, Any], *, processes: int, directory: Path, gpu: bool, cpus: float = 1.0
) -> None:
    """Let ranks do their work, and wait for them. SIGTERM asks them to stop, as it asks a single process.

    Args:
        work: what each does.
        document: what they are told; JSON.
        processes: how many.
        directory: of the run.
        gpu: whether each takes a GPU.
        cpus: that each takes.

    Raises:
        TrainingError: one of them failed; says why.
    """
    address = cluster_meant(None)
    try:
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError as error:
        raise MissingExtraError("training in several processes", "training") from error
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray").setLevel(logging.ERROR)
    stop_file = directory.absolute() / STOP_FILE
    stop_file.unlink(missing_ok=True)
    with _notes_of_ray(directory.absolute()) as kept, _cluster(ray, address, processes, cpus):
        trainer = TorchTrainer(
            _rank,
            train_loop_config={
                "work": work,
                "document": dict(document),
                "stop_file": str(stop_file),
                "gpu": gpu,
                "standpoint": Standpoint.ours(),
            },
            scaling_config=ScalingConfig(num_workers=processes, use_gpu=gpu, resources_per_worker=_takes(cpus, gpu)),
            torch_config=TorchConfig(backend="nccl" if gpu else "gloo"),
            run_config=RunConfig(storage_path=str(kept), failure_config=FailureConfig(max_failures=0)),
        )
        try:
            with _asked_by_sigterm(stop_file):
                trainer.fit()
        except TrainingFailedError as error:
            raise _why(error) from error
        finally:
            stop_file.unlink(missing_ok=True)


def _rank(config: Mapping[str, Any]) -> None:
    """What runs in each process."""
    config["standpoint"].take()
    if config["gpu"]:
        from ray.train.torch import get_device

        device = get_device()
        assert isinstance(device, torch.device)
    else:
        device = torch.device("cpu")
    try:
        config["work"](config["document"], StoppableGroup(device=device, stop_file=Path(config["stop_file"])))
    except PlayloomError as error:
        raise TrainingError(str(error)) from error  # others' constructors do not survive the way


@contextmanager
def _notes_of_ray(directory: Path) -> Iterator[Path]:
    """Where Ray Train keeps its own: in the run, because all machines of a cluster must see it, as they see the run."""
    path = directory / _NOTES
    shutil.rmtree(path, ignore_errors=True)  # of ranks that were killed
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _cluster(ray: Any, address: str, processes: int, cpus: float) -> Iterator[None]:
    """The cluster at an address, or one of this machine for as long."""
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"address": address, "configure_logging": False, "log_to_driver": True}
    with local_options() if address == LOCAL else nullcontext({}) as local:
        if local:
            # Room for all ranks and for what sees to them, on however few processors.
            options |= local | {"num_cpus": max(os.cpu_count() or 1, int(processes * cpus) + 1)}
            options |= {"object_store_memory": 80 << 20}
        with time_to_start(ray):
            ray.init(**options)
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _asked_by_sigterm(stop_file: Path) -> Iterator[None]:
    def ask(*_: object) -> None:
        stop_file.touch()

    before = signal.signal(signal.SIGTERM, ask)  # Ray has put its own in place
    interrupted = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupted)  # Ray Train leaves one that asks what is no more


def _takes(cpus: float, gpu: bool) -> dict[str, float]:
    return {"CPU": cpus, **({"GPU": 1.0} if gpu else {})}


def _why(error: BaseException) -> TrainingError:
    """What a rank raised, in its own words where they are for people."""
    failures = getattr(error, "worker_failures", None) or {}
    for failure in failures.values():
        told = getattr(failure, "_base_exc", failure)  # Ray puts its traceback around it
        if isinstance(told, TrainingError):
            return told
    said = [line for line in str(error).strip().splitlines() if line.strip()]
    return TrainingError(f"a process of this training failed: {said[-1] if said else type(error).__name__}")
