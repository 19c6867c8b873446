"""`playloom experiment`: the whole chain in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Run a whole chain: from play to figures.", rich_markup_mode="rich")


@app.callback()
def experiment() -> None:
    """Run a whole chain in one command. `playloom experiment idm --help` shows what it does."""


@app.command()
def idm(
    game: Annotated[
        str, typer.Argument(metavar="GAME", help="courier, my_way_home, pong or boxing; they play themselves.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE…", help="Of `playloom train idm`, to try something.", show_default=False),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A directory for all that comes out.")] = Path(
        "experiment"
    ),
    minutes: Annotated[float, typer.Option(min=0.05, help="So long the model trains.")] = 30.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Little play and the smallest model: shows in a minute that all works.")
    ] = False,
) -> None:
    """Train an inverse dynamics model on play, and judge it and its labels on play that it has never seen.

    Scripted players play the game, headless; their sessions become a dataset; a model learns what was pressed from what
    is seen. Other players, with other seeds, are what it is judged on: the figures stand beside those of somebody who
    does nothing, who repeats the last action, and who knows the actions before but sees no picture. Then it labels the
    others' video without being shown their input, and each filter is told what it takes away.

    The same command again goes on where it was stopped.
    """
    from rich.console import Console

    from training.experiments.games import find_experiment
    from training.experiments.idm import IdmExperiment
    from training.experiments.report import write_report
    from training.experiments.steps import Steps

    chain = IdmExperiment(
        name=game,
        game=find_experiment(game),
        directory=output,
        minutes=minutes,
        quick=quick,
        overrides=tuple(overrides or ()),
    )
    console = Console(stderr=True, emoji=False)
    output.mkdir(parents=True, exist_ok=True)
    Steps(directory=output, say=lambda text: console.rule(text, align="left")).run(chain.steps())
    report = write_report(chain)
    typer.echo(report.read_text())
    typer.echo(f"This report: {report}\nnext: read {chain.evaluation}, and open {chain.labelled}/report.html")


@app.command("idm-transfer")
def idm_transfer(
    game: Annotated[
        str, typer.Argument(metavar="GAME", help="courier, pong or health_gathering; they play themselves.")
    ] = "courier",
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE…", help="Of `playloom train policy`, to try something.", show_default=False),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A directory for all that comes out.")] = Path(
        "idm-transfer"
    ),
    minutes: Annotated[float, typer.Option(min=0.05, help="So long each of the six models trains.")] = 8.0,
    little: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=10_000,
            help="Episodes of the little play; 6 of Courier, 2 of Pong, 4 of Health Gathering if it is left out.",
            show_default=False,
        ),
    ] = None,
    episodes: Annotated[
        int | None,
        typer.Option(
            min=2, max=10_000, help="Games that each policy plays; 30, and 6 with --quick.", show_default=False
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=1024, help="That play at the same time; 0: one game after another.")
    ] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Little play and the smallest models: shows in minutes that all works.")
    ] = False,
) -> None:
    """Ask what labels are worth: little labelled play and much unlabelled play become policies, and these play.

    A scripted player plays the game, headless. An inverse dynamics model learns from a little of it what was pressed,
    and labels the video of the rest. Policies learn from the little alone, from the little with the labels (filtered
    and not), and from the little with the truth; all play the same games. The report says what came out, with
    intervals, also if labels hurt.

    The same command again goes on where it was stopped.
    """
    from rich.console import Console

    from training.experiments.transfer import TransferExperiment
    from training.experiments.transfer_games import EPISODES, QUICK_EPISODES, find_transfer, with_little
    from training.experiments.transfer_games import quick as quicker
    from training.experiments.transfer_report import write_transfer_report

    chosen = quicker(find_transfer(game)) if quick else find_transfer(game)
    if little is not None:
        chosen = with_little(chosen, little)
    chain = TransferExperiment(
        name=game,
        game=chosen,
        directory=output,
        minutes=minutes,
        episodes=episodes or (QUICK_EPISODES if quick else EPISODES),
        workers=workers,
        quick=quick,
        overrides=tuple(overrides or ()),
    )
    console = Console(stderr=True, emoji=False)
    output.mkdir(parents=True, exist_ok=True)
    chain.run(lambda text: console.rule(text, align="left"))
    report = write_transfer_report(chain)
    typer.echo(report.read_text())
    typer.echo(f"This report: {report}, and with videos to play: {report.with_suffix('.html')}")
    typer.echo(f"next: playloom evaluate policy {chain.policy(chain.arms()[0])} --episodes 100")
