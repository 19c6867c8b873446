"""Sends a part by HTTP to where a signed URL says. URLs are permissions: no error and no log names one."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from capture_node.upload.bandwidth import Bandwidth
from playloom.errors import PlayloomError

CONNECT_S = 10.0
SILENT_S = 60.0
"""A line or a server that says nothing for so long is given up."""

PIECE_BYTES = 1 << 20

MAX_ANSWER_BYTES = 64 << 10


_WORDS = {
    408: "the line is too slow for the store (it answered with 408)",
    503: "the store is busy (it answered with 503)",
    507: "the store has no room left, or its disk fails (it answered with 507)",
}

_NO_ROOM = 507


class UploadStoppedError(PlayloomError):
    """Sending was stopped from here."""

    def __init__(self) -> None:
        super().__init__("sending was stopped", remedy="It goes on where it was: playloom upload")


class PartRefusedError(PlayloomError):
    """The permission to write a part is good no longer, or never was."""


class PartFailedError(PlayloomError):
    """A part did not arrive; again may help."""


class UploadLostError(PlayloomError):
    """The store knows nothing of this upload any more."""


class _PatientHttp(HTTPConnection):
    """Waits so long for a connection to be made, and longer for a slow line to take what is sent."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(SILENT_S)


class _PatientHttps(HTTPSConnection):
    """The same with TLS."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(SILENT_S)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PatientHttp  # pyright: ignore[reportAssignmentType]


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PatientHttps  # pyright: ignore[reportAssignmentType]


class PartSender:
    """Sends parts from several threads over lasting connections.

    Args:
        authority: PEM certificates that are trusted besides the system's.
        bandwidth: shared by all.
        parts_at_once: how many threads send.
    """

    def __init__(self, authority: str | None, bandwidth: Bandwidth, *, parts_at_once: int) -> None:
        context = ssl.create_default_context()
        if authority is not None:
            context.load_verify_locations(cadata=authority)
        self._bandwidth = bandwidth
        self._pool = urllib3.PoolManager(
            maxsize=parts_at_once,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_S, read=SILENT_S),
            ssl_context=context,
        )
        self._pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def close(self) -> None:
        self._pool.clear()

    def put(
        self,
        url: str,
        content: bytes | memoryview,
        *,
        headers: Mapping[str, str],
        stopped: Callable[[], bool],
        sent: Callable[[int], None],
    ) -> None:
        """Send one part.

        Args:
            url: the permission.
            content: the part.
            headers: that belong to the permission, and the sum with which alone the store takes it.
            stopped: ends the sending, between two pieces.
            sent: told of every piece that has left this machine.

        Raises:
            UploadStoppedError: by ``stopped``.
            PartRefusedError, PartFailedError, UploadLostError: it did not arrive.
        """
        fields = {**headers, "Content-Length": str(len(content))}
        body = _pieces(content, self._bandwidth, stopped, sent)
        try:
            answer = self._pool.request(
                "PUT", url, body=cast("Iterator[bytes]", body), headers=fields, redirect=False, preload_content=False
            )
            status = answer.status
            said = answer.read(MAX_ANSWER_BYTES)
            answer.drain_conn()
            answer.release_conn()
        except urllib3.exceptions.SSLError as error:
            raise PartFailedError("the store does not show a certificate that is trusted here") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise PartFailedError(f"the line to the store was cut ({type(error).__name__})") from None
        if status < 300:
            return
        if status == 403 or (status == 400 and b"Expired" in said):
            raise PartRefusedError("the store does not accept the permission")
        if status == 404:
            raise UploadLostError("the store does not know the upload")
        remedy = "Tell the server's operator" if status == _NO_ROOM else None
        raise PartFailedError(_WORDS.get(status, f"the store answered with {status}"), remedy=remedy)


def _pieces(
    content: bytes | memoryview, bandwidth: Bandwidth, stopped: Callable[[], bool], sent: Callable[[int], None]
) -> Iterator[memoryview]:
    """The content piece by piece, as fast as it may leave."""
    size = bandwidth.piece_bytes or PIECE_BYTES
    whole = memoryview(content)
    for begin in range(0, len(content), size):
        if stopped():
            raise UploadStoppedError
        piece = whole[begin : begin + size]
        bandwidth.take(len(piece))
        yield piece
        sent(len(piece))
