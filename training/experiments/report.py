"""What an experiment has come to, on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from training.experiments.idm import IdmExperiment
from training.experiments.label_figures import LabelFigures, LabelReport, label_report

REPORT, DOCUMENT = "report.md", "report.json"


def write_report(chain: IdmExperiment) -> Path:
    """Put what the programs found on one page, and beside it what the labels are worth; returns the page.

    Raises:
        PlayloomError: something of it is missing.
    """
    labels = label_report(chain.labelled, chain.truth)
    evaluation = json.loads((chain.evaluation / "report.json").read_text())
    document = {"evaluation": evaluation, "labels": asdict(labels)}
    (chain.directory / DOCUMENT).write_text(json.dumps(document, indent=1, allow_nan=False))
    page = chain.directory / REPORT
    page.write_text("\n".join(_lines(chain, labels)) + "\n")
    return page


def _lines(chain: IdmExperiment, labels: LabelReport) -> Iterator[str]:
    yield f"# {chain.name}: an inverse dynamics model on play that it has not seen"
    yield ""
    yield from (chain.evaluation / "report.md").read_text().splitlines()[1:]
    yield ""
    yield "## Labels of video whose input it was not shown"
    yield ""
    yield "| | frames | press and release F1 | R² | frames with a wrong label |"
    yield "|---|---|---|---|---|"
    yield _row("all labels", labels.everything)
    yield _row("kept by the filters", labels.kept)
    yield ""
    yield "| filter | takes away | is so | precision | recall | F1 |"
    yield "|---|---|---|---|---|---|"
    for one in labels.filters:
        yield (
            f"| {one.name} | {one.flagged_share:.1%} | {one.true_share:.1%} "
            f"| {one.score.precision} | {one.score.recall} | {one.score.f1} |"
        )
    yield ""
    yield (
        "Low confidence and disagreement are held against the frames whose label is wrong; idle against the same rule "
        "on what was truly held; menus and loading screens against what the game says that it showed; cuts and "
        "duplicates against a video that was spliced of this play, with pictures that stand still, at places that are "
        "known: where a menu opens the game itself cuts, which counts as wrong here."
    )


def _row(name: str, figures: LabelFigures) -> str:
    axes = ", ".join(f"{kind} {r2}" for kind, r2 in figures.axes_r2.items()) or "none"
    return f"| {name} | {figures.frames:,} | {figures.event_f1} | {axes} | {figures.wrong_share:.1%} |"
