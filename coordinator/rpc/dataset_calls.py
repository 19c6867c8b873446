"""What all calls about datasets stand on."""

from __future__ import annotations

from coordinator.datasets.turns import Turns
from coordinator.rpc.context import ServerContext
from coordinator.rpc.sessions_service import archive_of


class DatasetCalls:
    """The service is made of parts, each for those who make its calls."""

    def __init__(self, server: ServerContext) -> None:
        self._server = server
        self._database, self._clock = server.database, server.clock
        self._archive = archive_of(server)
        self._turns = Turns(server.database, server.clock)
