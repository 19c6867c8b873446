"""The command line's root: one program, `playloom`, with the commands of whatever is installed on this machine.

Each folder brings its commands through the entry-point group ``playloom.commands``. An entry point names in
brackets the extra that its command needs; where that extra is not installed the command is not shown, and asking for
it says what to install. Command modules must be light to import (heavy imports belong inside the functions), because
every one that is installed is loaded to list it.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, requires, version
from typing import Annotated

import typer
from packaging.requirements import Requirement
from rich.console import Console

from playloom.errors import MissingExtraError, PlayloomError

COMMAND_GROUP = "playloom.commands"

app = typer.Typer(
    name="playloom",
    help="Record the games you play, weave the sessions into one dataset, and train agents that play like you.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playloom {version('playloom')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def extra_is_installed(extra: str) -> bool:
    """Whether every package that Playloom's ``extra`` asks for on this platform is installed."""
    for line in requires("playloom") or []:
        requirement = Requirement(line)
        if requirement.marker is None or not requirement.marker.evaluate({"extra": extra}):
            continue
        if requirement.marker.evaluate({"extra": ""}):
            continue  # needed with or without the extra
        if requirement.name == "playloom":
            if not all(extra_is_installed(other) for other in requirement.extras):
                return False
            continue
        try:
            version(requirement.name)
        except PackageNotFoundError:
            return False
    return True


def _missing_extra(entry: EntryPoint) -> str | None:
    return next((extra for extra in entry.extras if not extra_is_installed(extra)), None)


def _add_command(entry: EntryPoint) -> None:
    loaded = entry.load()
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=entry.name)
    else:
        app.command(entry.name)(loaded)


def _asked_for(arguments: list[str]) -> str | None:
    return next((argument for argument in arguments if not argument.startswith("-")), None)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        known = {command.name for command in (*app.registered_commands, *app.registered_groups)}
        for entry in sorted(entry_points(group=COMMAND_GROUP), key=lambda entry: entry.name):
            if entry.name in known:  # by an earlier command line in this process
                continue
            missing = _missing_extra(entry)
            if missing is None:
                _add_command(entry)
            elif entry.name == _asked_for(arguments):
                raise MissingExtraError(f"playloom {entry.name}", missing)
        app(arguments, prog_name="playloom")
    except PlayloomError as error:
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error), markup=False)
        return 1
    except SystemExit as stop:  # how Typer ends: after help, a usage error or Ctrl-C
        return stop.code if isinstance(stop.code, int) else 0
    except BrokenPipeError:
        _let_go_of_output()  # the reader (head, less) left
        return 1
    except OSError as error:  # what no command turned into an error of its own, such as a full disk below the output
        _let_go_of_output()
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error), markup=False)
        return 1
    return 0


def _let_go_of_output() -> None:
    """Where the output takes nothing any more, keep Python from failing on the rest while it shuts down."""
    if sys.stdout is None:  # closed before we began
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
