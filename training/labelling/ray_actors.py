"""Runners as Ray actors: several videos at once, here or on a cluster. The one module of labelling that knows Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from playloom.errors import OutputError, PlayloomError
from training.labelling.job import LabelledVideo, LabelRun, Runner
from training.labelling.settings import RunnersOptions
from training.labelling.sources import LabelSource
from training.ray_cluster import Standpoint, ray_cluster

POLL_S = 0.5
_TRIES = 2


class _Actor:
    """A runner in a process of its own; asked for progress while it works."""

    def __init__(self, run: LabelRun, standpoint: Standpoint) -> None:
        standpoint.take()
        self._runner = Runner(run)
        self._rows = 0

    def label(self, source: LabelSource) -> LabelledVideo | PlayloomError:
        try:
            return self._runner.label(source, self._count)
        except PlayloomError as error:
            return _plain(error)

    def rows(self) -> int:
        """Rows done since it was asked last."""
        done, self._rows = self._rows, 0
        return done

    def _count(self, rows: int) -> None:
        self._rows += rows


def _plain(error: PlayloomError) -> PlayloomError:
    """An error that survives the way: subclasses have constructors of their own."""
    text = str(error)
    return (
        OutputError(error.file, error.problem, remedy=error.remedy)
        if isinstance(error, OutputError)
        else PlayloomError(text)
    )


def label_on_ray(
    run: LabelRun,
    sources: Sequence[LabelSource],
    options: RunnersOptions,
    workers: int,
    on_rows: Callable[[int], None],
) -> Iterator[tuple[LabelSource, LabelledVideo | PlayloomError]]:
    """Label videos in actors, each as soon as one is free; yields them in the order of completion.

    An actor that dies is replaced, and its video tried once more: it goes on where it was.

    Raises:
        TrainingError: Ray cannot be reached.
    """
    with ray_cluster(options.ray_address, without="runners.workers=0") as ray:
        actor_class: Any = ray.remote(_Actor)  # a call beside `label`, to ask how far it is
        actor_class = actor_class.options(num_cpus=options.cpus, num_gpus=options.gpus, max_concurrency=2)

        standpoint = Standpoint.ours()

        def start() -> Any:
            return actor_class.remote(run, standpoint)

        left = [(source, 1) for source in reversed(sources)]
        idle = [start() for _ in range(min(workers, len(sources)))]
        busy: dict[Any, tuple[Any, LabelSource, int]] = {}
        while left or busy:
            while left and idle:
                actor, (source, attempt) = idle.pop(), left.pop()
                busy[actor.label.remote(source)] = (actor, source, attempt)
            ready, _ = ray.wait(list(busy), timeout=POLL_S)
            on_rows(sum(_rows(ray, actor) for actor, _, _ in busy.values()))
            for reference in ready:
                actor, source, attempt = busy.pop(reference)
                try:
                    result = ray.get(reference)
                except ray.exceptions.RayError as error:
                    idle.append(start())
                    if attempt < _TRIES:
                        left.append((source, attempt + 1))
                    else:
                        reason = str(error).strip().splitlines()
                        yield (
                            source,
                            PlayloomError(f"{source.video}: its labeller died: {reason[-1] if reason else ''}"),
                        )
                    continue
                on_rows(_rows(ray, actor))
                idle.append(actor)
                yield source, result


def _rows(ray: Any, actor: Any) -> int:
    try:
        return int(ray.get(actor.rows.remote(), timeout=POLL_S))
    except ray.exceptions.RayError:  # it is busy opening the model, or has died: the next look tells
        return 0
