"""What was kept of the videos and why not the rest, as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import OutputError, RecordingError
from playloom.labels.labels_file import Labels, read_labels
from playloom.labels.reasons import Reason
from training.data.picture import PictureScaler
from training.labelling.batch import BatchResult
from training.labelling.frames import decoded_frames
from training.labelling.plots import COLOURS, KEPT_COLOUR, activity_plot, confidence_plot, reasons_plot, timeline_plot
from training.labelling.settings import Labelling
from training.labelling.sources import index_source

REPORT_FILE = "report.html"
MOST_TIMELINES = 40
EXAMPLES = 4
"""Pictures shown for each reason."""

_EXAMPLE_SIZE = (160, 120)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 68em; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em } img { max-width: 100% }
table { border-collapse: collapse } td, th { padding: .2em .8em .2em 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right } figure { display: inline-block; margin: 0 .6em .6em 0 } figcaption { font-size: .8em }
.key span { display: inline-block; width: .9em; height: .9em; margin: 0 .3em 0 1em; vertical-align: -.1em }
pre { background: #f5f5f5; padding: .8em; overflow-x: auto; font-size: .85em }
"""


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """What the report tells beside the labels.

    Attributes:
        result: of the batch.
        skipped: what was not looked at, with the reasons.
        options: of labelling.
        label_source: who labelled.
        checkpoint: of the model.
        terms: under which the labels may be used.
        notes: further sentences.
        dataset: the converter's report; None where no dataset was made.
    """

    result: BatchResult
    skipped: Mapping[str, str]
    options: Labelling
    label_source: str
    checkpoint: Path
    terms: Sequence[str]
    notes: Sequence[str]
    dataset: Mapping[str, Any] | None


def write_report(path: Path, facts: ReportFacts) -> None:
    """Write the report.

    Raises:
        OutputError: it cannot be written.
    """
    text = "\n".join(_page(facts))
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written: {error.strerror or error}") from error


def _page(facts: ReportFacts) -> Iterator[str]:
    result = facts.result
    labels = [read_labels(video.labels) for video in result.videos]
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>Labels</title><style>{_STYLE}</style>"
    yield "<h1>What was labelled, and what of it is kept</h1>"
    yield f"<p>{len(result.videos):,} videos, {result.rows:,} rows; {result.kept:,} of them "
    yield f"({result.kept / max(1, result.rows):.1%}) are kept. Labelled by <b>{escape(facts.label_source)}</b> "
    yield f"({escape(str(facts.checkpoint))}).</p>"
    for sentence in (*(f"Terms: {term}" for term in facts.terms), *facts.notes):
        yield f"<p>{escape(sentence)}</p>"
    if labels:
        yield from _figures(labels, result)
        yield from _videos(labels, result)
        yield from _examples(labels)
    skipped = {**facts.skipped, **result.skipped}
    if skipped:
        yield f"<h2>Not labelled: {len(skipped):,}</h2><table>"
        yield from (f"<tr><td>{escape(name)}<td>{escape(reason)}" for name, reason in skipped.items())
        yield "</table>"
    if facts.dataset is not None:
        yield "<h2>The dataset</h2>"
        yield f"<p>{escape(str(facts.dataset['path']))}: {facts.dataset['episodes']:,} episodes, "
        yield f"{facts.dataset['frames']:,} frames; {facts.dataset['videos_copied']:,} videos are copied.</p>"
        for name, said in facts.dataset.get("warnings", {}).items():
            yield f"<p>{escape(name)}: {escape('; '.join(said))}</p>"
    yield "<h2>How it was done</h2><pre>"
    yield from (escape(line) for line in _settings(asdict(facts.options)))
    yield "</pre></html>"


def _figures(labels: Sequence[Labels], result: BatchResult) -> Iterator[str]:
    counts = {
        reason: sum(int(np.count_nonzero(one.reasons & reason)) for one in labels)
        for reason in Reason
        if any(np.any(one.reasons & reason) for one in labels)
    }
    header = labels[0].header
    yield "<h2>Why rows are left out</h2>" + _image(reasons_plot(counts, result.kept, result.rows))
    yield "<h2>How sure the model was</h2>" + _image(confidence_plot(labels, header.head_names))
    yield "<h2>What is done in what is kept</h2>" + _image(activity_plot(labels, header.action_names))


def _videos(labels: Sequence[Labels], result: BatchResult) -> Iterator[str]:
    yield "<h2>Video by video</h2><p class=key>"
    yield f"<span style='background:{KEPT_COLOUR}'></span>kept"
    yield from (f"<span style='background:{COLOURS[reason]}'></span>{reason.words}" for reason in COLOURS)
    yield "</p>"
    ordered = sorted(zip(labels, result.videos, strict=True), key=lambda pair: pair[1].kept / max(1, pair[1].rows))
    for number, (one, video) in enumerate(ordered):
        yield f"<p><b>{escape(video.name)}</b>: {video.kept:,} of {video.rows:,} rows ({video.kept / video.rows:.0%})"
        yield f" at {one.header.fps} a second; {escape(one.header.video)}</p>"
        if number < MOST_TIMELINES:
            yield _image(timeline_plot(one.reasons, one.header.fps))
    if len(ordered) > MOST_TIMELINES:
        yield f"<p>The {MOST_TIMELINES} of which least is kept have a timeline.</p>"


def _examples(labels: Sequence[Labels]) -> Iterator[str]:
    """Some pictures of what each filter took away: the eye is the last judge of a filter."""
    yield "<h2>What the filters took away</h2>"
    for reason in Reason:
        places = [(number, run) for number, one in enumerate(labels) for run in _middles(one.reasons & reason != 0)]
        if not places or reason in (Reason.END, Reason.GAP, Reason.DAMAGED):
            continue
        chosen = [places[place] for place in np.linspace(0, len(places) - 1, min(EXAMPLES, len(places))).astype(int)]
        yield f"<h3>{reason.words}</h3>"
        for number, row in chosen:
            one = labels[number]
            picture = _picture(one, row)
            if picture is not None:
                caption = f"{escape(one.header.name)}, {row / one.header.fps:.1f} s"
                yield f"<figure>{_image(picture)}<figcaption>{caption}</figcaption></figure>"


def _middles(flags: NDArray[np.bool_]) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))).reshape(-1, 2)
    return [int((start + stop) // 2) for start, stop in edges]


def _picture(labels: Labels, row: int) -> bytes | None:
    """The picture of a row as PNG; None where it cannot be had any more."""
    import io

    from PIL import Image

    number = int(labels.frame[row])
    try:
        index = index_source(Path(labels.header.video))
        found = next(decoded_frames(index, number, number), None)
    except RecordingError:
        return None
    if found is None:
        return None
    target = io.BytesIO()
    Image.fromarray(PictureScaler(_EXAMPLE_SIZE)(found[1])).save(target, "PNG")
    return target.getvalue()


def _image(png: bytes) -> str:
    return f"<img alt='' src='data:image/png;base64,{base64.b64encode(png).decode()}'>"


def _settings(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{before}{name}.")
        else:
            yield f"{before}{name}={getattr(value, 'value', value)}"
