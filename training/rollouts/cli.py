"""`playloom evaluate policy` and `playloom compare`: policies at play."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.environments.input_device import InputDevice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.rollouts.episode import Episode
    from training.rollouts.results import Results

INTERRUPTED_STATUS = 130
NOBODY = "none"


def policy(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN…", help="Policies: a run's folder (its best checkpoint) or a checkpoint's. All play the same."
        ),
    ],
    *,
    game: Annotated[
        str | None, typer.Option(help="What is played; by default the game that the policy was trained on.")
    ] = None,
    episodes: Annotated[
        int, typer.Option(min=1, max=100_000, help="Games that everybody plays; 30 or more for a figure.")
    ] = 30,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the first game, the next has the next. Not one that was recorded with.")
    ] = 100_000,
    max_steps: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="Of an episode; two minutes of play by default.")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AGENT",
            help="Who else plays, may be given again: random, noop, scripted, casual; none for nobody. By default "
            "random and noop, and scripted where the game has such a player.",
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Sessions of 'playloom gym record': their player's scores stand beside."),
    ] = None,
    execute: Annotated[
        int | None,
        typer.Option(min=1, help="Rows of each chunk that are played; a fifteenth of a second of them by default."),
    ] = None,
    delay: Annotated[
        int, typer.Option(min=0, help="Frames until a chunk can be used, as on a slow machine or over a network.")
    ] = 0,
    task: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the policies are told; the first that each knows.")
    ] = None,
    frame_skip: Annotated[
        int | None, typer.Option(min=1, help="Emulated frames a step; what gives the policy's rate by default.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="VizDoom's and Courier's picture; as the policy's dataset has it.")
    ] = None,
    sticky: Annotated[
        float | None, typer.Option(metavar="P", help="Atari: chance that a frame repeats the last action.")
    ] = None,
    mode: Annotated[int | None, typer.Option(help="Atari, Courier: the game's mode.")] = None,
    difficulty: Annotated[int | None, typer.Option(help="Atari: the difficulty. VizDoom: the skill, 1 to 5.")] = None,
    state: Annotated[str | None, typer.Option(help="Console games: the saved state to start from.")] = None,
    input_device: Annotated[
        InputDevice, typer.Option("--input", help="What the players' hands are on; Courier has a pad always.")
    ] = InputDevice.KEYBOARD,
    preset: Annotated[
        Path | None, typer.Option(metavar="YAML", help="What the keys do, instead of your own presets file.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=1024, help="Ray actors that play at the same time; 0: this program plays.")
    ] = 0,
    ray_address: Annotated[
        str | None, typer.Option(help="A Ray cluster whose machines play. Left out: Ray on this machine.")
    ] = None,
    gpus: Annotated[
        float | None,
        typer.Option(min=0, help="That each actor asks Ray for; by default all share one, where there is one."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
    threads: Annotated[
        int, typer.Option(min=0, max=1024, help="Of torch; by default its own choice, and 1 an actor.")
    ] = 0,
    videos: Annotated[
        bool, typer.Option("--videos/--no-videos", help="Draw the best, the median and the worst episode of each.")
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="For episodes, figures, videos; in the first run by default."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    r"""Let policies play whole games, as fast as they must, beside somebody who does nothing and who plays at random.

    Everybody plays the same seeded games, so they are compared game by game. What comes out: the mean score with its
    95 % interval, the differences with theirs, whether the policy keeps up with the game (real time), how long a chunk
    takes, and videos of the best, the median and the worst episode. Each episode is kept when it ends: the same
    command again goes on where it was stopped.

    [bold]Examples[/]

    playloom evaluate policy runs/first
    playloom evaluate policy runs/first runs/bc --workers 2 -o report
    playloom evaluate policy runs/first --delay 3 --recordings sessions
    """
    from playloom.environments.presets import preset_files
    from playloom.environments.settings import parse_size
    from training.rollouts.evaluate import Evaluation, check_output, evaluate
    from training.rollouts.prepare import open_policies, prepare
    from training.rollouts.report import write_report
    from training.rollouts.settings import GameSettings, Machine

    chosen = _device(device)
    if output is not None:
        check_output(output)
    seeds = tuple(seed + number for number in range(episodes))
    if threads:
        import torch

        torch.set_num_threads(threads)
    opened = open_policies(runs, chosen)
    prepared = prepare(
        opened,
        game=game,
        wanted=GameSettings(
            environment="",
            sticky=sticky,
            mode=mode,
            difficulty=difficulty,
            state=state,
            size=None if size is None else parse_size(size),
            max_steps=1,
            device=input_device,
            preset_files=preset_files(preset),
        ),
        frame_skip=frame_skip,
        max_steps=max_steps,
        agents=None if against is None else [name for name in against if name != NOBODY],
        execute=execute,
        delay=delay,
        task=task,
        seeds=seeds,
    )
    place = output or _place_of(runs[0], prepared.spec.game_id)
    evaluation = Evaluation(
        prepared=prepared,
        policies=opened,
        seeds=seeds,
        output=place,
        machine=Machine(device=chosen, threads=threads or (1 if workers else 0)),
        workers=workers,
        ray_address=ray_address,
        gpus=_share_of_gpu(chosen, workers) if gpus is None else gpus,
        recordings=recordings,
        videos=videos,
    )
    try:
        with _Progress(shown=not quiet and not json) as progress:
            results = evaluate(evaluation, progress.tell)
    except KeyboardInterrupt:
        typer.echo(f"Stopped; what was played is in {place}. The same command goes on.", err=True)
        raise typer.Exit(INTERRUPTED_STATUS) from None
    page = write_report(results, place)
    if json:
        typer.echo(jsonlib.dumps(results.to_document(), indent=2, allow_nan=False))
        return
    _print_results(results)
    typer.echo(f"\nThe report is {page}" + (f", with videos in {place / 'videos'}." if results.videos else "."))
    typer.echo(f"Next: look at it, or beside another policy: playloom compare {runs[0]} ANOTHER_RUN")


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Runs that have played, or folders that 'evaluate policy' has written."),
    ],
    *,
    game: Annotated[str | None, typer.Option(metavar="GAME_ID", help="Of which game, where they played several.")] = (
        None
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PNG", help="Draw the scores into this file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Put policies beside each other by the games that they played: scores with intervals, game by game.

    The first one is held against each of the others. Nobody plays here: 'playloom evaluate policy' does.
    """
    from training.rollouts.comparing import compare_evaluations
    from training.rollouts.report import comparison_rows, draw_scores, players_rows

    compared = compare_evaluations(runs, game=game)
    if output is not None:
        from playloom.output_files import output_file

        with output_file(output, force=True) as partial:
            draw_scores(compared.players, str(compared.game["game_id"]), partial)
    if json:
        typer.echo(jsonlib.dumps(compared.to_document(), indent=2, allow_nan=False))
        return
    typer.echo(f"{compared.game['game_id']}, up to {compared.game['max_steps']:,} steps an episode")
    _print_table(players_rows(compared.players))
    typer.echo("")
    _print_table(comparison_rows(compared.comparisons))
    if output is not None:
        typer.echo(f"\nThe scores are drawn in {output}.")
    typer.echo(f"\nNext: watch them play, in {compared.places[0] / 'videos'}")


