"""`playloom nodes`: the gaming PCs of a server, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.commands.completion import complete_dataset, complete_node, complete_player
from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from protos import coordinator_pb2 as pb

app = typer.Typer(
    no_args_is_help=True,
    help="The gaming PCs that are connected with a server: see how they are, and tell them to record.",
)

Node = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="A name, PLAYER/NAME where several have it, or an id.",
        show_default=False,
        autocompletion=complete_node,
    ),
]


@app.command("list")
def list_nodes(
    *,
    player: Annotated[
        str, typer.Option(metavar="PLAYER", help="Of this player only.", autocompletion=complete_player)
    ] = "",
    json: Json = False,
    access: Access = None,
) -> None:
    """The PCs, whether they are connected, and what they do. Players see their own, operators everyone's."""
    from coordinator.commands.access import connected
    from coordinator.commands.nodes_words import print_nodes
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        nodes = list(server.call(server.nodes.ListNodes, pb.ListNodesRequest(player=player)).nodes)
    if json:
        print_json(nodes)
        return
    console = console_of_command()
    if not nodes:
        console.print("No machine has enrolled yet.")
        print_next(console, "playloom players add NAME, which prints what to type on the machine")
        return
    print_nodes(console, nodes)
    print_next(console, "playloom nodes start NODE")


@app.command()
def start(
    node: Node,
    *,
    window: Annotated[
        str | None,
        typer.Option("--window", "-w", metavar="TITLE", help="A window there, by a part of its title."),
    ] = None,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Size, rate and quality of the video.")] = None,
    game: Annotated[str | None, typer.Option(metavar="GAME_ID", help="The game, as its definition calls it.")] = None,
    task: Annotated[str | None, typer.Option(metavar="TEXT", help="What the player is trying to do.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Record as this dataset asks for it: with its capture profile, and its game where it has one.",
            autocompletion=complete_dataset,
        ),
    ] = None,
    json: Json = False,
    access: Access = None,
) -> None:
    """Let a PC begin to record; what is left open is as its node.yaml says."""
    from protos import coordinator_pb2 as pb

    if dataset is not None:
        wished_profile, wished_game = _wish_of(dataset, access)
        profile, game = profile or wished_profile, game or wished_game
    order = pb.StartOrder(window=window, profile=profile, game_id=game, task=task)
    _tell(node, pb.CommandRequest(start=order), "records", f"playloom nodes stop {node}", json=json, access=access)


@app.command()
def stop(node: Node, *, json: Json = False, access: Access = None) -> None:
    """Let a PC end its recording in good order."""
    from protos import coordinator_pb2 as pb

    _tell(
        node,
        pb.CommandRequest(stop=pb.StopOrder()),
        "has stopped; what it recorded is sent by itself",
        "playloom sessions list",
        json=json,
        access=access,
    )


@app.command()
def mark(
    node: Node,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say about it.")] = "",
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """Note this moment in the session that a PC records."""
    from protos import coordinator_pb2 as pb

    request = pb.CommandRequest(mark=pb.MarkOrder(text=text))
    _tell(node, request, "has marked this moment", f"playloom nodes stop {node}", json=json, access=access)


def _wish_of(dataset: str, access: Access) -> tuple[str | None, str | None]:
    """The capture profile that a dataset asks for, and the game if it takes exactly one."""
    from coordinator.commands.access import connected
    from playloom.documents import document_in
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        wish = document_in(server.call(server.datasets.GetDataset, pb.GetDatasetRequest(dataset=dataset)).wish)
        rules = server.call(server.datasets.ListIngestRules, pb.ListIngestRulesRequest(dataset=dataset)).rules
    profile = wish.get("capture_profile")
    return (profile if isinstance(profile, str) else None), (rules[0].game_id if len(rules) == 1 else None)


def _tell(node: str, request: pb.CommandRequest, done: str, following: str, *, json: bool, access: Access) -> None:
    from coordinator.commands.access import connected
    from coordinator.commands.naming import find_node
    from coordinator.commands.words import console_of_command, print_json, print_next
    from playloom.errors import PlayloomError

    with connected(access) as server:
        found = find_node(server, node)
        request.node_id = found.id
        # Not asked twice: an order whose answer was lost may have been carried out.
        answer = server.call(server.nodes.Command, request, timeout_s=ORDER_S, patience_s=0).answer
    if json:
        print_json({"node_id": found.id, "node": found.name, "done": answer.done, "problem": answer.problem or None})
    if not answer.done:
        if json:
            raise typer.Exit(1)
        raise PlayloomError(
            f"{found.name} of {found.player_name} refuses: {answer.problem or 'it gave no reason'}",
            remedy="See how it is: playloom nodes list",
        )
    if not json:
        console = console_of_command()
        console.print(f"{found.name} of {found.player_name} {done}.", markup=False)
        print_next(console, following)


ORDER_S = 70.0
"""Stopping waits until files are whole; the server itself gives up after a minute."""
