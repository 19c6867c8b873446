"""A coordinator: database, store, gRPC and HTTP, put together and taken apart again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.database.migrate import is_up_to_date, migrate
from coordinator.database.shared_clock import SharedClock
from coordinator.errors import DatabaseError
from coordinator.http.app import make_app
from coordinator.http.server import HttpServer, bind
from coordinator.jobs.queue import JobQueue
from coordinator.logs import say
from coordinator.rpc.access import METHODS, MethodRule
from coordinator.rpc.authenticator import Authenticator
from coordinator.rpc.context import ServerContext, ServiceFactory
from coordinator.rpc.server import RpcServer
from coordinator.rpc.services import FACTORIES
from coordinator.settings import CoordinatorSettings
from coordinator.tls.certificate import Certificate, load_certificate
from coordinator.tls.private_authority import AUTHORITY_FILE, own_certificate
from playloom.listen_address import AddressError, ListenAddress, parse_address
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.open_store import open_store
from playloom.objects.signed_urls import UrlSigner
from playloom.private_files import make_private_directory, write_private_file

TLS_DIRECTORY = "tls"
URL_SECRET_FILE = "url-secret"
OBJECTS_PATH = "/objects"

_log = logging.getLogger("coordinator.server")


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A coordinator that answers.

    Attributes:
        settings: of it.
        address: where gRPC calls come, HOST:PORT.
        http_address: where HTTP requests come, HOST:PORT.
        certificate: of both; None on loopback without TLS.
        context: what its services stand on.
        rpc: its gRPC server.
    """

    settings: CoordinatorSettings
    address: str
    http_address: str
    certificate: Certificate | None
    context: ServerContext
    rpc: RpcServer


def check_addresses(settings: CoordinatorSettings) -> tuple[ListenAddress, ListenAddress]:
    """Where gRPC and HTTP listen.

    Raises:
        AddressError: one is no address, or not on loopback and without TLS.
    """
    addresses = parse_address(settings.listen), parse_address(settings.http)
    for address in addresses:
        if not address.is_loopback and settings.tls is None:
            raise AddressError(
                str(address),
                "elsewhere than on loopback a coordinator speaks TLS only",
                remedy="Write tls: true for a certificate made here, or name one; or listen at 127.0.0.1",
            )
    return addresses


def certificate_of(settings: CoordinatorSettings) -> Certificate | None:
    """The certificate that the settings mean; one of the private authority is made or renewed where it must.

    Raises:
        CertificateError: it cannot be used.
        OutputError: it cannot be written.
    """
    if settings.tls is None:
        return None
    if settings.tls.certificate is not None and settings.tls.key is not None:
        return load_certificate(settings.tls.certificate, settings.tls.key)
    names = list(settings.names)
    for address in check_addresses(settings):
        if not address.is_any:
            names.append(address.host)
    return own_certificate(settings.root / TLS_DIRECTORY, names)


def authority_file(settings: CoordinatorSettings) -> Path | None:
    """The certificate that the PCs must be told; None where they know its authority anyway, or there is no TLS."""
    own = settings.tls is not None and settings.tls.certificate is None
    return settings.root / TLS_DIRECTORY / AUTHORITY_FILE if own else None


@asynccontextmanager
async def running(
    settings: CoordinatorSettings,
    *,
    clock: Clock = system_clock,
    job_clock: Clock | None = None,
    migrates: bool = True,
    factories: Sequence[ServiceFactory] = FACTORIES,
    methods: Mapping[str, MethodRule] = METHODS,
) -> AsyncIterator[RunningServer]:
    """Within the block a coordinator answers; at its end calls that run come to theirs.

    Args:
        settings: of it.
        clock: the time.
        job_clock: the time by which leases go; None: one that follows it, or the database's, and never jumps.
        migrates: whether an older database is brought up to date; else it is refused.
        factories: of its services.
        methods: what each method needs.

    Raises:
        PlayloomError: it cannot listen, or use its certificate, its database or its store; says why and what to do.
    """
    address, http_address = check_addresses(settings)
    make_private_directory(settings.root)
    certificate = certificate_of(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        with database.reached():
            up_to_date = migrates or await is_up_to_date(database)
            if migrates:
                await migrate(database)
        if not up_to_date:
            raise DatabaseError("the database is of an older version of Playloom", remedy="Leave out --no-migrate")
        if job_clock is None:
            job_clock = await _shared_clock(database, clock, stack)
        listening, http_bound = bind(http_address)
        stack.callback(listening.close)
        signer = UrlSigner(_public_url(settings, http_bound) + OBJECTS_PATH, _url_secret(settings.root))
        store = await asyncio.to_thread(open_store, settings.store, signer=signer)
        context = ServerContext(
            database=database,
            store=store,
            signer=signer if isinstance(store, DirectoryStore) else None,
            settings=settings,
            authenticator=Authenticator(database, clock),
            jobs=JobQueue(database, clock=job_clock, grace_s=settings.lease_grace_s),
            clock=clock,
        )
        app = make_app(context, open_figures=http_bound.is_loopback)
        http = HttpServer(app, listening, certificate, grace_s=settings.drain_s)
        await http.start()
        stack.push_async_callback(http.drain)
        rpc = RpcServer(context, factories=factories, methods=methods)
        bound = await rpc.start(address, certificate)
        stack.push_async_callback(rpc.drain, settings.drain_s)
        say(_log, logging.INFO, "started", address=bound, http=str(http_bound), process_id=context.process_id)
        yield RunningServer(
            settings=settings,
            address=bound,
            http_address=str(http_bound),
            certificate=certificate,
            context=context,
            rpc=rpc,
        )
    say(_log, logging.INFO, "stopped")


async def _shared_clock(database: Database, clock: Clock, stack: AsyncExitStack) -> Clock:
    shared = SharedClock(clock)
    await shared.agree(database)
    agreeing = asyncio.create_task(shared.keep_agreeing(database))
    stack.callback(agreeing.cancel)
    return shared


def host_for_others(settings: CoordinatorSettings, listens: ListenAddress) -> str:
    """The name or address by which other machines reach this one."""
    if settings.names:
        return settings.names[0]
    return socket.gethostname() if listens.is_any else listens.host


def _public_url(settings: CoordinatorSettings, http: ListenAddress) -> str:
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    host = host_for_others(settings, http)
    scheme = "http" if settings.tls is None else "https"
    return f"{scheme}://[{host}]:{http.port}" if ":" in host else f"{scheme}://{host}:{http.port}"


def _url_secret(root: Path) -> bytes:
    """What signs the URLs of a directory store; the same after a restart, so that those given out stay good."""
    path = root / URL_SECRET_FILE
    if path.exists():
        return path.read_bytes()
    secret = secrets.token_bytes(32)
    write_private_file(path, secret)
    return secret
