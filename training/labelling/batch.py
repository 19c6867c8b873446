"""Many videos: labelled one after another or side by side, and what is wrong with one costs that one only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from playloom.errors import OutputError, PlayloomError
from training.labelling.job import LabelledVideo, LabelRun, Runner
from training.labelling.settings import RunnersOptions
from training.labelling.sources import LabelSource

CORES_A_RUNNER = 2
"""One decodes, the other computes."""


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of a batch.

    Attributes:
        videos: labelled, in the order of the sources.
        skipped: why others are not, by path.
    """

    videos: tuple[LabelledVideo, ...]
    skipped: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(video.rows for video in self.videos)

    @property
    def kept(self) -> int:
        return sum(video.kept for video in self.videos)


def label_all(
    run: LabelRun,
    sources: Sequence[LabelSource],
    options: RunnersOptions,
    on_rows: Callable[[int], None] = lambda _: None,
    on_video: Callable[[LabelSource, LabelledVideo | PlayloomError], None] = lambda *_: None,
) -> BatchResult:
    """Label every video.

    Args:
        run: what they have in common.
        sources: the videos.
        options: how many at a time, and where.
        on_rows: told how many rows have been done since.
        on_video: told what became of each, when it is over.

    Raises:
        OutputError: nothing can be written any more.
        PlayloomError: the checkpoint cannot be used, or Ray not be reached.
    """
    outcomes: dict[str, LabelledVideo] = {}
    skipped: dict[str, str] = {}
    for source, outcome in _outcomes(run, sources, options, on_rows):
        if isinstance(outcome, OutputError):
            raise outcome
        on_video(source, outcome)
        if isinstance(outcome, LabelledVideo):
            outcomes[source.name] = outcome
        else:
            skipped[str(source.video)] = str(outcome)
    ordered = tuple(outcomes[source.name] for source in sources if source.name in outcomes)
    return BatchResult(videos=ordered, skipped=skipped)


def worker_count(options: RunnersOptions, videos: int) -> int:
    """How many actors; 0: none, this program does it."""
    if options.workers >= 0:
        return min(options.workers, videos)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(videos, cores // CORES_A_RUNNER)
    return 0 if workers <= 1 and options.ray_address is None else max(1, workers)


def _outcomes(
    run: LabelRun, sources: Sequence[LabelSource], options: RunnersOptions, on_rows: Callable[[int], None]
) -> Iterator[tuple[LabelSource, LabelledVideo | PlayloomError]]:
    workers = worker_count(options, len(sources))
    if workers:
        from training.labelling.ray_actors import label_on_ray

        yield from label_on_ray(run, sources, options, workers, on_rows)
        return
    runner = Runner(run)
    for source in sources:
        try:
            yield source, runner.label(source, on_rows)
        except PlayloomError as error:
            yield source, error
