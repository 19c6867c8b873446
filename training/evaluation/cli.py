"""`playloom evaluate`: figures of a trained model, with what it has to beat beside them."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.metrics.report import EvaluationReport

app = typer.Typer(
    no_args_is_help=True, help="Hold a trained model against play that it has not seen, beside simple baselines."
)

REPORT_JSON, REPORT_PAGE = "report.json", "report.md"
WIDE_COLUMNS = 200


@app.callback()
def evaluate() -> None:
    """Hold a trained model against play that it has not seen. docs/figures.md explains each figure."""


@app.command()
def idm(
    model: Annotated[
        Path,
        typer.Argument(metavar="RUN_OR_CHECKPOINT", help="A run's folder (its best checkpoint), or a checkpoint's."),
    ],
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="A LeRobot dataset's folder, or the name of a pulled one.")
    ],
    *,
    split: Annotated[
        str | None,
        typer.Option(
            help="test, validation, train or all. By default test, if the model was trained on this dataset; else all."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write report.json, report.md and pictures here."),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="Of a pulled dataset; the newest that is here by default.")
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What 'playloom gym record' wrote of this play: it is played again for what pictures can show at all.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes that decode; 0: this one does.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Events found, sticks told, probabilities believed: an inverse dynamics model on unseen episodes."""
    from training.evaluation.idm import evaluate_idm
    from training.idm.loading import load_checkpoint

    loaded = load_checkpoint(model, device=_device(device))
    with _Progress(shown=not json) as progress:
        report = evaluate_idm(
            loaded, dataset, version=version, part=split, recordings=recordings, workers=workers, progress=progress.tell
        )
    notice = loaded.lineage.notice
    if output is not None:
        write_report(report, output, notice)
    if json:
        typer.echo(jsonlib.dumps(report.to_document(), indent=2, allow_nan=False))
        return
    _print_report(report)
    if notice:
        typer.echo(f"\n{notice}")
    if output is not None:
        typer.echo(f"\nThe report is {output / REPORT_PAGE}. Next: playloom label {model} VIDEO -o labelled")
    else:
        typer.echo(f"\nKeep it, with pictures: playloom evaluate idm {model} {dataset} -o report")


def write_report(report: EvaluationReport, output: Path, notice: str = "") -> None:
    """Write the report's files into a folder, which is made if it is missing.

    Raises:
        OutputError: it is a file, or cannot be written.
    """
    from playloom.errors import OutputError
    from training.metrics.markdown import markdown_of
    from training.metrics.plots import draw_report

    try:
        output.mkdir(parents=True, exist_ok=True)
        pictures = draw_report(report, output)
        page = markdown_of(report, pictures) + (f"\n{notice}\n" if notice else "")
        (output / REPORT_PAGE).write_text(page, encoding="utf-8")
        document = jsonlib.dumps(report.to_document(), indent=2, allow_nan=False)
        (output / REPORT_JSON).write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(output, f"cannot be written: {error.strerror}", remedy="Name another folder") from error


def _device(name: str) -> str:
    import torch

    from training.errors import TrainingError

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("there is no GPU here that torch can use", remedy="Leave --device out")
    if name not in ("cpu", "cuda"):
        raise TrainingError(f"there is no device '{name}'", remedy="Choose cpu, cuda or auto")
    return name


def _print_report(report: EvaluationReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from training.metrics.markdown import SPEAKERS, cell_of, explanations
    from training.metrics.report import MODEL, table_of

    console = Console(emoji=False, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDE_COLUMNS
    console.print(report.about["title"])
    for name, value in report.about.items():
        if name != "title":
            console.print(f"  {name}: {value}")
    speakers = [who for who in SPEAKERS if who == MODEL or who in report.baselines]
    table = Table(box=None, pad_edge=False)
    table.add_column("figure")
    for who in speakers:
        table.add_column(who)
    table.add_column("cases", justify="right")
    for row in table_of(report):
        name = f"{row.name} (flatters)" if row.flatters else row.name
        table.add_row(name, *(cell_of(row.figures.get(who)) for who in speakers), f"{row.count:,}" if row.count else "")
    console.print()
    console.print(table)
    console.print()
    for note in explanations(report):
        console.print(f"- {note}")


class _Progress:
    """A bar with the time left, where there is somebody to see it."""

    def __init__(self, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, disable=not shown or not console.is_terminal, transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("clips", total=None)

    def __enter__(self) -> _Progress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def tell(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
