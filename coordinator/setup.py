"""A coordinator set up: its certificate, its database, and an operator with a token on this machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.clock import Clock, system_clock
from coordinator.database.engine import Database
from coordinator.database.migrate import migrate
from coordinator.errors import UnknownError
from coordinator.places import OPERATOR_DIRECTORY, WORKER_DIRECTORY
from coordinator.players.player import check_name, create_player, find_player
from coordinator.players.scopes import Scope
from coordinator.players.token import make_token
from coordinator.server import authority_file, certificate_of, check_addresses, host_for_others
from coordinator.server_values import server_id
from coordinator.settings import CoordinatorSettings
from coordinator.tls.certificate import Certificate
from coordinator.tls.private_authority import check_host
from playloom.client.access import ACCESS_FILE, ServerAccess, load_access, save_access
from playloom.listen_address import ListenAddress, parse_address
from playloom.objects.open_store import open_store
from playloom.private_files import make_private_directory

OPERATOR_SCOPES = frozenset({Scope.PLAYER, Scope.OPERATOR})
WORKER_SCOPES = frozenset({Scope.WORKER})


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was set up.

    Attributes:
        settings: as given.
        certificate: that the server shows; None on loopback without TLS.
        authority: the certificate that PCs must be told; None where they need not.
        operator: the access with the operator's token, for commands on this machine.
        operator_file: where it lies.
    """

    settings: CoordinatorSettings
    certificate: Certificate | None
    authority: Path | None
    operator: ServerAccess
    operator_file: Path

    @property
    def public_address(self) -> str:
        """Where PCs find the server, HOST:PORT."""
        return address_for_others(self.settings, parse_address(self.settings.listen))


def set_up(settings: CoordinatorSettings, *, operator: str, clock: Clock = system_clock) -> Setup:
    """Make what is not there yet: certificate, tables, the operator and a token for this machine.

    Args:
        settings: of the coordinator to be.
        operator: the name of a player who may do everything; made if there is none.

    Raises:
        PlayloomError: an address, a name, the database or the store cannot be used.
    """
    listen, _ = check_addresses(settings)
    for name in settings.names:
        check_host(name)
    check_name("operator", operator)
    make_private_directory(settings.root)
    certificate = certificate_of(settings)
    open_store(settings.store)  # says now what would be said at the first start
    authority = authority_file(settings)
    token, identity = asyncio.run(_make_operator(settings, operator, clock))
    access = ServerAccess(
        address=address_here(settings, listen, certificate),
        tls=certificate is not None,
        authority=None if authority is None else authority.read_text(),
        token=token,
        server_id=identity,
        player=operator,
    )
    file = save_access(access, settings.root / OPERATOR_DIRECTORY)
    return Setup(settings=settings, certificate=certificate, authority=authority, operator=access, operator_file=file)


def has_operator(root: Path) -> bool:
    """Whether a coordinator was set up in this directory."""
    return (root / OPERATOR_DIRECTORY / ACCESS_FILE).exists()


def make_worker(root: Path, database: str, *, clock: Clock = system_clock) -> None:
    """See to a token for the worker that runs beside the server, in the name of the operator.

    Raises:
        PlayloomError: the database cannot be used.
    """
    if (root / WORKER_DIRECTORY / ACCESS_FILE).exists():
        return
    operator = load_access(root / OPERATOR_DIRECTORY)
    token = asyncio.run(_make_token(database, operator.player, clock))
    save_access(replace(operator, token=token), root / WORKER_DIRECTORY)


def worker_at(root: Path, address: str) -> Path:
    """The folder of the worker's access, kept up to date with where the server really listens."""
    directory = root / WORKER_DIRECTORY
    access = load_access(directory)
    if access.address != address:
        save_access(replace(access, address=address), directory)
    return directory


def operator_at(root: Path, address: str) -> ServerAccess:
    """The operator's access, kept up to date with where the server really listens."""
    directory = root / OPERATOR_DIRECTORY
    access = load_access(directory)
    if access.address != address:
        access = replace(access, address=address)
        save_access(access, directory)
    return access


def address_here(settings: CoordinatorSettings, listen: ListenAddress, certificate: Certificate | None) -> str:
    """Where this machine itself finds the server: by a name that its certificate is good for."""
    host = "127.0.0.1" if listen.is_any else listen.host
    if certificate is not None and host not in certificate.names:
        host = next(iter((*settings.names, *(name for name in certificate.names if "*" not in name))), host)
    return _joined(host, listen.port)


def address_for_others(settings: CoordinatorSettings, listen: ListenAddress) -> str:
    """Where other machines find the server."""
    return _joined(host_for_others(settings, listen), listen.port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _make_operator(settings: CoordinatorSettings, name: str, clock: Clock) -> tuple[str, str]:
    async def make(connection: AsyncConnection) -> tuple[str, str]:
        now_ns = clock()
        try:
            player = await find_player(connection, name)
        except UnknownError:
            player = await create_player(connection, name, now_ns)
        made = await make_token(connection, player.id, OPERATOR_SCOPES, now_ns, label="the operator's on the server")
        return made.secret, await server_id(connection)

    database = await Database.open(settings.database)
    try:
        await migrate(database)
        return await database.transact(make)
    finally:
        await database.close()


async def _make_token(address: str, player: str, clock: Clock) -> str:
    async def make(connection: AsyncConnection) -> str:
        label = "the worker's on the server"
        return (await make_token(connection, player, WORKER_SCOPES, clock(), label=label)).secret

    database = await Database.open(address)
    try:
        await migrate(database)
        return await database.transact(make)
    finally:
        await database.close()
