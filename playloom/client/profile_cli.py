"""`playloom profile push`, `list` and `delete`: a player's mapping profiles on the server, where datasets are made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from playloom.client.connection import Connection

Player = Annotated[str | None, typer.Option(metavar="NAME", help="For operators: another player's, by name or id.")]


def push(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mapping profiles (YAML).")],
    *,
    player: Player = None,
    access: Access = None,
    as_json: Json = False,
) -> None:
    """Send mapping profiles to the server, so that it can turn your sessions into datasets.

    One of the same game and name that is there already is replaced.
    """
    from playloom.mapping_profile import load_mapping_profile
    from protos import coordinator_pb2 as pb

    for file in files:
        load_mapping_profile(file)  # what is wrong is said here, with its line, and before anything is sent
    with _connected(access, for_another=player is not None) as server:
        kept = [
            server.call(
                server.datasets.PutMappingProfile,
                pb.PutMappingProfileRequest(content=file.read_text(encoding="utf-8-sig"), player=player or ""),
            )
            for file in files
        ]
    if as_json:
        typer.echo(json.dumps([_described(one) for one in kept], indent=2, ensure_ascii=False))
        return
    for one in kept:
        typer.echo(f"{one.player_name}'s profile '{one.profile_name}' for {one.game_id} is on the server.")
    typer.echo("Next: sessions that waited for it: playloom jobs list --state dead, playloom jobs retry JOB")


def list_profiles(
    *,
    player: Player = None,
    game: Annotated[str | None, typer.Option(metavar="GAME", help="Of this game alone.")] = None,
    access: Access = None,
    as_json: Json = False,
) -> None:
    """List the mapping profiles that the server has of you."""
    from protos import coordinator_pb2 as pb

    request = pb.ListMappingProfilesRequest(player=player or "", game_id=game or "")
    with _connected(access, for_another=player is not None) as server:
        found = server.call(server.datasets.ListMappingProfiles, request).profiles
    if as_json:
        typer.echo(json.dumps([_described(one) for one in found], indent=2, ensure_ascii=False))
        return
    if not found:
        typer.echo("The server has no mapping profile.")
        typer.echo("Next: playloom profile push PROFILE.yaml")
        return
    for one in found:
        typer.echo(f"{one.id}  {one.player_name}: {one.profile_name} ({one.game_id})")
    typer.echo("Next: replace one with playloom profile push FILE, or playloom profile delete ID")


def delete(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="Its id, as playloom profile list says.")],
    *,
    access: Access = None,
    as_json: Json = False,
) -> None:
    """Delete a mapping profile from the server; what was made with it stays."""
    from protos import coordinator_pb2 as pb

    with _connected(access) as server:
        gone = server.call(server.datasets.DeleteMappingProfile, pb.DeleteMappingProfileRequest(profile_id=profile))
    if as_json:
        typer.echo(json.dumps(_described(gone), indent=2, ensure_ascii=False))
        return
    typer.echo(f"{gone.player_name}'s profile '{gone.profile_name}' for {gone.game_id} is gone from the server.")
    typer.echo("Next: playloom profile list")


def _described(profile: Any) -> dict[str, Any]:
    return {
        "id": profile.id,
        "player": profile.player_name,
        "game_id": profile.game_id,
        "profile_name": profile.profile_name,
        "content": profile.content,
        "created_unix_ns": profile.created_unix_ns,
    }


@contextmanager
def _connected(access: Path | None, *, for_another: bool = False) -> Iterator[Connection]:
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access, find_operators_access

    found = find_operators_access(access) if for_another else find_access(access)
    with Connection(found.access) as connection:
        yield connection
