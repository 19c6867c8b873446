"""`playloom label`: find the videos, learn what screens look like, label, make the dataset, tell what became of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playloom.errors import OutputError, PlayloomError
from playloom.file_lock import lock_for_this_program
from playloom.labels.labels_file import SUFFIX
from training.idm.loading import LoadedIdm, load_checkpoint
from training.labelling.batch import BatchResult, label_all
from training.labelling.dataset import make_dataset
from training.labelling.job import (
    LABELS_DIRECTORY,
    LabelledVideo,
    LabelRun,
    fingerprint_of,
    label_source_of,
    masks_of,
)
from training.labelling.report import REPORT_FILE, ReportFacts, write_report
from training.labelling.screens import find_spans, read_examples, save_screens, train_screens
from training.labelling.settings import Labelling
from training.labelling.sources import FoundSources, LabelSource, find_sources, index_source

DATASET_DIRECTORY = "dataset"
RESULT_FILE = "labelling.json"
NAMED_VIDEOS = 5
"""A note names so many."""

_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class LabellingResult:
    """What `playloom label` has come to.

    Attributes:
        output: the directory.
        batch: what became of each video.
        skipped: what was not looked at, and why.
        dataset: the converter's report; None where no dataset was made.
        label_source: who labelled.
        terms: under which the labels may be used.
        notes: further sentences.
    """

    output: Path
    batch: BatchResult
    skipped: Mapping[str, str]
    dataset: Mapping[str, Any] | None
    label_source: str
    terms: Sequence[str]
    notes: Sequence[str]

    @property
    def report(self) -> Path:
        return self.output / REPORT_FILE

    def to_json(self) -> dict[str, Any]:
        return {
            "output": str(self.output),
            "label_source": self.label_source,
            "rows": self.batch.rows,
            "kept": self.batch.kept,
            "videos": [
                {
                    "name": video.name,
                    "labels": str(video.labels),
                    "rows": video.rows,
                    "kept": video.kept,
                    "left_out": dict(video.reasons),
                    "done_before": video.again,
                }
                for video in self.batch.videos
            ],
            "skipped": {**self.skipped, **self.batch.skipped},
            "dataset": self.dataset,
            "report": str(self.report),
            "terms": list(self.terms),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Who is told how far it is.

    Attributes:
        on_found: the videos, before the first is labelled.
        on_rows: rows done since.
        on_video: what became of a video.
        on_stage: what is begun: learning screens, making the dataset.
    """

    on_found: Callable[[FoundSources], None] = lambda _: None
    on_rows: Callable[[int], None] = lambda _: None
    on_video: Callable[[LabelSource, LabelledVideo | PlayloomError], None] = lambda *_: None
    on_stage: Callable[[str], None] = lambda _: None


def run_labelling(
    checkpoint: Path, places: Sequence[Path], output: Path, options: Labelling, watcher: Watcher | None = None
) -> LabellingResult:
    """Label videos and make a dataset of them.

    What is done already, by an earlier run with the same model, videos and options, is not done again.

    Args:
        checkpoint: a run's directory, or a checkpoint's.
        places: videos, directories of videos, sessions.
        output: the directory of everything that is written.
        options: of labelling.
        watcher: told how far it is.

    Raises:
        PlayloomError: the checkpoint, the options or all of the videos cannot be used.
        OutputError: another run writes there, or nothing can be written.
    """
    watcher = watcher or Watcher()
    options.check()
    loaded = load_checkpoint(checkpoint)
    found = find_sources(places, recorded=options.video.recorded, player=options.dataset.player)
    if not found.sources:
        raise PlayloomError(f"There is nothing to label: {'; '.join(found.skipped.values())}")
    watcher.on_found(found)
    output = output.resolve()
    with _locked(output):
        run = LabelRun(checkpoint=loaded.path, output=output, options=options)
        if options.filters.screens.examples is not None:
            watcher.on_stage("learning what menus and loading screens look like")
            run = _with_screens(run, loaded, found.sources)
        batch = label_all(run, found.sources, options.runners, watcher.on_rows, watcher.on_video)
        _remove_others(run, found.sources)
        dataset = None
        if options.dataset.make and batch.kept:
            watcher.on_stage("making the dataset")
            dataset = _dataset(run, batch)
        result = LabellingResult(
            output=output,
            batch=batch,
            skipped=found.skipped,
            dataset=dataset,
            label_source=label_source_of(loaded),
            terms=loaded.lineage.terms,
            notes=_notes(options, batch, output),
        )
        facts = ReportFacts(
            result=batch,
            skipped=found.skipped,
            options=options,
            label_source=result.label_source,
            checkpoint=loaded.path,
            terms=result.terms,
            notes=result.notes,
            dataset=dataset,
        )
        watcher.on_stage("writing the report")
        write_report(result.report, facts)
        _write(output / RESULT_FILE, json.dumps(result.to_json(), indent=2))
    return result


