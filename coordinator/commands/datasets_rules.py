"""`playloom datasets rules`: whose sessions are queued for a dataset by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from coordinator.commands.completion import complete_dataset
from coordinator.commands.datasets_options import Dataset
from playloom.client.options import Access, Json

rules = typer.Typer(no_args_is_help=True, help="Which games' sessions are queued for a dataset by themselves.")


@rules.command("list")
def list_rules(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Of this one only.", autocompletion=complete_dataset)
    ] = "",
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """The rules, by dataset and game."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next, print_rows
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = list(server.call(server.datasets.ListIngestRules, pb.ListIngestRulesRequest(dataset=dataset)).rules)
    if json:
        print_json(found)
        return
    console = console_of_command()
    if not found:
        console.print("There is no rule yet.")
        print_next(console, "playloom datasets rules add DATASET GAME_ID")
        return
    print_rows(console, ("rule", "dataset", "takes"), [(rule.id, rule.dataset, rule.game_id) for rule in found])
    print_next(console, "playloom datasets rules add DATASET GAME_ID, or remove RULE")


@rules.command("add")
def add_rule(
    dataset: Dataset,
    game: Annotated[str, typer.Argument(metavar="GAME_ID", help="As its definition calls it.", show_default=False)],
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """Queue every session of a game for a dataset, from now on."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        rule = server.call(server.datasets.AddIngestRule, pb.AddIngestRuleRequest(dataset=dataset, game_id=game))
    if json:
        print_json(rule)
        return
    console = console_of_command()
    console.print(
        f"Sessions of {rule.game_id} that are finished from now on are queued for {rule.dataset}.", markup=False
    )
    print_next(console, f"playloom datasets ingest {rule.dataset}, for those that are there already")


@rules.command("remove")
def remove_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, see list.", show_default=False)],
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """Remove a rule; what it has queued stays."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        removed = server.call(server.datasets.RemoveIngestRule, pb.RemoveIngestRuleRequest(rule_id=rule))
    if json:
        print_json(removed)
        return
    console = console_of_command()
    console.print(f"{removed.dataset} takes {removed.game_id} no longer.", markup=False)
    print_next(console, "playloom datasets rules list")
