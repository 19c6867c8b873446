"""`playloom datasets list|show|versions|sessions|checkpoints`: what there is."""

from __future__ import annotations

from typing import Annotated

import typer

from coordinator.commands.completion import complete_dataset, complete_player
from coordinator.commands.datasets_options import Dataset
from playloom.client.options import Access, Json

SHOWN_VERSIONS = 5

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="So many at most.")]


def list_datasets(*, json: Json = False, access: Access = None) -> None:
    """All datasets, with what is in them and the games that they take."""
    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import print_datasets
    from coordinator.commands.words import console_of_command, plain, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.datasets.ListDatasets, pb.ListDatasetsRequest()).datasets
        every = server.call(server.datasets.ListIngestRules, pb.ListIngestRulesRequest()).rules
    games = {one.name: sorted(rule.game_id for rule in every if rule.dataset == one.name) for one in found}
    if json:
        print_json([plain(one) | {"game_ids": games[one.name]} for one in found])
        return
    console = console_of_command()
    if not found:
        console.print("There is no dataset yet.")
        print_next(console, "playloom datasets create NAME --game GAME.yaml")
        return
    print_datasets(console, found, games)
    print_next(console, f"playloom datasets show {found[0].name}")


def show(dataset: Dataset, *, json: Json = False, access: Access = None) -> None:
    """One dataset: what it is, whose sessions are in it, its latest versions, and what is on its way."""
    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import next_of_dataset, print_dataset, print_shares, print_versions, shares
    from coordinator.commands.pages import dataset_sessions, dataset_versions
    from coordinator.commands.words import console_of_command, plain, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.datasets.GetDataset, pb.GetDatasetRequest(dataset=dataset))
        rules = server.call(server.datasets.ListIngestRules, pb.ListIngestRulesRequest(dataset=found.id)).rules
        latest = list(dataset_versions(server, found.id, SHOWN_VERSIONS))
        by_player = shares(dataset_sessions(server, found.id))
    games = sorted(rule.game_id for rule in rules)
    if json:
        values = {"game_ids": games, "players": [share.values() for share in by_player], "versions": latest}
        print_json(plain(found) | values)
        return
    console = console_of_command()
    print_dataset(console, found, games)
    print_shares(console, by_player)
    print_versions(console, latest)
    print_next(console, next_of_dataset(found, games))


def versions(dataset: Dataset, *, limit: Limit = 50, json: Json = False, access: Access = None) -> None:
    """Its versions, the newest first."""
    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import print_versions
    from coordinator.commands.pages import dataset_versions
    from coordinator.commands.words import console_of_command, print_json, print_next

    with connected(access) as server:
        found = list(dataset_versions(server, dataset, limit))
    if json:
        print_json(found)
        return
    console = console_of_command()
    if not found:
        console.print("It has no version yet.")
        print_next(console, f"playloom datasets show {dataset}")
        return
    print_versions(console, found)
    print_next(console, f"playloom datasets pull {dataset}; or playloom datasets tag {dataset} NAME {found[0].number}")


def sessions(
    dataset: Dataset,
    *,
    player: Annotated[
        str, typer.Option(metavar="PLAYER", help="Of this player only.", autocompletion=complete_player)
    ] = "",
    limit: Limit = 200,
    json: Json = False,
    access: Access = None,
) -> None:
    """Which sessions are in it since which version, wait to enter, or were taken out."""
    from itertools import islice

    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import print_members
    from coordinator.commands.pages import dataset_sessions
    from coordinator.commands.words import console_of_command, print_json, print_next

    with connected(access) as server:
        found = list(islice(dataset_sessions(server, dataset, player), limit + 1))
    more, found = len(found) > limit, found[:limit]
    if json:
        print_json(found)
        return
    console = console_of_command()
    if not found:
        console.print("There is no such session." if player else "No session has come to it yet.")
        print_next(console, f"playloom datasets ingest {dataset}")
        return
    print_members(console, found)
    if more:
        console.print(f"There are more; see them with --limit {10 * limit}.", style="dim")
    print_next(console, f"playloom datasets remove {dataset} --session ID, if one is not to be in it")


def checkpoints(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="That learned from this one.", autocompletion=complete_dataset)
    ] = "",
    *,
    marked: Annotated[
        bool, typer.Option("--marked", help="Only those that learned from what was taken out since.")
    ] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Models that were trained on datasets, and whether they learned from what was taken out since."""
    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import print_checkpoints
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        request = pb.ListCheckpointsRequest(dataset=dataset, marked=marked)
        found = list(server.call(server.datasets.ListCheckpoints, request).checkpoints)
    if json:
        print_json(found)
        return
    console = console_of_command()
    if not found:
        console.print("There is no such checkpoint." if dataset or marked else "No checkpoint is known yet.")
        print_next(console, "playloom datasets list")
        return
    print_checkpoints(console, found)
    some = any(one.HasField("marked_unix_ns") for one in found)
    print_next(
        console,
        "train those that are marked anew, on a version without what was taken out"
        if some
        else "playloom datasets list",
    )
