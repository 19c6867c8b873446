"""Lists that come a page at a time, from beginning to end."""

from __future__ import annotations

from collections.abc import Iterator

from playloom.client.connection import Connection
from playloom.client.errors import TokenRefusedError
from protos import coordinator_pb2 as pb

PAGE = 500


def all_players(server: Connection) -> Iterator[pb.Player]:
    """Every player, by name; for operators."""
    request = pb.ListPlayersRequest(page_size=PAGE)
    while True:
        answer = server.call(server.players.ListPlayers, request)
        yield from answer.players
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def player_names(server: Connection) -> dict[str, str]:
    """Players' names by id, for operators; nobody else is told any."""
    try:
        return {player.id: player.name for player in all_players(server)}
    except TokenRefusedError:
        return {}


def some_jobs(server: Connection, request: pb.ListJobsRequest, limit: int) -> Iterator[pb.Job]:
    """The jobs that are asked for, the newest first, so many at most."""
    left = limit
    while left > 0:
        request.page_size = min(left, PAGE)
        answer = server.call(server.jobs.ListJobs, request)
        yield from answer.jobs
        left -= len(answer.jobs)
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def dataset_versions(server: Connection, dataset: str, limit: int) -> Iterator[pb.DatasetVersion]:
    """A dataset's versions, the newest first, so many at most."""
    request, left = pb.ListVersionsRequest(dataset=dataset), limit
    while left > 0:
        request.page_size = min(left, PAGE)
        answer = server.call(server.datasets.ListVersions, request)
        yield from answer.versions
        left -= len(answer.versions)
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def dataset_sessions(server: Connection, dataset: str, player: str = "") -> Iterator[pb.DatasetSession]:
    """The sessions that a dataset knows of, or one player's of them, the oldest first."""
    request = pb.ListDatasetSessionsRequest(dataset=dataset, player=player, page_size=PAGE)
    while True:
        answer = server.call(server.datasets.ListDatasetSessions, request)
        yield from answer.sessions
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token
