"""`playloom node calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from capture_node.calibration.calibration import Calibration

_BAR = 40


def calibrate(
    presses: Annotated[int, typer.Option("--presses", min=5, max=10_000, help="How many presses to measure.")] = 50,
    virtual: Annotated[
        bool,
        typer.Option("--virtual", help="Let a virtual gamepad press: all but the gamepad and its cable is measured."),
    ] = False,
    monitor: Annotated[
        int | None, typer.Option("--monitor", min=0, help="Capture this monitor, as you record, and not the window.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="How the screen is read: dxgi or winrt on Windows.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Where to draw it. [default: beside the settings]"),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="YAML", help="Settings of this machine, instead of node.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure how far input and picture are apart on this machine: a window answers each press with a flash.

    Later sessions carry the result, and playloom convert --action-delay-ms auto applies it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from capture_node.assembly import use_sdl
    from capture_node.calibration.calibration import write_calibration
    from capture_node.calibration.plot import draw_calibration
    from capture_node.calibration.run import calibrate as run
    from capture_node.node_settings import load_settings
    from playloom.errors import PlayloomError
    from playloom.output_files import check_output

    settings = load_settings(config)
    use_sdl(settings.sdl)
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise PlayloomError(f"{plot}: it is drawn as a PNG", remedy="Give a name that ends in .png")
        check_output(plot, force=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as bar:
        task = bar.add_task("Getting ready", total=presses)
        words = "Pressing {}" if virtual else "Press a button of {}, again and again; wait for each flash"
        calibration = run(
            presses=presses,
            virtual=virtual,
            monitor=monitor,
            backend=backend,
            ready=lambda pad: bar.update(task, description=words.format(pad)),
            progress=lambda done: bar.update(task, completed=done),
        )
    file = settings.paths.calibration_file
    write_calibration(file, calibration)
    drawing = plot or file.with_suffix(".png")
    draw_calibration(drawing, calibration)
    if as_json:
        _print_json(calibration, file, drawing)
    else:
        _print(calibration, file, drawing)


def _print(calibration: Calibration, file: Path, drawing: Path) -> None:
    from capture_node.calibration.plot import histogram

    step, counts = histogram(calibration.delays_ms, most_bars=20)
    digits = 1 if step < 1 else 0
    for number, count in enumerate(counts):
        bar = "█" * round(_BAR * count / max(counts)) or ("▏" if count else "")
        typer.echo(f"{number * step:7.{digits}f} ms {bar} {count or ''}".rstrip())
    seen = len(calibration.delays_ms)
    typer.echo(
        f"Half of {seen} presses were in the picture within {calibration.p50_ms:.1f} ms, 95 % within "
        f"{calibration.p95_ms:.1f} ms (looked every {calibration.resolution_ms:.1f} ms)."
    )
    if calibration.missed:
        typer.echo(f"{calibration.missed} presses were not seen at all.")
    typer.echo(f"Stored in {file}, drawn in {drawing}")
    typer.echo("Next: record; sessions carry these figures, and playloom convert --action-delay-ms auto applies them.")


def _print_json(calibration: Calibration, file: Path, drawing: Path) -> None:
    import json

    values = {
        **calibration.session_figures,
        "missed": calibration.missed,
        "resolution_ms": round(calibration.resolution_ms, 3),
        "delays_ms": [round(delay, 3) for delay in calibration.delays_ms],
        "source": calibration.source,
        "pad": calibration.pad,
        "file": str(file),
        "plot": str(drawing),
    }
    typer.echo(json.dumps(values, indent=2))
