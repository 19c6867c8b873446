"""What the shell offers when Tab is pressed: names and ids, asked of the server. It stays silent where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from playloom.errors import PlayloomError

if TYPE_CHECKING:
    from playloom.client.connection import Connection

ANSWER_S = 2.0
"""Whoever presses Tab waits no longer."""

OFFERED_JOBS = 100


def complete_player(incomplete: str) -> list[str]:
    """Players' names, for operators."""
    from protos import coordinator_pb2 as pb

    def ask(server: Connection) -> Iterator[str]:
        request = pb.ListPlayersRequest(page_size=500)
        for player in server.call(server.players.ListPlayers, request, timeout_s=ANSWER_S).players:
            yield player.name

    return _asked(ask, incomplete)


def complete_node(incomplete: str) -> list[str]:
    """Nodes' names."""
    from protos import coordinator_pb2 as pb

    def ask(server: Connection) -> Iterator[str]:
        for node in server.call(server.nodes.ListNodes, pb.ListNodesRequest(), timeout_s=ANSWER_S).nodes:
            yield node.name

    return _asked(ask, incomplete)


def complete_job(incomplete: str) -> list[str]:
    """The latest jobs' ids."""
    from protos import coordinator_pb2 as pb

    def ask(server: Connection) -> Iterator[str]:
        request = pb.ListJobsRequest(page_size=OFFERED_JOBS)
        for job in server.call(server.jobs.ListJobs, request, timeout_s=ANSWER_S).jobs:
            yield job.id

    return _asked(ask, incomplete)


def complete_dataset(incomplete: str) -> list[str]:
    """Datasets' names."""
    from protos import coordinator_pb2 as pb

    def ask(server: Connection) -> Iterator[str]:
        for dataset in server.call(server.datasets.ListDatasets, pb.ListDatasetsRequest(), timeout_s=ANSWER_S).datasets:
            yield dataset.name

    return _asked(ask, incomplete)


def _asked(ask, incomplete: str) -> list[str]:
    from playloom.client.connection import Connection
    from playloom.client.finding import find_operators_access

    try:
        with Connection(find_operators_access().access, patience_s=0) as server:
            return sorted({one for one in ask(server) if one.startswith(incomplete)})
    except PlayloomError:
        return []
