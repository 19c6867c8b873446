"""The command line's root: one program, `playloom`, with the commands of whatever is installed on this machine.

Each folder brings its commands through the entry-point group ``playloom.commands``. An entry point names in
brackets the extra that its command needs; where that extra is not installed the command is not shown, and asking for
it says what to install. An entry point named by two words, such as ``datasets.pull``, puts its command into the group
of the first, whoever brings that. A command line loads what its first word names and nothing else; a listing loads
every command that is installed, so their modules must be light to import (heavy imports belong inside the functions).
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
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


def _missing_extra(entry: EntryPoint, is_installed: Callable[[str], bool]) -> str | None:
    return next((extra for extra in entry.extras if not is_installed(extra)), None)


def _add_command(entry: EntryPoint) -> None:
    loaded = entry.load()
    group, _, name = entry.name.rpartition(".")
    parent = _group(group) if group else app
    if isinstance(loaded, typer.Typer):
        parent.add_typer(loaded, name=name)
    else:
        parent.command(name)(loaded)


def _group(name: str) -> typer.Typer:
    """The group of this name; a new one where nobody has brought it."""
    for registered in app.registered_groups:
        if registered.name == name and registered.typer_instance is not None:
            return registered.typer_instance
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name=name)
    return group


def _asked_for(arguments: list[str]) -> list[str]:
    """The names of the command that is asked for, as entry points may have them."""
    words = [argument for argument in arguments if not argument.startswith("-")]
    return [".".join(words[:count]) for count in (1, 2)]


def _needed(arguments: list[str]) -> list[EntryPoint]:
    """What a command line may lead to; a group comes before the commands that others put into it."""
    entries = sorted(entry_points(group=COMMAND_GROUP), key=lambda entry: (entry.name.count("."), entry.name))
    first, _ = _asked_for(arguments)
    named = [entry for entry in entries if entry.name.partition(".")[0] == first]
    return named or entries  # all of them for a listing, a completion, and to say what a misspelt word may have meant


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    try:
        known = _known()
        is_installed = functools.cache(extra_is_installed)  # many commands ask for the same
        for entry in _needed(arguments):
            if entry.name in known:  # by an earlier command line in this process
                continue
            missing = _missing_extra(entry, is_installed)
            if missing is None:
                _add_command(entry)
            elif entry.name in _asked_for(arguments):
                raise MissingExtraError(f"playloom {entry.name.replace('.', ' ')}", missing)
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


def _known() -> set[str]:
    """The commands that there are, by their entry points' names."""
    names = {command.name or "" for command in app.registered_commands}
    for group in app.registered_groups:
        names.add(group.name or "")
        if group.typer_instance is not None:
            names |= {f"{group.name}.{command.name}" for command in group.typer_instance.registered_commands}
    return names


def _let_go_of_output() -> None:
    """Where the output takes nothing any more, keep Python from failing on the rest while it shuts down."""
    if sys.stdout is None:  # closed before we began
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
