"""The HTTP port: whether the server is well, its figures, and what others mount on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from coordinator.errors import UnauthenticatedError
from coordinator.http.objects import add_object_routes
from coordinator.ids import new_id
from coordinator.logs import say
from coordinator.rpc.context import CurrentCall, ServerContext, current_call
from playloom.objects.directory_store import DirectoryStore

HEALTH_S = 2.0
"""A database that takes longer is not well."""

MAX_BODY_BYTES = 1 << 20
"""Of requests whose handlers read them at once; those that take parts read streams."""

_SCHEME = "Bearer "

_log = logging.getLogger("coordinator.http")

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(context: ServerContext, *, open_figures: bool) -> web.Application:
    """The application of one server.

    Args:
        context: the server's.
        open_figures: whether /metrics needs no operator's token, because the port is on loopback.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_logged])

    async def healthz(_: web.Request) -> web.Response:
        """Answers 200 where calls would be answered, else 503."""
        if context.draining.is_set():
            return web.json_response({"status": "draining"}, status=503)
        try:
            async with asyncio.timeout(HEALTH_S), context.database.read() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):  # a timeout is an OSError
            return web.json_response({"status": "the database does not answer"}, status=503)
        return web.json_response({"status": "ok"})

    async def metrics(request: web.Request) -> web.Response:
        if not open_figures and not await _is_operator(context, request):
            return web.Response(
                status=401, text="an operator's token is needed\n", headers={"WWW-Authenticate": "Bearer"}
            )
        return web.Response(
            body=generate_latest(context.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    if context.signer is not None:
        assert isinstance(context.store, DirectoryStore), "any other store signs its own URLs"
        add_object_routes(app, context.store, context.signer)
    return app


async def _is_operator(context: ServerContext, request: web.Request) -> bool:
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        return False
    try:
        return (await context.authenticator.caller(header.removeprefix(_SCHEME))).is_operator
    except UnauthenticatedError:
        return False


@web.middleware
async def _logged(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Logs each request without its query, which may permit something."""
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    request_id = new_id("request")
    current_call.set(CurrentCall(request_id=request_id))
    status = 0  # the client has gone
    try:
        response = await handler(request)
        status = response.status
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        return response
    except web.HTTPException as answer:
        status = answer.status
        raise
    except Exception:  # noqa: BLE001 (whatever it is, it ends here: the caller is told the request's id only)
        _log.exception("a request failed")
        status = 500
        return web.json_response({"error": f"the coordinator has failed (request {request_id})"}, status=500)
    finally:
        quiet = status == 200 and request.path in ("/healthz", "/metrics")
        say(
            _log,
            logging.DEBUG if quiet else logging.INFO,
            "request",
            method=request.method,
            path=request.path[:500],
            status=status,
            ms=round((loop.time() - begin_s) * 1000, 3),
            peer=request.remote,
        )