def _share_of_gpu(device: str, workers: int) -> float:
    """Of one for all actors; rounded down, so that they fit."""
    return int(10_000 / workers) / 10_000 if device == "cuda" and workers else 0.0


def _place_of(run: Path, game_id: str) -> Path:
    """Where a run's evaluation is kept: in its folder, or beside a checkpoint that lies alone."""
    for folder in (run, *run.absolute().parents[:2]):
        if (folder / "checkpoints").is_dir():
            return folder / "rollouts" / game_id
    return Path(f"rollouts-{game_id}")


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


def _print_results(results: Results) -> None:
    from training.rollouts.report import comparison_rows, figure_text, players_rows

    typer.echo(f"{results.game['game_id']}: {results.game['environment']}, up to {results.game['max_steps']:,} steps")
    _print_table(players_rows(results.players))
    if results.comparisons:
        typer.echo("")
        _print_table(comparison_rows(results.comparisons))
    typer.echo("")
    for share in results.shares:
        typer.echo(f"- {share.player}: {figure_text(share.share)} of the way from {share.floor} to {share.goal}")
    for note in results.notes:
        typer.echo(f"- {note}")
    for term in results.terms:
        typer.echo(f"terms: {term}")


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(emoji=False, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table)


class _Progress:
    """A bar with the time left where there is somebody to see it."""

    def __init__(self, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True, emoji=False, highlight=False)
        self._is_shown = shown and console.is_terminal
        self._progress = Progress(
            TextColumn("episodes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            TextColumn("{task.description}"), console=console, transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> _Progress:
        if self._is_shown:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_shown:
            self._progress.stop()

    def tell(self, episode: Episode, done: int, total: int) -> None:
        said = f"{episode.player}: {episode.score:g}"
        self._progress.update(self._task, completed=done, total=total, description=said)
