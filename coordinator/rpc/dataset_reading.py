"""Calls about datasets that everyone may make who has a token: reading."""

from __future__ import annotations

from coordinator.datasets.dataset import find_dataset, list_datasets
from coordinator.datasets.figures import dataset_figures
from coordinator.datasets.members import PAGE_LIMIT as MEMBERS_LIMIT
from coordinator.datasets.members import list_members
from coordinator.datasets.signing import sign_objects
from coordinator.datasets.version import PAGE_LIMIT, get_version, list_versions, see_readable
from coordinator.errors import InvalidError
from coordinator.ids import is_id
from coordinator.players.player import find_player
from coordinator.players.scopes import Scope
from coordinator.rpc.context import CallContext, caller_of
from coordinator.rpc.dataset_calls import DatasetCalls
from coordinator.rpc.dataset_messages import dataset_message, member_message, version_message
from protos import coordinator_pb2 as pb

DEFAULT_PAGE = 50


class DatasetReading(DatasetCalls):
    async def ListDatasets(  # noqa: N802
        self, request: pb.ListDatasetsRequest, context: CallContext
    ) -> pb.ListDatasetsResponse:
        async with self._database.read() as connection:
            found = await list_datasets(connection)
            figures = await dataset_figures(connection)
        return pb.ListDatasetsResponse(datasets=[dataset_message(one, figures.get(one.id)) for one in found])

    async def GetDataset(self, request: pb.GetDatasetRequest, context: CallContext) -> pb.Dataset:  # noqa: N802
        async with self._database.read() as connection:
            found = await find_dataset(connection, request.dataset)
            figures = await dataset_figures(connection, found)
        return dataset_message(found, figures.get(found.id))

    async def ListVersions(  # noqa: N802
        self, request: pb.ListVersionsRequest, context: CallContext
    ) -> pb.ListVersionsResponse:
        limit = min(request.page_size or DEFAULT_PAGE, PAGE_LIMIT)
        before = _page_number(request.page_token)
        async with self._database.read() as connection:
            dataset = await find_dataset(connection, request.dataset)
            found = await list_versions(connection, dataset, limit=limit + 1, before=before)
        more = str(found[limit - 1].number) if len(found) > limit else ""
        return pb.ListVersionsResponse(versions=map(version_message, found[:limit]), next_page_token=more)

    async def GetVersion(self, request: pb.GetVersionRequest, context: CallContext) -> pb.DatasetVersion:  # noqa: N802
        async with self._database.read() as connection:
            dataset = await find_dataset(connection, request.dataset)
            found = await get_version(connection, dataset, request.version)
        if Scope.WORKER not in caller_of(context).scopes:  # who builds versions asks what became of theirs
            see_readable(found)
        return version_message(found)

    async def SignDatasetObjects(  # noqa: N802
        self, request: pb.SignDatasetObjectsRequest, context: CallContext
    ) -> pb.SignDatasetObjectsResponse:
        signed = await sign_objects(self._archive, request.dataset, request.keys)
        return pb.SignDatasetObjectsResponse(
            objects=[
                pb.SignedObject(key=key, url=one.url, headers=one.headers, expires_unix_ns=one.expires_unix_s * 10**9)
                for key, one in zip(request.keys, signed, strict=True)
            ]
        )

    async def ListDatasetSessions(  # noqa: N802
        self, request: pb.ListDatasetSessionsRequest, context: CallContext
    ) -> pb.ListDatasetSessionsResponse:
        limit = min(request.page_size or DEFAULT_PAGE, MEMBERS_LIMIT)
        after = request.page_token
        if after and not is_id(after, "session"):
            raise _no_page()
        async with self._database.read() as connection:
            dataset = await find_dataset(connection, request.dataset)
            player_id = (await find_player(connection, request.player)).id if request.player else None
            found = await list_members(connection, dataset, player_id=player_id, limit=limit + 1, after=after)
        more = found[limit - 1].session_id if len(found) > limit else ""
        return pb.ListDatasetSessionsResponse(sessions=map(member_message, found[:limit]), next_page_token=more)


def _page_number(page: str) -> int | None:
    if not page:
        return None
    if not (page.isascii() and page.isdigit() and len(page) < 19):
        raise _no_page()
    return int(page)


def _no_page() -> InvalidError:
    return InvalidError("page_token", "it is of no page", remedy="Begin with the first page")
