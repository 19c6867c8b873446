"""A dataset on its server: its versions, and its objects by permissions of the server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import urllib3

from playloom.client.connection import Connection
from playloom.client.errors import ServerError, ServerUnavailableError
from playloom.manifest.reading import read_version
from playloom.manifest.version import DatasetVersion
from protos import coordinator_pb2 as pb

CONNECTIONS = 8
CONNECT_S, READ_S = 10.0, 60.0
RETRIES = 6
SIGNED_AT_ONCE = 256
CHUNK_BYTES = 1 << 20

_RETRIES = urllib3.Retry(
    total=RETRIES,
    backoff_factor=0.3,
    backoff_jitter=0.5,
    backoff_max=10,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)


@dataclass(frozen=True, kw_only=True)
class Permission:
    """To read one object, for a short while. Attributes: url: to be kept secret."""

    url: str
    headers: Mapping[str, str]


class RemoteDataset(Protocol):
    """A dataset that a version is pulled from: a server's, or one in a store whose keys are at hand.

    Attributes:
        address: where, for errors.
    """

    @property
    def address(self) -> str: ...

    def version(self, version: str = "") -> Any:
        """A version by number or tag, or the newest."""
        ...

    def versions(self) -> Iterator[Any]:
        """All that can be read."""
        ...

    def manifest(self, version: Any) -> DatasetVersion: ...

    def fetch(self, key: str) -> bytes:
        """A small object's content."""
        ...

    def permissions(self, keys: Sequence[str]) -> Mapping[str, Permission]:
        """Permissions to read objects, by their keys."""
        ...

    def stream(self, permission: Permission, begin: int = 0) -> Iterator[bytes]:
        """An object's content from byte ``begin`` on, piece by piece."""
        ...


class ServerDataset:
    """A dataset on its server. Any thread may call; a context manager.

    Attributes:
        name: of the dataset.
        address: of the server.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        """Nothing is sent yet.

        Args:
            connection: with the server; stays open as long as this is used.
            name: an id or a name.
        """
        self.name = name
        self.address = connection.access.address
        self._connection = connection
        self._http = _http(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.clear()

    def version(self, version: str = "") -> Any:
        """The server's word on a version: a number, a tag, or the newest.

        Raises:
            NotThereError: there is none.
        """
        request = pb.GetVersionRequest(dataset=self.name, version=version)
        return self._connection.call(self._connection.datasets.GetVersion, request)

    def versions(self) -> Iterator[Any]:
        """All that can be read, the newest first."""
        page_token = ""
        while True:
            request = pb.ListVersionsRequest(dataset=self.name, page_size=200, page_token=page_token)
            answer = self._connection.call(self._connection.datasets.ListVersions, request)
            yield from answer.versions
            page_token = answer.next_page_token
            if not page_token:
                return

    def manifest(self, version: Any) -> DatasetVersion:
        """The manifest of a version.

        Raises:
            ManifestError: it is damaged, or none.
            ServerError: it cannot be had.
        """
        return read_version(self.fetch, version.manifest_key, version.manifest_sha256)

    def fetch(self, key: str) -> bytes:
        """A small object's content.

        Raises:
            ServerError: it cannot be had.
        """
        return b"".join(self.stream(self.permissions([key])[key]))

    def permissions(self, keys: Sequence[str]) -> dict[str, Permission]:
        """Permissions to read objects, by their keys."""
        signed: dict[str, Permission] = {}
        for start in range(0, len(keys), SIGNED_AT_ONCE):
            request = pb.SignDatasetObjectsRequest(dataset=self.name, keys=keys[start : start + SIGNED_AT_ONCE])
            answer = self._connection.call(self._connection.datasets.SignDatasetObjects, request)
            signed |= {one.key: Permission(url=one.url, headers=dict(one.headers)) for one in answer.objects}
        return signed

    def stream(self, permission: Permission, begin: int = 0) -> Iterator[bytes]:
        """An object's content from byte ``begin`` on, piece by piece.

        Raises:
            ServerError: the store refuses (the permission may have expired), or has no such object.
            ServerUnavailableError: it is away, or broke off.
        """
        headers = dict(permission.headers) | ({"Range": f"bytes={begin}-"} if begin else {})
        try:
            answer = self._http.request("GET", permission.url, headers=headers, preload_content=False)
            try:
                if answer.status not in (200, 206):
                    raise ServerError(
                        self.address,
                        f"the store behind {self.address} answers {answer.status} to a download",
                        remedy="Try again; if it stays so, tell the operator",
                    )
                if begin and answer.status != 206:
                    raise ServerError(self.address, "the store sends whole objects only")
                yield from answer.stream(CHUNK_BYTES)
            finally:
                answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise ServerUnavailableError(
                self.address,
                f"the store behind {self.address} cannot be read ({type(reason).__name__})",
                remedy="Try again: what has come is kept",
            ) from error


def _http(connection: Connection) -> urllib3.PoolManager:
    context = ssl.create_default_context()
    if connection.access.authority is not None:
        context.load_verify_locations(cadata=connection.access.authority)
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        retries=_RETRIES,
        maxsize=CONNECTIONS,
        ssl_context=context,
    )
