"""`playloom enrol` and `playloom upload`: this machine comes to have a server, and sessions are sent to it by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from capture_node.upload.receipt import Receipt
    from playloom.errors import PlayloomError


def enrol(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="From the server's operator; good once. - reads it from the input.")
    ],
    *,
    server: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the server listens.")],
    ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="The certificate of the server's own authority, from its operator."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What this machine is called there; by default its own name.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let this machine send sessions to a server.

    The code becomes a token that only you can read, and that the server knows by its sum alone. Elsewhere than on this
    machine the server is spoken to with TLS. A node that runs takes notice by itself.
    """
    import sys
    from json import dumps

    from capture_node.node.words import console_of_command, print_next
    from playloom.client.access import save_access, server_at
    from playloom.client.enrol import enrol_machine

    given = sys.stdin.readline() if code == "-" else code
    access = enrol_machine(server_at(server, ca), given.strip(), name)
    path = save_access(access)
    if json:
        values = {"server": access.address, "player": access.player, "node": access.node, "file": str(path)}
        typer.echo(dumps(values, indent=2, ensure_ascii=False))
        return
    console = console_of_command()
    console.print(f"This machine is '{access.node}' of {access.player} at {access.address}.", markup=False)
    console.print(f"Its token lies in {path}, which only you can read.", style="dim", markup=False)
    print_next(console, "playloom node run, which sends what is recorded; or playloom upload SESSION")


def upload(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSION...", help="Sessions, or folders of sessions.", show_default=False)
    ],
    *,
    bytes_per_s: Annotated[
        int | None, typer.Option(metavar="N", min=10_000, help="Send no faster; by default as node.yaml says.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Settings of this machine, instead of node.yaml.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send sessions to the server now, and wait until it has confirmed them.

    After an interruption the same command goes on where it was. What is there already is not sent again, and the copies
    here stay.
    """
    from dataclasses import replace

    from capture_node.node_settings import load_settings
    from capture_node.upload.foreground import send_sessions
    from playloom.client.access import load_access
    from playloom.errors import PlayloomError
    from playloom.recording.session import find_sessions

    access, settings = load_access(), load_settings(config).upload
    if bytes_per_s is not None:
        settings = replace(settings, bytes_per_s=bytes_per_s)
    paths = list(dict.fromkeys(path for given in sessions for path in find_sessions(given)))
    if not paths:
        named = ", ".join(map(str, sessions))
        raise PlayloomError(f"no session lies in {named}", remedy="Name a session's directory, or a folder of them")
    outcome = send_sessions(paths, access, settings, show=not json)
    if json:
        _print_json(outcome.receipts, outcome.problems)
    if outcome.problems:
        raise typer.Exit(1)


def _print_json(receipts: dict[Path, Receipt], problems: dict[Path, PlayloomError]) -> None:
    from json import dumps

    done = [
        {"session": str(path), "session_id": receipt.session_id, "server": receipt.server}
        for path, receipt in receipts.items()
    ]
    failed = [{"session": str(path), "problem": str(error)} for path, error in problems.items()]
    typer.echo(dumps(done + failed, indent=2, ensure_ascii=False))
