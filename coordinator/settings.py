"""What an operator sets for a coordinator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MEBIBYTE = 1 << 20
DAY_S = 24 * 3600

DEFAULT_LISTEN = "127.0.0.1:50060"
DEFAULT_HTTP = "127.0.0.1:50080"


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """How a coordinator shows who it is.

    Attributes:
        certificate, key: PEM files; None: one of the private authority that is made here.
    """

    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """How much one caller may ask for.

    Attributes:
        calls_per_s, burst: of one token; a burst may come at once.
        worker_calls_per_s, worker_burst: of a worker's token.
        stranger_calls_per_s, stranger_burst: of one address, of calls without a good token.
        running_calls: of one token at the same time, open streams among them.
        request_bytes: of one message.
        open_jobs: of one player, that have not ended; what the server submits by itself is not refused.
    """

    calls_per_s: float = 100.0
    burst: int = 400
    worker_calls_per_s: float = 5000.0
    worker_burst: int = 10_000
    stranger_calls_per_s: float = 5.0
    stranger_burst: int = 50
    running_calls: int = 256
    request_bytes: int = 4 * MEBIBYTE
    open_jobs: int = 10_000


@dataclass(frozen=True, kw_only=True)
class CoordinatorSettings:
    """What holds for one coordinator process.

    Attributes:
        root: its own directory: certificates, secrets, and the embedded database and store.
        database: the database's address.
        store: the object store's address, see `playloom.objects.open_store`.
        listen: where gRPC calls come, HOST:PORT.
        http: where HTTP requests come, HOST:PORT.
        names: names and addresses by which other machines reach this one; the first stands in URLs.
        public_url: of the HTTP port as other machines see it; None: made of the first name and the port.
        tls: for both ports; None: loopback only.
        limits: how much one caller may ask for.
        part_bytes: of the parts of an upload.
        url_valid_s: how long a permission to read or write an object lasts.
        restorable_s: how long a deleted session can be restored.
        abandoned_s: an upload that was not touched for so long is collected.
        drain_s: how long calls that run have to end when the server does.
        lease_grace_s: workers that could not report while the server or its database was away have so long to do so
            before their jobs are given to others.
    """

    root: Path
    database: str
    store: str
    listen: str = DEFAULT_LISTEN
    http: str = DEFAULT_HTTP
    names: tuple[str, ...] = ()
    public_url: str | None = None
    tls: TlsSettings | None = None
    limits: CallLimits = field(default_factory=CallLimits)
    part_bytes: int = 8 * MEBIBYTE
    url_valid_s: int = 900
    restorable_s: int = 30 * DAY_S
    abandoned_s: int = 7 * DAY_S
    drain_s: float = 30.0
    lease_grace_s: float = 30.0


def embedded_settings(root: Path) -> CoordinatorSettings:
    """A database and a store that need no other program, both below ``root``."""
    return CoordinatorSettings(
        root=root, database=f"sqlite:///{root / 'coordinator.db'}", store=(root / "objects").as_uri()
    )
