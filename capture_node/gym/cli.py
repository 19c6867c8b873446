"""`playloom gym`: record games that are Gymnasium environments, replay the recordings, verify them, share them."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capture_node.gym.define_cli import define
from capture_node.gym.push_cli import push
from capture_node.gym.record_cli import record
from playloom.environments.spec import Platform

if TYPE_CHECKING:
    from capture_node.gym.verify import Verification
    from playloom.environments.game import Game

WIDE_COLUMNS, NARROW_COLUMNS = 1000, 100

app = typer.Typer(
    help="Record Atari, VizDoom and console games played by people or agents; replay, verify and share the recordings.",
    no_args_is_help=True,
)
app.command()(record)
app.command()(define)
app.command()(push)


@app.command("list")
def list_environments(
    word: Annotated[
        str | None, typer.Argument(metavar="[WORD]", help="Show only games with this in their name.")
    ] = None,
    *,
    platform: Annotated[Platform | None, typer.Option(help="Show only this platform's games.")] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also games that cannot run here, and every skill of every Doom map.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry a game.")] = False,
) -> None:
    """List the games that can be played here."""
    from playloom.environments.agents.agent import SCRIPTED_GAMES
    from playloom.environments.catalogue import list_games
    from playloom.environments.game import plain

    games = list_games([platform] if platform else tuple(Platform))
    if word is not None:
        games = [game for game in games if plain(word) in plain(game.environment_id) + plain(game.game_id)]
    shown = games if show_all else _usual(games)
    if json:
        rows = [
            {
                "id": game.environment_id,
                "platform": game.platform.value,
                "game_id": game.game_id,
                "playable": game.playable,
                "missing": game.missing,
                "scripted_agent": game.game_id in SCRIPTED_GAMES,
            }
            for game in shown
        ]
        typer.echo(jsonlib.dumps(rows, indent=2))
        return
    _print_games(shown, hidden=len(games) - len(shown))


def _usual(games: list[Game]) -> list[Game]:
    """Those that can be played, each once: of a Doom map the middle skill."""
    once: dict[str, Game] = {}
    for game in games:
        if game.playable and (game.game_id not in once or "-S3-" in game.environment_id):
            once[game.game_id] = game
    return list(once.values())


def _print_games(games: list[Game], hidden: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from playloom.environments.agents.agent import SCRIPTED_GAMES

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDE_COLUMNS  # nobody's screen to fit; one line a game, for grep
    columns = {
        "environment": [game.environment_id for game in games],
        "platform": [game.platform.value for game in games],
        "game id": [game.game_id for game in games],
        "scripted agent": ["yes" if game.game_id in SCRIPTED_GAMES else "" for game in games],
        "here": ["yes" if game.playable else f"needs {game.missing}" for game in games],
    }
    if console.width < NARROW_COLUMNS:
        del columns["game id"]
    if all(game.playable for game in games):
        del columns["here"]
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    console.print(table, soft_wrap=False)
    if hidden:
        console.print(f"\n{hidden} more with --all: games whose ROMs or WADs are not here, and Doom's other skills.")
    if here := [game.environment_id for game in games if game.playable]:
        console.print(f"\nPlay one: playloom gym record {here[0]}")


@app.command()
def playback(
    target: Annotated[
        Path, typer.Argument(metavar="SESSION|DATASET", help="A recorded session, or a LeRobot dataset's folder.")
    ],
    *,
    headless: Annotated[bool, typer.Option("--headless", help="Replay without a window, as a trial.")] = False,
    fps: Annotated[
        float | None, typer.Option(help="Pictures a second; the recording's own by default.", min=1, max=1000)
    ] = None,
) -> None:
    """Show a recording again: a session by playing its actions, a dataset by its video."""
    from capture_node.gym.playback import is_dataset, run_through, show, showing_of

    showing = showing_of(target)
    for note in showing.notes:
        typer.echo(f"note: {note}")
    count = run_through(showing) if headless else show(showing, fps)
    typer.echo(f"{count} pictures {'replayed' if headless else 'shown'}.")
    if not is_dataset(target):
        typer.echo(f"Compare them with the recording: playloom gym verify {target}")


@app.command()
def verify(
    targets: Annotated[
        list[Path], typer.Argument(metavar="SESSION|ROOT...", help="Recorded sessions, or folders of sessions.")
    ],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry a session.")] = False,
) -> None:
    """Replay recordings and compare every picture, reward and end. Exits with 1 if one differs, or none is there."""
    from capture_node.gym.verify import verify_session
    from playloom.errors import PlayloomError
    from playloom.recording.session import find_sessions

    rows: list[dict[str, Any]] = []
    for path in [path for target in targets for path in find_sessions(target)]:
        try:
            found = verify_session(path)
        except PlayloomError as error:
            rows.append({"session": str(path), "verdict": "failed", "error": str(error)})
            if not json:
                typer.echo(f"{path}: failed: {error}")
            continue
        rows.append(_verification_row(found))
        if not json:
            _print_verification(found)
    if json:
        typer.echo(jsonlib.dumps(rows, indent=2))
    bad = sum(row["verdict"] != "deterministic" for row in rows)
    if not json:
        if not rows:
            typer.echo("There is no session to verify here. Record one: playloom gym record pong")
        elif not bad:
            typer.echo(f"{len(rows)} of {len(rows)} replay exactly. Next: playloom validate {targets[0]}")
        else:
            typer.echo(f"{bad} of {len(rows)} sessions differ or have faults.")
    if bad or not rows:
        raise typer.Exit(1)


def _verification_row(found: Verification) -> dict[str, Any]:
    difference = found.difference
    verdict = "deterministic" if found.is_good else "differs" if difference is not None else "damaged"
    return {
        "session": str(found.session),
        "environment": found.environment_id,
        "verdict": verdict,
        "steps": found.steps,
        "first_difference": None
        if difference is None
        else {
            "step": difference.step,
            "what": difference.what,
            "recorded": difference.recorded,
            "replayed": difference.replayed,
        },
        "faults": list(found.faults),
        "changes": list(found.changes),
    }


def _print_verification(found: Verification) -> None:
    verdict = "deterministic" if found.is_deterministic else f"differs at {found.difference}"
    typer.echo(f"{found.session}: {verdict} ({found.environment_id}, {found.steps} steps)")
    for fault in found.faults:
        typer.echo(f"  fault: {fault}")
    for change in found.changes:
        typer.echo(f"  changed since: {change}")
