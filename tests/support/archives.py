"""Archives for the coordinator's tests: SQLite and a directory, or a real PostgreSQL and a real Ceph."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from coordinator.clock import SECOND_NS
from coordinator.database.engine import Database
from coordinator.database.tables import players
from coordinator.players.scopes import Caller, Scope
from coordinator.sessions.archive import Archive
from coordinator.sessions.session import Session
from coordinator.uploads.begin import UploadRequest, begin_upload
from coordinator.uploads.contents import NamedFile
from coordinator.uploads.finish import finish_upload
from coordinator.uploads.upload import Upload
from playloom.objects.open_store import open_store
from playloom.objects.signed_urls import UrlSigner
from tests.support.ceph_rgw import CephGateway
from tests.support.databases import with_database

KINDS = ("embedded", "servers")
SIGNER = UrlSigner("http://127.0.0.1:1/objects", bytes(32))


@dataclass(frozen=True, kw_only=True)
class ArchivePlace:
    """Attributes: database, store: addresses."""

    database: str
    store: str


@dataclass
class Time:
    """A clock that a test sets."""

    now_ns: int = 1_800_000_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns

    def passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)


def _player(name: str, *scopes: Scope) -> Caller:
    return Caller(
        player_id=f"player_{name:0>26}",
        player_name=name,
        scopes=frozenset(scopes),
        token_id=f"token_{name:0>26}",
        node_id=None,
    )


ADA, BOB = _player("ada", Scope.PLAYER), _player("bob", Scope.PLAYER)
OPERATOR, WORKER = _player("eve", Scope.OPERATOR), _player("worker", Scope.WORKER)


def new_bucket(gateway: CephGateway) -> str:
    """The address of an empty bucket."""
    from minio import Minio

    bucket = f"bucket-{secrets.token_hex(6)}"
    keys = gateway.environment
    client = Minio(
        gateway.endpoint.removeprefix("http://"),
        access_key=keys["MINIO_ACCESS_KEY"],
        secret_key=keys["MINIO_SECRET_KEY"],
        secure=False,
    )
    client.make_bucket(bucket)
    return f"s3://{bucket}?endpoint={gateway.endpoint}"


def with_archive[T](
    place: ArchivePlace,
    work: Callable[[Archive, Time], Awaitable[T]],
    *,
    quota_bytes: int | None = None,
    part_bytes: int = 5 << 20,
    signer: UrlSigner = SIGNER,
) -> T:
    """Open an archive with four players and run ``work`` on it. The quota is Ada's."""

    async def prepared(database: Database) -> T:
        async with database.write() as connection:
            rows = [
                {
                    "id": each.player_id,
                    "name": each.player_name,
                    "name_key": each.player_name,
                    "quota_bytes": quota_bytes if each is ADA else None,
                    "created_unix_ns": 1,
                }
                for each in (ADA, BOB, OPERATOR, WORKER)
            ]
            await connection.execute(insert(players), rows)
        time = Time()
        store = open_store(place.store, signer=signer)
        return await work(Archive(database=database, store=store, clock=time, part_bytes=part_bytes), time)

    return with_database(place.database, prepared)


def read_files(session: Path) -> dict[str, bytes]:
    """A session's files by name."""
    return {path.name: path.read_bytes() for path in sorted(session.iterdir()) if not path.name.startswith(".")}


def named(files: dict[str, bytes]) -> list[NamedFile]:
    return [
        NamedFile(name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    ]


def send(archive: Archive, upload: Upload, files: dict[str, bytes]) -> None:
    """Put all parts of these files into the store, as a node does by signed URLs."""
    for name, content in files.items():
        file = upload.file(name)
        for number, begin in enumerate(range(0, len(content), upload.part_bytes), start=1):
            part = content[begin : begin + upload.part_bytes]
            archive.store.put_part(file.object_key, file.store_upload_id, number, part)


async def upload_session(
    archive: Archive, caller: Caller, files: dict[str, bytes], *, recording_id: str = "session"
) -> Session:
    """The whole way of a recording."""
    request = UploadRequest(recording_id=recording_id, name=recording_id, files=tuple(files))
    upload = await begin_upload(archive, caller, request)
    send(archive, upload, files)
    return await finish_upload(archive, caller, upload.id, named(files))
