"""What every service stands on, and who makes the call that it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import grpc

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.ids import new_id
from coordinator.jobs.queue import JobQueue
from coordinator.players.scopes import Caller
from coordinator.rpc.authenticator import Authenticator
from coordinator.rpc.metrics import Metrics
from coordinator.settings import CoordinatorSettings
from playloom.objects.object_store import ObjectStore
from playloom.objects.signed_urls import UrlSigner


@dataclass(frozen=True, kw_only=True)
class ServerContext:
    """What every service stands on.

    Attributes:
        database: open, its tables up to date.
        store: its calls block: make them with `asyncio.to_thread`.
        signer: of a directory store that the HTTP port serves; None: the store signs by itself.
        clock: the time.
        settings: of this coordinator.
        authenticator: knows tokens; told to `Authenticator.forget` when one is good no longer.
        jobs: the queue; one of a process, so that a job that is submitted wakes the workers who wait.
        process_id: of this process among those that share a database.
        draining: set when the server is about to end; streams and calls that wait then come to their end.
        metrics: figures for Prometheus.
    """

    database: Database
    store: ObjectStore
    signer: UrlSigner | None
    settings: CoordinatorSettings
    authenticator: Authenticator
    jobs: JobQueue
    clock: Clock = system_clock
    process_id: str = field(default_factory=lambda: new_id("process"))
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    metrics: Metrics = field(default_factory=Metrics)


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service, ready to be added to the server.

    Attributes:
        add: adds it, as in ``lambda server: add_JobsServicer_to_server(servicer, server)``.
        work: what goes on for as long as the server runs, each until it is cancelled.
    """

    add: Callable[[grpc.aio.Server], None]
    work: tuple[Callable[[], Awaitable[None]], ...] = ()


type ServiceFactory = Callable[[ServerContext], Service]
"""Each module of a service has one; `coordinator.rpc.services` lists them."""

type CallContext = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, kw_only=True)
class CurrentCall:
    """The call being answered. Attributes: request_id: stands in its logs; caller: None where none is needed."""

    request_id: str
    caller: Caller | None = None


current_call: ContextVar[CurrentCall | None] = ContextVar("current_call", default=None)
"""Set before the service's method runs; the method, and whatever it awaits, sees it."""


def caller_of(context: CallContext) -> Caller:
    """Who makes the call; only for methods that need a token."""
    del context  # gRPC keeps the call's Python context with it
    call = current_call.get()
    assert call is not None
    assert call.caller is not None, "a method that needs no token has no caller"
    return call.caller
