"""What runs beside the server of `playloom up`."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from coordinator.local_worker import LocalWorker, worker_beside
from coordinator.places import SCRATCH_DIRECTORY, WORKER_LOG_FILE
from coordinator.server import RunningServer
from coordinator.setup import address_here, worker_at
from playloom.listen_address import parse_address


def worker_of(server: RunningServer, hurrying: asyncio.Event) -> AbstractAsyncContextManager[None]:
    """The worker of a server that runs; its token was made."""
    settings = server.settings
    here = address_here(settings, parse_address(server.address), server.certificate)
    worker = LocalWorker(
        access=worker_at(settings.root, here),
        store=settings.store,
        scratch=settings.root / SCRATCH_DIRECTORY,
        log_file=settings.root / WORKER_LOG_FILE,
        drain_s=settings.drain_s,
    )
    return worker_beside(worker, hurrying)
