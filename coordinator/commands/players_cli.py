"""`playloom players`: who plays for this server, and with which machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.commands.completion import complete_player
from playloom.client.options import Access, Json

if TYPE_CHECKING:
    pass

app = typer.Typer(no_args_is_help=True, help="The players of a server: take them in, invite their machines, shut out.")

Name = Annotated[
    str, typer.Argument(metavar="PLAYER", help="A name or an id.", show_default=False, autocompletion=complete_player)
]
Quota = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Room for all sessions of the player, as 200GB; none: no limit.")
]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        metavar="SCOPE",
        help="What the machine's token is good for: player, operator or worker. By default player. May be given again.",
    ),
]
Valid = Annotated[str, typer.Option(metavar="SPAN", help="How long the code is good for: 30min, 24h, 7d.")]
CaTo = Annotated[
    Path | None,
    typer.Option(metavar="PEM", help="Write the certificate of the server's own authority there, for the machine."),
]

CodeOnly = Annotated[
    bool,
    typer.Option("--code", help="Print the code and nothing else, for: … --code | playloom enrol - --server …"),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the player is called.", show_default=False)],
    *,
    quota: Quota = None,
    scope: Scopes = None,
    valid: Valid = "24h",
    ca_to: CaTo = None,
    code: CodeOnly = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Take a player in, and invite a first machine with a code that is good once."""
    from coordinator.commands.access import connected
    from coordinator.commands.inviting import invite_machine
    from coordinator.commands.players_words import invitation_values, print_invitation
    from coordinator.commands.words import console_of_command, plain, print_json
    from playloom.client.finding import find_operators_access
    from playloom.figures import parse_span
    from protos import coordinator_pb2 as pb

    quota_bytes, valid_s = _quota_bytes(quota), parse_span(valid)
    with connected(access) as server:
        request = pb.CreatePlayerRequest(name=name, quota_bytes=quota_bytes or None)
        player = server.call(server.players.CreatePlayer, request)
        invited = invite_machine(server, find_operators_access(access), player.id, scope or [], valid_s, ca_to)
    if json:
        print_json(plain(player) | {"invitation": invitation_values(invited)})
        return
    if code:
        typer.echo(invited.invitation.code)
        return
    console_of_command().print(f"{player.name} is a player now.", markup=False)
    print_invitation(invited)


