"""Time for Ray to start: beside other programs its own half minutes end clusters that were only about to be there.

A node has two agents, which are Python programs that read a great deal first: the more, the first time after they were
installed. Its raylet waits 15 s for the ports that they choose and then dies, whatever it is told; so it is told them.
Whoever begins the node asks for it for 30 s and then gives up, so each question is made to wait here. The rest of
Ray's patience is told by variables.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

START_S = 600.0
_LOOK_S = 0.1

ENVIRONMENT = {
    # Ray ends a process that is not up after a minute and starts another: on a busy machine none would ever be up.
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_agent_register_timeout_ms": "600000",
    # Of one question for a new node: between two we look whether its raylet still lives.
    "RAY_raylet_start_wait_time_s": "3",
    "RAY_gcs_server_request_timeout_seconds": "300",
    "RAY_gcs_server_port_wait_time_s": "300",
    # Else a program whose cluster does not answer for a minute is ended by Ray, without a word of its own.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
}


_AGENT_PORTS = ("metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
_NOT_CHOSEN = (None, 0, 52_365)
"""The last one is Ray's own for an agent, the same for all clusters of a machine."""

_PORTS = (20_000, 32_000)
"""Below what systems hand out for outgoing connections, above what Ray gives its workers."""


class NodeDiedError(ConnectionError):
    """A new node of a cluster has died before it was up."""


@contextmanager
def time_to_start(ray: Any) -> Iterator[None]:
    """Within the block a new node of a cluster may take `START_S`; then TimeoutError is raised.

    A node whose raylet has died is not waited for: NodeDiedError.

    Args:
        ray: the module.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    services = ray._private.services
    ask, start_raylet = services.get_node, services.start_raylet
    raylets: list[Any] = []

    def get_node(gcs_address: str, node_id: str) -> Any:
        until_s = time.monotonic() + START_S
        while True:
            try:
                return ask(gcs_address, node_id)
            except RuntimeError as error:
                if any(raylet.process.poll() is not None for raylet in raylets):
                    raise NodeDiedError("its raylet has died while it started") from error
                if time.monotonic() > until_s:
                    raise TimeoutError(f"its node was not up within {START_S:.0f} s") from error
                time.sleep(_LOOK_S)

    def start_with_ports(*arguments: Any, **options: Any) -> Any:
        ports = {name: _free_port() for name in _AGENT_PORTS if options.get(name) in _NOT_CHOSEN}
        raylets.append(start_raylet(*arguments, **options | ports))
        return raylets[-1]

    services.get_node, services.start_raylet = get_node, start_with_ports
    try:
        yield
    finally:
        services.get_node, services.start_raylet = ask, start_raylet


def _free_port() -> int:
    """One that is free, and that no outgoing connection takes before the agent is there."""
    while True:
        port = random.SystemRandom().randint(*_PORTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
