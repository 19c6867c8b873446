"""`playloom gym record`."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playloom.environments.input_device import InputDevice
from playloom.environments.settings import LONGEST_FRAME_SKIP
from playloom.errors import PlayloomError

if TYPE_CHECKING:
    from capture_node.gym.episode import EpisodeReport
    from capture_node.gym.options import RecordOptions

PERSON = "person"
LONGEST_EPISODE_STEPS = 10_000_000
INTERRUPTED = 130
"""The exit status of what Ctrl-C has stopped, by the custom of shells."""
STEPS_PER_LOOK = 64
"""The progress bar moves so seldom: drawing it costs more than a step of Pong."""


def record(
    environment: Annotated[
        str, typer.Argument(metavar="ENV", help="The game: ALE/Pong-v5, VizdoomBasic-v1, … or just pong.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the sessions go, one folder an episode.")
    ] = Path("recordings"),
    agent: Annotated[
        str | None, typer.Option(metavar="NAME", help="scripted, random or noop; without it a person plays.")
    ] = None,
    input_device: Annotated[
        InputDevice | None,
        typer.Option("--input", help="What the player's hands are on; a person may use both by default."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No window, as fast as the machine can; needs --agent.")
    ] = False,
    episodes: Annotated[
        int | None, typer.Option(help="How many; by default one for an agent, for a person until Esc.", min=1)
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="End an episode after so many steps.", min=1, max=LONGEST_EPISODE_STEPS)
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that record episodes at once; headless only.", min=1)] = 1,
    seed: Annotated[
        int | None, typer.Option(help="Of the first episode, the next has the next; random by default.")
    ] = None,
    fps: Annotated[
        int | None,
        typer.Option(help="Steps a second, and the video's rate; the game's own by default.", min=1, max=240),
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="VizDoom's picture size, 640x480 by default.")] = None,
    frame_skip: Annotated[
        int, typer.Option(help="Emulated frames a step; Gymnasium's Atari default is 4.", min=1, max=LONGEST_FRAME_SKIP)
    ] = 1,
    sticky: Annotated[
        float | None,
        typer.Option(metavar="P", help="Atari: chance that a frame repeats the last action; Gymnasium's is 0.25."),
    ] = None,
    mode: Annotated[int | None, typer.Option(help="Atari: the game's mode.")] = None,
    difficulty: Annotated[int | None, typer.Option(help="Atari: the difficulty. VizDoom: the skill, 1 to 5.")] = None,
    state: Annotated[str | None, typer.Option(help="Console games: the saved state to start from.")] = None,
    player: Annotated[str | None, typer.Option(metavar="NAME", help="Who plays; stands in session.json.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mapping profile that fits the player's controls.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="TEXT", help="What the player is trying to do.")] = None,
    preset: Annotated[
        Path | None, typer.Option(metavar="YAML", help="What the keys do, instead of your own presets file.")
    ] = None,
    push: Annotated[
        str | None, typer.Option(metavar="USER/NAME", help="Afterwards upload these sessions to the Hugging Face Hub.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry an episode.")] = False,
) -> None:
    """Record a game: a person's play in a window, or an agent's. Exits with 1 if nothing was recorded."""
    import secrets

    from capture_node.gym.options import RecordOptions
    from playloom.environments.agents.agent import AGENTS
    from playloom.environments.presets import preset_files
    from playloom.environments.settings import EnvironmentSettings, parse_size
    from playloom.hub.push import token_from

    if agent is not None and agent not in AGENTS:
        raise PlayloomError(f"there is no agent '{agent}'", remedy=f"Choose one of {', '.join(AGENTS)}")
    if headless and agent is None:
        raise PlayloomError("without a window nobody sees the game", remedy="Add --agent random or --agent scripted")
    if workers > 1 and not headless:
        raise PlayloomError(
            "several processes cannot share one window", remedy="Add --headless, or leave --workers out"
        )
    if push is not None:
        token_from("HF_TOKEN")  # before anyone plays an hour
    options = RecordOptions(
        environment=environment,
        settings=EnvironmentSettings(
            seed=secrets.randbelow(2**31 - 2**16) if seed is None else seed,
            frame_skip=frame_skip,
            sticky_action_probability=sticky,
            mode=mode,
            difficulty=difficulty,
            state=state,
            size=None if size is None else parse_size(size),
        ),
        root=output.resolve(),
        player=player or agent or PERSON,
        agent=agent,
        device=input_device,
        preset_files=preset_files(preset),
        episodes=episodes or (None if agent is None else 1),
        max_steps=max_steps,
        fps=fps,
        profile_name=profile,
        task=task,
    )
    had_output = output.exists()
    reports, interrupted = _record(options, workers, headless, quiet=json)
    kept = [report for report in reports if report.session is not None]
    if json:
        typer.echo(jsonlib.dumps([_row(report) for report in kept], indent=2))
    elif kept:
        typer.echo(f"{len(kept)} {'session' if len(kept) == 1 else 'sessions'} in {output}. Next:")
        typer.echo(f"  playloom gym verify {output}     replays and compares")
        typer.echo(f"  playloom gym define {environment} -o games     writes what converting needs to know of the game")
    else:
        typer.echo("Nothing was recorded.")
    if push is not None and kept:
        _push(kept, push, quiet=json)
    if not kept:
        if not had_output:
            with suppress(OSError):  # it was not made, or somebody has put something there
                output.rmdir()
        raise typer.Exit(INTERRUPTED if interrupted else 1)


def _record(options: RecordOptions, workers: int, headless: bool, *, quiet: bool) -> tuple[list[EpisodeReport], bool]:
    """What was played, and whether somebody stopped it from outside."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from capture_node.gym.interrupts import interrupts_noted

    errors = Console(emoji=False, stderr=True, highlight=False)
    columns = (
        TextColumn("episodes"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    shown = headless and errors.is_terminal
    reports: list[EpisodeReport] = []
    with interrupts_noted() as interrupt, Progress(*columns, console=errors, transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=options.episodes)
        asked = 0

        def is_stopped() -> bool:
            # Asked before each step that this process plays.
            nonlocal asked
            asked += 1
            if shown and workers == 1 and asked % STEPS_PER_LOOK == 0:
                bar.update(task, description=f"{asked} steps")
            return interrupt.is_set

        for report in _episodes(options, workers, headless, is_stopped, quiet=quiet):
            reports.append(report)
            bar.advance(task)
            if not quiet:
                typer.echo(_line(report))
        if interrupt.is_set and not quiet and any(report.session is not None for report in reports):
            typer.echo("Stopped; what is listed above is kept.")
    return reports, interrupt.is_set


def _episodes(
    options: RecordOptions, workers: int, headless: bool, is_stopped: Callable[[], bool], *, quiet: bool
) -> Iterator[EpisodeReport]:
    if options.agent is None:
        from capture_node.gym.person import record_person

        # With --json the standard output is for the JSON alone.
        yield from record_person(options, is_stopped, announce=lambda text: typer.echo(text, err=quiet))
    elif headless:
        from capture_node.gym.record import record_agent

        yield from record_agent(options, workers, is_stopped)
    else:
        from capture_node.gym.record import record_agent
        from capture_node.gym.watch import Watcher

        watcher = Watcher()
        try:
            yield from record_agent(options, 1, lambda: is_stopped() or watcher.is_left, watch=watcher)
        finally:
            watcher.close()


def _line(report: EpisodeReport) -> str:
    outcome = report.outcome
    played = f"{outcome.steps} steps, {report.duration_s:.1f} s, score {outcome.score:g}, seed {report.seed}"
    if report.session is None:
        return f"{report.game_id}: broken off after {played}; nothing kept"
    return f"{report.session.name}: {played}, ended by {outcome.ended_by.replace('_', ' ')}"


def _row(report: EpisodeReport) -> dict[str, Any]:
    return {
        "session": str(report.session),
        "game_id": report.game_id,
        "seed": report.seed,
        "steps": report.outcome.steps,
        "duration_s": report.duration_s,
        "score": report.outcome.score,
        "ended_by": report.outcome.ended_by,
    }


def _push(reports: list[EpisodeReport], repo: str, *, quiet: bool) -> None:
    from playloom.hub.push import PushOptions, push_sessions

    sessions = [report.session for report in reports if report.session is not None]
    url = push_sessions(sessions, PushOptions(repo=repo))
    if not quiet:
        typer.echo(f"Uploaded to {url}")
