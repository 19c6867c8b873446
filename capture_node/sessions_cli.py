"""`playloom sessions`: one's own sessions on the server: what is there, brought back, deleted, restored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from protos import coordinator_pb2 as pb

app = typer.Typer(no_args_is_help=True, help="Your sessions on the server: list, show, download, delete, restore.")

Which = Annotated[str, typer.Argument(metavar="SESSION", help="Its id on the server, or its name.")]


@app.command("list")
def list_command(
    *,
    game: Annotated[str, typer.Option(metavar="ID", help="Of this game only.")] = "",
    player: Annotated[str, typer.Option(metavar="NAME", help="Of another player; for operators.")] = "",
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Those that are deleted and can still be restored.")
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="So many at most, the newest first.")] = 100,
    json: Json = False,
    access: Access = None,
) -> None:
    """What the server has of you, the newest first."""
    from itertools import islice

    from capture_node.node.words import console_of_command, print_next
    from capture_node.upload.server_sessions import list_sessions
    from capture_node.upload.session_words import print_sessions, sessions_json
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access

    with Connection(find_access(access).access) as connection:
        every = list_sessions(connection, game_id=game, player=player, deleted=deleted)
        found = list(islice(every, limit + 1))
    more, found = len(found) > limit, found[:limit]
    if json:
        typer.echo(sessions_json(found))
        return
    console = console_of_command()
    if not found:
        console.print("The server has no such session of yours." if game or deleted else "The server has none yet.")
        print_next(console, "playloom upload SESSION")
        return
    print_sessions(console, found)
    if more:
        console.print(f"There are more; see them with --limit {2 * limit}.", style="dim")
    print_next(console, "playloom sessions restore SESSION" if deleted else "playloom sessions show SESSION")


@app.command()
def show(session: Which, *, json: Json = False, access: Access = None) -> None:
    """One session: when, how long, its files and their sums."""
    from capture_node.node.words import console_of_command, print_next
    from capture_node.upload.server_sessions import find_session
    from capture_node.upload.session_words import print_session, session_json
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access

    with Connection(find_access(access).access) as connection:
        found = find_session(connection, session)
    if json:
        typer.echo(session_json(found))
        return
    console = console_of_command()
    print_session(console, found)
    print_next(console, f"playloom sessions download {found.id}")


@app.command()
def download(
    session: Which,
    *,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where its directory shall stand.")] = Path(),
    json: Json = False,
    access: Access = None,
) -> None:
    """Bring a session back, every file held against its sum. Again goes on where it was."""
    from json import dumps

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from capture_node.node.words import console_of_command, print_next, shell_path
    from capture_node.upload.server_sessions import download_session, find_session
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access
    from playloom.figures import one_line

    console = console_of_command()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Connection(find_access(access).access) as connection:
        found = find_session(connection, session)
        with Progress(*columns, console=console, transient=True, disable=json or not console.is_terminal) as bars:
            bar = bars.add_task(one_line(found.name), total=found.size_bytes)
            path = download_session(connection, found, output, lambda size_bytes: bars.advance(bar, size_bytes))
    if json:
        typer.echo(dumps({"session": str(path), "session_id": found.id}, indent=2, ensure_ascii=False))
        return
    console.print(f"{found.id} is in {path}, whole.", markup=False)
    print_next(console, f"playloom preview {shell_path(path)}")


@app.command()
def delete(
    sessions: Annotated[list[str], typer.Argument(metavar="SESSION...", help="Ids on the server, or names.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Delete sessions on the server. For a while they can be restored; copies on this machine stay."""
    from capture_node.upload.server_sessions import find_session
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access
    from protos import coordinator_pb2 as pb

    with Connection(find_access(access).access) as connection:
        found = [find_session(connection, one) for one in sessions]  # all or none: a wrong name deletes nothing
        if not yes:
            names = ", ".join(one.name for one in found[:5]) + (" and others" if len(found) > 5 else "")
            typer.confirm(f"Delete {names} on the server?", abort=True, err=True)
        done = [
            connection.call(connection.sessions.DeleteSession, pb.DeleteSessionRequest(session_id=one.id))
            for one in found
        ]
    _say(done, "deleted", json=json)


@app.command()
def restore(session: Which, *, json: Json = False, access: Access = None) -> None:
    """Take a deletion back, within the server's grace time."""
    from capture_node.upload.server_sessions import find_session
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access
    from protos import coordinator_pb2 as pb

    with Connection(find_access(access).access) as connection:
        found = find_session(connection, session, deleted=True)
        request = pb.RestoreSessionRequest(session_id=found.id)
        done = connection.call(connection.sessions.RestoreSession, request)
    _say([done], "there again", json=json)


def _say(done: list[pb.Session], what: str, *, json: bool) -> None:
    from capture_node.node.words import console_of_command, print_next
    from capture_node.upload.session_words import moment, sessions_json

    if json:
        typer.echo(sessions_json(done))
        return
    console = console_of_command()
    for one in done:
        until = ""
        if one.HasField("restorable_until_unix_ns"):
            until = f"; it can be restored until {moment(one.restorable_until_unix_ns):%Y-%m-%d %H:%M}"
        console.print(f"{one.name} ({one.id}) is {what}{until}.", markup=False)
        if one.HasField("deleted_unix_ns"):
            for dataset in one.datasets:  # a recording that is gone says nothing of what was made of it
                console.print(f"It is still in the dataset {dataset}; to take it out, for good:", markup=False)
                console.print(f"  playloom datasets remove {dataset} --session {one.id}", markup=False)
    if done and done[0].HasField("restorable_until_unix_ns"):
        print_next(console, f"playloom sessions restore {done[0].id}, if that was a mistake")
    else:
        print_next(console, "playloom sessions list")