def _with_screens(run: LabelRun, loaded: LoadedIdm, sources: Sequence[LabelSource]) -> LabelRun:
    """``run`` with a network that knows the screens of the examples; one that is there already is taken."""
    options = run.options.filters.screens
    assert options.examples is not None
    spans = find_spans(Path(options.examples))
    size = loaded.config.picture_size
    asked_for = fingerprint_of(
        {
            "spans": [
                [str(span.path), span.path.stat().st_size if span.path.is_file() else None, asdict(span)]
                for span in spans
            ],
            "videos": [source.signature for source in sources],
            "size": size,
            "steps": options.steps,
            "masks": run.options.video.masks,
        }
    )
    path = run.output / f".screens-{asked_for[:12]}.safetensors"
    said = path.with_suffix(".json")
    if not (path.is_file() and said.is_file()):
        masks = ()
        if run.options.video.masks:
            index = index_source(sources[0].video)
            masks = masks_of(run.options, sources[0].video, index.rotation, index.width, index.height)
        examples = read_examples(spans, [source.video for source in sources], size, masks)
        _write(said, json.dumps({"sha256": save_screens(path, train_screens(examples, options.steps))}))
    known = json.loads(said.read_text())["sha256"]
    return LabelRun(checkpoint=run.checkpoint, output=run.output, options=run.options, screens=path, screens_hash=known)


def _dataset(run: LabelRun, batch: BatchResult) -> Mapping[str, Any]:
    """The dataset of all labels; one that stands there and was made by an earlier run of this output is replaced."""
    output = run.output / DATASET_DIRECTORY
    made = make_dataset(run.output / LABELS_DIRECTORY, output, run.options.dataset, replace=output.exists())
    # Filtered away as was asked for: no failure. The notes tell of it.
    empty = {video.name for video in batch.videos if not video.kept}
    return {**made, "skipped": {name: why for name, why in made["skipped"].items() if name not in empty}}


def _remove_others(run: LabelRun, sources: Sequence[LabelSource]) -> None:
    """Labels of videos that are not asked for any more would slip into the dataset."""
    wanted = {run.labels_of(source) for source in sources}
    for path in (run.output / LABELS_DIRECTORY).glob(f"*{SUFFIX}"):
        if path not in wanted:
            path.unlink()


def _notes(options: Labelling, batch: BatchResult, output: Path) -> list[str]:
    notes = []
    if not batch.kept and (output / DATASET_DIRECTORY).exists():
        notes.append(f"{output / DATASET_DIRECTORY} is of an earlier run: nothing is kept in this one.")
    empty = [video.name for video in batch.videos if not video.kept]
    if batch.kept and empty:
        named = ", ".join(empty[:NAMED_VIDEOS]) + (", …" if len(empty) > NAMED_VIDEOS else "")
        notes.append(f"Nothing is kept of {len(empty):,} of {len(batch.videos):,} videos: {named}.")
    if options.filters.screens.examples is None:
        notes.append(
            "Menus are not filtered, because nobody has shown what they look like: give pictures or spans with "
            "filters.screens.examples=DIR."
        )
    return notes


@contextmanager
def _locked(output: Path) -> Iterator[None]:
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = (output / _LOCK).open("ab")
    except OSError as error:
        raise OutputError(output, f"cannot be written: {error.strerror}", remedy="Choose another: -o DIR") from error
    with file:
        if not lock_for_this_program(file):
            raise OutputError(output, "another run is labelling into it", remedy="Wait for it")
        yield


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error
