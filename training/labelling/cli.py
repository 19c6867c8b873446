"""The command `playloom label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.labelling.run import LabellingResult
    from training.labelling.settings import Labelling

INTERRUPTED_STATUS = 130


def label(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A trained model: a run's directory, or a checkpoint's.")],
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO|DIR|SESSIONS… [KEY=VALUE…]",
            help="Videos, directories of videos, or sessions whose input nobody recorded; then what shall be other.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A directory for labels, report and dataset.", show_default=False),
    ],
    ray_address: Annotated[
        str | None,
        typer.Option(help="A Ray cluster that labels. Left out: Ray on this machine.", show_default=False),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print every value that would hold, as YAML, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    r"""Label video with an inverse dynamics model, and make a dataset of what can be believed.

    Each video's labels go into a file of their own, with the model's confidence; rows that filters take away are told
    in report.html with the reasons, and split the episodes. Videos are copied into the dataset as they are where that
    is possible. The same command again goes on where it was, and does nothing twice.

    [bold]What is often said[/]

    filters.screens.examples=DIR   menus and loading screens: DIR/menu/*.png, DIR/loading/*.png, or clips of them
    filters.confidence.buttons=0.7 how sure the model must be of all buttons together
    filters.idle.on=false          keep stretches in which nothing is done
    video.masks='\[\[0.7,0.7,1,1]]'  black out a drawn controller: left, top, right, bottom in parts of the picture
    dataset.repo_id=me/labelled    what the dataset is called
    dataset.make=false             only the labels
    runners.workers=4              videos at the same time, in Ray actors; 0: in this program
    model.device=cuda              a GPU is taken where there is one

    --show prints all that can be said.

    [bold]Examples[/]

    playloom label runs/2026-11-21-190312-ds videos -o labelled
    playloom label runs/2026-11-21-190312-ds a.mp4 b.mp4 -o labelled filters.screens.examples=screens
    """
    from training.labelling.settings import PROGRAM
    from training.runs.compose import write_yaml

    places, overrides = _divided(what)
    config = PROGRAM.compose([*overrides, *([] if ray_address is None else [f"runners.ray_address='{ray_address}'"])])
    if show:
        typer.echo(write_yaml(config), nl=False)
        return
    from omegaconf import OmegaConf

    options = OmegaConf.to_object(config)
    raise typer.Exit(_run(run, places, output, options, as_json=as_json, quiet=quiet))  # type: ignore[arg-type]


def _divided(what: list[str]) -> tuple[list[Path], list[str]]:
    """Places and overrides; a file whose name holds an equals sign is a place."""
    overrides = [one for one in what if "=" in one and not Path(one).exists()]
    return [Path(one) for one in what if one not in overrides], overrides


def _run(checkpoint: Path, places: list[Path], output: Path, options: Labelling, *, as_json: bool, quiet: bool) -> int:
    import json

    from rich.console import Console

    from playloom.errors import PlayloomError
    from training.labelling.progress import labelling_progress
    from training.labelling.run import run_labelling

    errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True, markup=False)
    if not places:
        raise PlayloomError("Nothing to label is named", remedy="Name videos, directories of videos, or sessions")
    try:
        with labelling_progress(errors, shown=not quiet) as watcher:
            result = run_labelling(checkpoint, places, output, options, watcher)
    except KeyboardInterrupt:
        errors.print("Stopped. What is labelled is kept.")
        errors.print("next: run the same command again to go on")
        return INTERRUPTED_STATUS
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        for line in _lines(result):
            typer.echo(line)
    return 1 if result.batch.skipped or (result.dataset or {}).get("skipped") else 0


def _lines(result: LabellingResult) -> list[str]:
    batch = result.batch
    reasons: dict[str, int] = {}
    for video in batch.videos:
        for name, count in video.reasons.items():
            reasons[name] = reasons.get(name, 0) + count
    before = sum(video.again for video in batch.videos)
    done = f", {before:,} of them done before" if before else ""
    lines = [
        f"{len(batch.videos):,} videos labelled by {result.label_source}{done}: {batch.rows:,} rows, "
        f"{batch.kept:,} kept ({batch.kept / max(1, batch.rows):.1%})",
        *(f"  left out for {name}: {count:,}" for name, count in sorted(reasons.items(), key=lambda one: -one[1])),
        *(f"not labelled: {path}: {reason}" for path, reason in {**result.skipped, **batch.skipped}.items()),
        *(f"note: {sentence}" for sentence in result.notes),
        *(f"terms: {sentence}" for sentence in result.terms),
    ]
    if result.dataset is not None:
        made = result.dataset
        lines += [f"not in the dataset: {name}: {reason}" for name, reason in made.get("skipped", {}).items()]
        lines.append(
            f"{made['path']}: {made['episodes']:,} episodes, {made['frames']:,} frames, "
            f"{made['videos_copied']:,} of {len(made['converted']):,} videos copied as they are"
        )
    elif not batch.kept:
        lines.append("nothing is kept, so there is no dataset: look into the report, and loosen the filters")
    lines += ["next: look at what was left out, and why", f"  {result.report}"]
    if result.dataset is not None:
        lines += ["then look at the dataset", f"  playloom preview {result.dataset['path']} -o preview.png"]
    return lines
