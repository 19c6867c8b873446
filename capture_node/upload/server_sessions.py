"""One's own sessions on the server: found, and brought back."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import urllib3

from capture_node.upload.part_sender import CONNECT_S, SILENT_S
from playloom.client.connection import Connection
from playloom.client.errors import NotThereError, ServerError, ServerUnavailableError
from playloom.errors import OutputError, PlayloomError
from playloom.recording.session_info import INFO_FILE
from playloom.recording.session_name import check_session_name
from protos import coordinator_pb2 as pb

PAGE = 200
CHUNK_BYTES = 1 << 20
TRIES = 6

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SESSION_ID = re.compile(r"session_[0-9a-z_]+")


def list_sessions(
    connection: Connection, *, game_id: str = "", player: str = "", deleted: bool = False
) -> Iterator[pb.Session]:
    """Sessions on the server, the newest first, page by page.

    Raises:
        ServerError: it is away or refuses.
    """
    page_token = ""
    while True:
        request = pb.ListRecordedSessionsRequest(
            player=player, game_id=game_id, deleted=deleted, page_size=PAGE, page_token=page_token
        )
        answer = connection.call(connection.sessions.ListSessions, request)
        yield from answer.sessions
        page_token = answer.next_page_token
        if not page_token:
            return


def find_session(connection: Connection, given: str, *, deleted: bool = False) -> pb.Session:
    """A session by its id on the server, or by its name.

    Args:
        connection: with the server.
        given: the id or the name.
        deleted: whether one that is deleted is looked for.

    Raises:
        PlayloomError: none is called so, or several are.
    """
    if _SESSION_ID.fullmatch(given):
        try:
            return connection.call(connection.sessions.GetSession, pb.GetSessionRequest(session_id=given))
        except NotThereError:
            pass  # a directory may be called so too
    found = [one for one in list_sessions(connection, deleted=deleted) if given in (one.name, one.recording_id)]
    if not found:
        words = "deleted session" if deleted else "session"
        which = "playloom sessions list --deleted" if deleted else "playloom sessions list"
        raise PlayloomError(f"the server has no {words} '{given}' of yours", remedy=f"See them: {which}")
    if len(found) > 1:
        ids = ", ".join(one.id for one in found[:5])
        raise PlayloomError(f"{len(found)} sessions are called '{given}'", remedy=f"Name one by its id: {ids}")
    return found[0]


def download_session(
    connection: Connection,
    session: pb.Session,
    root: Path,
    received: Callable[[int], None] = lambda size_bytes: None,
) -> Path:
    """Bring a session back; what had come before an interruption is not fetched again.

    Args:
        connection: with the server.
        session: which.
        root: where its directory, of its own name, shall stand.
        received: told of every piece, and at once of what had come before.

    Raises:
        OutputError: there is something of that name, or it cannot be written.
        ServerError: the server is away, or sends something else than it said.
    """
    output = root / check_session_name(root, session.name)
    if output.exists():
        raise OutputError(output, "is there already", remedy="Choose another directory with --output")
    partial = root / f".{output.name}.partial"
    store = _Store(connection)
    try:
        partial.mkdir(parents=True, exist_ok=True)
        # session.json last: what has it is whole
        for file in sorted(session.files, key=lambda file: (file.name == INFO_FILE, file.name)):
            if not _FILE_NAME.fullmatch(file.name):
                raise ServerError(connection.access.address, f"the server names a file {file.name[:80]!r}")
            store.fetch(session.id, file, partial / file.name, received)
        partial.rename(output)
    except OSError as error:
        raise OutputError(
            output, f"cannot be written: {error.strerror or error}", remedy="Make room, and try again"
        ) from error
    finally:
        store.close()
    return output


class _Store:
    """Where the files come from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        context = ssl.create_default_context()
        if connection.access.authority is not None:
            context.load_verify_locations(cadata=connection.access.authority)
        timeout = urllib3.Timeout(connect=CONNECT_S, read=SILENT_S)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout, ssl_context=context)

    def close(self) -> None:
        self._pool.clear()

    def fetch(self, session_id: str, file: pb.SessionFile, path: Path, received: Callable[[int], None]) -> None:
        there = path.stat().st_size if path.exists() else 0
        received(min(there, file.size_bytes))
        for attempt in range(TRIES):
            try:
                self._go_on(session_id, file, path, received)
                break
            except (urllib3.exceptions.HTTPError, _AgainError) as error:
                if attempt + 1 == TRIES:
                    address = self._connection.access.address
                    raise ServerUnavailableError(
                        address, f"{file.name} does not come whole", remedy="Try again"
                    ) from error
                time.sleep(0.2 * 2**attempt)
        with path.open("rb") as written:
            if hashlib.file_digest(written, "sha256").hexdigest() != file.sha256:
                path.unlink()
                raise ServerError(
                    self._connection.access.address,
                    f"{file.name} came with another SHA-256 than the server says",
                    remedy="Try again; if it stays so, tell the server's operator",
                )

    def _go_on(self, session_id: str, file: pb.SessionFile, path: Path, received: Callable[[int], None]) -> None:
        begin = path.stat().st_size if path.exists() else 0
        if begin > file.size_bytes:
            path.unlink()
            begin = 0
        if begin == file.size_bytes:
            path.touch()
            return
        request = pb.SignDownloadsRequest(session_id=session_id)
        answer = self._connection.call(self._connection.sessions.SignDownloads, request)
        (signed,) = [one for one in answer.files if one.file.name == file.name]
        headers = {**signed.headers, **({"Range": f"bytes={begin}-"} if begin else {})}
        response = self._pool.request("GET", signed.url, headers=headers, preload_content=False, redirect=False)
        try:
            if response.status not in (200, 206):
                raise _AgainError
            with path.open("ab" if response.status == 206 else "wb") as output:
                left = file.size_bytes - output.tell()
                for chunk in response.stream(CHUNK_BYTES, decode_content=False):
                    left -= len(chunk)
                    if left < 0:
                        raise ServerError(
                            self._connection.access.address, f"{file.name} is longer than the server says"
                        )
                    output.write(chunk)
                    received(len(chunk))
            if left:
                raise _AgainError
        finally:
            response.close()


class _AgainError(Exception):
    """It did not come whole, which may be better the next time."""