@app.command()
def invite(
    player: Name,
    *,
    scope: Scopes = None,
    valid: Valid = "24h",
    ca_to: CaTo = None,
    code: CodeOnly = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Make a code with which one more machine of a player comes to have a token."""
    from coordinator.commands.access import connected
    from coordinator.commands.inviting import invite_machine
    from coordinator.commands.players_words import invitation_values, print_invitation
    from coordinator.commands.words import print_json
    from playloom.client.finding import find_operators_access
    from playloom.figures import parse_span

    valid_s = parse_span(valid)
    with connected(access) as server:
        invited = invite_machine(server, find_operators_access(access), player, scope or [], valid_s, ca_to)
    if json:
        print_json(invitation_values(invited))
    elif code:
        typer.echo(invited.invitation.code)
    else:
        print_invitation(invited)


@app.command("list")
def list_players(*, json: Json = False, access: Access = None) -> None:
    """All players, with what they have sent."""
    from coordinator.commands.access import connected
    from coordinator.commands.pages import all_players
    from coordinator.commands.words import ago, console_of_command, print_json, print_next, print_rows
    from playloom.figures import bytes_in_words

    with connected(access) as server:
        players = list(all_players(server))
    if json:
        print_json(players)
        return
    console = console_of_command()
    rows = [
        (
            player.name,
            f"{player.sessions:,}",
            bytes_in_words(player.used_bytes),
            bytes_in_words(player.quota_bytes) if player.HasField("quota_bytes") else "",
            f"{ago(player.created_unix_ns)} ago",
            "disabled" if player.HasField("disabled_unix_ns") else "",
        )
        for player in players
    ]
    print_rows(console, ("player", "sessions", "used", "quota", "since", ""), rows)
    print_next(console, "playloom players show NAME; or playloom players add NAME")


@app.command()
def show(player: Name, *, json: Json = False, access: Access = None) -> None:
    """A player, and the tokens of their machines."""
    from coordinator.commands.access import connected
    from coordinator.commands.players_words import print_tokens, quoted
    from coordinator.commands.words import console_of_command, moment, plain, print_facts, print_json, print_next
    from playloom.figures import bytes_in_words, count_in_words
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.players.GetPlayer, pb.GetPlayerRequest(player=player))
        tokens = server.call(server.players.ListTokens, pb.ListTokensRequest(player=found.id)).tokens
    if json:
        print_json(plain(found) | {"tokens": list(tokens)})
        return
    console = console_of_command()
    quota = f" of {bytes_in_words(found.quota_bytes)}" if found.HasField("quota_bytes") else ""
    facts = [
        ("player", found.name),
        ("id", found.id),
        ("since", moment(found.created_unix_ns)),
        ("sessions", f"{count_in_words(found.sessions, 'session')}, {bytes_in_words(found.used_bytes)}{quota}"),
        ("disabled", f"since {moment(found.disabled_unix_ns)}" if found.HasField("disabled_unix_ns") else ""),
    ]
    print_facts(console, facts)
    print_tokens(tokens)
    print_next(console, f"playloom sessions list --player {quoted(found.name)}")


@app.command()
def update(
    player: Name,
    *,
    quota: Quota = None,
    disable: Annotated[
        bool, typer.Option("--disable", help="Let no token of the player open anything. Sessions stay.")
    ] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Let the tokens be good again.")] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Change a player's quota, shut a player out, or let one in again."""
    from coordinator.commands.access import connected
    from coordinator.commands.players_words import quota_in_words, quoted
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    if disable and enable:
        raise typer.BadParameter("choose one of --disable and --enable")
    if quota is None and not disable and not enable:
        raise typer.BadParameter("what is to change? Give --quota, --disable or --enable")
    request = pb.UpdatePlayerRequest(
        player=player, quota_bytes=_quota_bytes(quota), disabled=disable if disable or enable else None
    )
    with connected(access) as server:
        if disable:
            _see_that_it_is_another(server, player)
        changed = server.call(server.players.UpdatePlayer, request)
    if json:
        print_json(changed)
        return
    console = console_of_command()
    if disable:
        console.print(f"No token of {changed.name} opens anything any more.", markup=False)
    elif enable:
        console.print(f"The tokens of {changed.name} are good again.", markup=False)
    if quota is not None:
        console.print(f"{changed.name} has {quota_in_words(changed)}.", markup=False)
    print_next(console, f"playloom players show {quoted(changed.name)}")


@app.command()
def tokens(player: Name, *, json: Json = False, access: Access = None) -> None:
    """The tokens of a player's machines, the newest first; never their secrets."""
    from coordinator.commands.access import connected
    from coordinator.commands.players_words import print_tokens
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.players.ListTokens, pb.ListTokensRequest(player=player)).tokens
    if json:
        print_json(list(found))
        return
    print_tokens(found)
    print_next(console_of_command(), "playloom players revoke TOKEN, for a machine that is lost")


@app.command()
def revoke(
    token: Annotated[list[str], typer.Argument(metavar="TOKEN...", help="Their ids, see tokens.", show_default=False)],
    *,
    own: Annotated[bool, typer.Option("--own", help="Even the token that this command uses itself.")] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Let tokens open nothing any more; the machines need a new invitation."""
    from coordinator.commands.access import connected
    from coordinator.commands.players_words import quoted
    from coordinator.commands.words import console_of_command, print_json, print_next
    from playloom.errors import PlayloomError
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        if not own and server.call(server.players.WhoAmI, pb.WhoAmIRequest()).token_id in token:
            raise PlayloomError("that is the token of this very command", remedy="If it is to go, add --own")
        revoked = [server.call(server.players.RevokeToken, pb.RevokeTokenRequest(token_id=one)) for one in token]
    if json:
        print_json(revoked)
        return
    console = console_of_command()
    for one in revoked:
        console.print(f"'{one.label}' of {one.player_name} opens nothing any more.", markup=False)
    print_next(console, f"playloom players invite {quoted(revoked[0].player_name)}, when the machine is to come back")


def _see_that_it_is_another(server, player: str) -> None:
    """Whoever disables themselves has locked the door from outside."""
    from playloom.errors import PlayloomError
    from protos import coordinator_pb2 as pb

    caller = server.call(server.players.WhoAmI, pb.WhoAmIRequest())
    found = server.call(server.players.UpdatePlayer, pb.UpdatePlayerRequest(player=player))
    if found.id == caller.player_id:
        raise PlayloomError(
            f"{found.name} is you: afterwards nobody could undo it", remedy="Let another operator do that"
        )


def _quota_bytes(text: str | None) -> int | None:
    """0 takes a quota away; None leaves it as it is."""
    from playloom.errors import PlayloomError
    from playloom.figures import parse_size

    if text is None:
        return None
    if text.strip().lower() == "none":
        return 0
    quota_bytes = parse_size(text)
    if quota_bytes < 1:
        raise PlayloomError("a quota of nothing keeps everything out", remedy="Write --quota none, or use --disable")
    return quota_bytes
