"""The HTTP server: its port and its end."""

from __future__ import annotations

import socket
import ssl

from aiohttp import web

from coordinator.tls.certificate import Certificate
from playloom.listen_address import AddressError, ListenAddress

IDLE_S = 30.0
"""A connection that sends no whole request for so long is closed."""

BACKLOG = 128

READ_BYTES = 1 << 19
"""So much of a body is read ahead while what came before is written: a connection has twice as much at most."""


def bind(address: ListenAddress) -> tuple[socket.socket, ListenAddress]:
    """Take the port; nobody is answered yet.

    Raises:
        AddressError: it is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listening = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        problem = "the port is taken, or the address is not this machine's"
        raise AddressError(str(address), problem, remedy="Choose another port; 0 takes any that is free") from error
    return listening, ListenAddress(host=address.host, port=listening.getsockname()[1])


class HttpServer:
    """Answers requests from `start` to `drain`.

    Args:
        app: what answers them.
        listening: the port, see `bind`.
        certificate: for TLS.
        grace_s: requests that run have so long to end when the server does.
    """

    def __init__(
        self, app: web.Application, listening: socket.socket, certificate: Certificate | None, *, grace_s: float
    ) -> None:
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=IDLE_S,
            handle_signals=False,
            shutdown_timeout=grace_s,
            read_bufsize=READ_BYTES,
        )
        self._listening, self._certificate = listening, certificate

    async def start(self) -> None:
        await self._runner.setup()
        context = None
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._certificate.file, self._certificate.key_file)
        await web.SockSite(self._runner, self._listening, ssl_context=context).start()

    async def drain(self) -> None:
        """Take no more requests, and let those that run come to their end."""
        await self._runner.cleanup()
