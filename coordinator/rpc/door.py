"""What stands before every call: one interceptor, because what it does has an order.

A call gets its request id; the table says what it needs; its token says who calls; the limits say whether it is too
much; then the service's method runs, for so long at most. However it ends, that is counted and logged, and the caller
is told no more than `coordinator.rpc.failures` says.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError, Message

from coordinator.errors import ForbiddenError, InvalidError, LimitError, UnauthenticatedError
from coordinator.ids import new_id
from coordinator.logs import say
from coordinator.players.scopes import Caller
from coordinator.rpc.access import METHODS, MethodRule
from coordinator.rpc.authenticator import Authenticator
from coordinator.rpc.context import CallContext, CurrentCall, current_call
from coordinator.rpc.documents import check_message
from coordinator.rpc.failures import Failure, failure_of
from coordinator.rpc.limits import Limits
from coordinator.rpc.metrics import Metrics
from coordinator.rpc.streams import Streams

MESSAGE_S = 15.0
"""A request has so long to arrive."""

REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SCHEME = "Bearer "

_log = logging.getLogger("coordinator.calls")

type _Behavior = Callable[[Any, CallContext], Any]


class Door(grpc.aio.ServerInterceptor):
    """Stands before the methods of a server."""

    def __init__(
        self,
        authenticator: Authenticator,
        limits: Limits,
        metrics: Metrics,
        streams: Streams,
        *,
        methods: Mapping[str, MethodRule] = METHODS,
    ) -> None:
        self._authenticator, self._limits = authenticator, limits
        self._metrics, self._streams, self._methods = metrics, streams, methods

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None  # gRPC says that there is no such method
        method = handler_call_details.method
        inner: Any = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        # To gRPC every request is a stream. It would else read the one message of the others before we are asked:
        # anyone could send it slowly, or large, and hold a call for ever.
        shape = (handler.request_deserializer, handler.response_serializer)
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(method, inner, one_request=not handler.request_streaming), *shape
            )
        return grpc.stream_unary_rpc_method_handler(
            self._answering(method, inner, one_request=not handler.request_streaming), *shape
        )

    def _answering(self, method: str, inner: _Behavior, *, one_request: bool) -> Any:
        async def answer(requests: AsyncIterator[Message], context: CallContext) -> Any:
            async with self._passed(method, context):
                return await inner(await _one(context) if one_request else _each(requests), context)

        return answer

    def _streaming(self, method: str, inner: _Behavior, *, one_request: bool) -> Any:
        # Not a generator: what happens while a message is being sent then happens within the call too.
        async def answer(requests: AsyncIterator[Message], context: CallContext) -> None:
            async with self._passed(method, context):
                messages = inner(await _one(context) if one_request else _each(requests), context)
                if not hasattr(messages, "__aiter__"):
                    await messages
                    return
                try:
                    async for message in messages:
                        await context.write(message)
                finally:
                    await messages.aclose()

        return answer

    @asynccontextmanager
    async def _passed(self, method: str, context: CallContext) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        metadata = _texts(context)
        request_id = _request_id(metadata)
        current_call.set(CurrentCall(request_id=request_id))
        context.set_trailing_metadata(((REQUEST_ID_HEADER, request_id),))
        rule = self._methods.get(method)
        code, caller = grpc.StatusCode.OK, None
        limit = asyncio.timeout(None if rule is None else rule.limit_s)
        figures = self._metrics.of(method)
        figures.begun()
        try:
            async with limit:
                caller = await self._admitted(rule, metadata, context)
                current_call.set(CurrentCall(request_id=request_id, caller=caller))
                with (
                    nullcontext() if caller is None else self._limits.counted(caller),
                    self._streams.kept(limit, caller) if rule is not None and rule.limit_s is None else nullcontext(),
                ):
                    yield
        except grpc.aio.AbortError:  # the service has said why
            code = _code_of(context)
            raise
        except asyncio.CancelledError:  # the caller has gone, or waits no longer
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, it ends here: gRPC would tell the caller all of it)
            failure = _cut(self._streams, rule) if isinstance(error, TimeoutError) and limit.expired() else None
            failure = failure or failure_of(error, request_id)
            code = failure.code
            if failure.ours:
                _log.exception("a call failed")
            await context.abort(code, failure.details, ((REQUEST_ID_HEADER, request_id),))
        finally:
            seconds = loop.time() - begin_s
            figures.ended(code.name, seconds)
            if _log.isEnabledFor(logging.INFO):
                say(
                    _log,
                    logging.INFO,
                    "call",
                    method=method,
                    code=code.name,
                    ms=round(seconds * 1000, 3),
                    peer=peer_address(context),
                    **({} if caller is None else {"player_id": caller.player_id, "token_id": caller.token_id}),
                )

    async def _admitted(
        self, rule: MethodRule | None, metadata: Mapping[str, str], context: CallContext
    ) -> Caller | None:
        if rule is None:
            raise ForbiddenError("this call is not offered")
        if rule.scopes is None:
            self._limits.count_stranger(peer_address(context))
            return None
        header = metadata.get("authorization", "")
        if not header.startswith(_SCHEME):
            raise UnauthenticatedError("this call needs a token", remedy="Enrol this machine first")
        caller = await self._authenticator.caller(header.removeprefix(_SCHEME))
        if not caller.scopes & rule.scopes:
            raise ForbiddenError(
                f"this token is good for {', '.join(sorted(caller.scopes))} and not for this call",
                remedy=f"It needs one that is good for {' or '.join(sorted(rule.scopes))}",
            )
        return caller


def peer_address(context: CallContext) -> str:
    """The address of the machine that calls, without its port."""
    # "ipv4:127.0.0.1:5000", "ipv6:%5B::1%5D:5000"; on Unix sockets there is none
    host = unquote(context.peer()).partition(":")[2].rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "unknown"


async def _one(context: CallContext) -> Message:
    """The message of a call that has one."""
    try:
        async with asyncio.timeout(MESSAGE_S):
            message = await context.read()
    except TimeoutError as error:
        raise LimitError(f"the request has not arrived within {MESSAGE_S:g} seconds") from error
    except DecodeError as error:
        raise InvalidError("request", "it is no such message") from error
    if not isinstance(message, Message):
        raise InvalidError("request", "there is none")
    check_message(message)
    return message


async def _each(messages: AsyncIterator[Message]) -> AsyncIterator[Message]:
    try:
        async for message in messages:
            check_message(message)
            yield message
    except DecodeError as error:
        raise InvalidError("request", "it is no such message") from error


def _cut(streams: Streams, rule: MethodRule | None) -> Failure:
    if rule is not None and rule.limit_s is not None:
        details = f"the call took longer than {rule.limit_s:g} seconds"
        return Failure(code=grpc.StatusCode.DEADLINE_EXCEEDED, details=details, ours=False)
    if streams.draining:
        details = "the coordinator is being stopped. Try again in a moment"
        return Failure(code=grpc.StatusCode.UNAVAILABLE, details=details, ours=False)
    return Failure(code=grpc.StatusCode.UNAUTHENTICATED, details="the token is good no longer", ours=False)


def _code_of(context: CallContext) -> grpc.StatusCode:
    number: Any = context.code()  # a number, whatever gRPC's types say
    return next((code for code in grpc.StatusCode if number in (code, code.value[0])), grpc.StatusCode.UNKNOWN)


def _texts(context: CallContext) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in context.invocation_metadata() or ():
        if isinstance(value, str):
            found.setdefault(key, value)
    return found


def _request_id(metadata: Mapping[str, str]) -> str:
    given = metadata.get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else new_id("request")
