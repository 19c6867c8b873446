"""The options by which a command finds its node: none for the one on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from capture_node.node.client import NodeClient

Address = Annotated[
    str | None,
    typer.Option("--address", metavar="HOST:PORT", help="A node on another machine; without it, the one on this."),
]
Token = Annotated[
    Path | None, typer.Option("--token", metavar="FILE", help="With --address: a copy of that node's token file.")
]
TlsCa = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="PEM", help="With --address: that node's certificate, or who signed it."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def connected(address: str | None, token: Path | None, tls_ca: Path | None) -> NodeClient:
    """A client of the node that is meant.

    Raises:
        NodeNotRunningError: none runs on this machine; says how to start one.
        FileError: a file cannot be used.
    """
    from capture_node.node.client import connect_elsewhere, connect_here
    from capture_node.node_paths import node_paths

    if address is None:
        if token is not None or tls_ca is not None:
            raise typer.BadParameter("--token and --tls-ca go with --address")
        return connect_here(node_paths().private)
    if token is None:
        raise typer.BadParameter("--address needs --token, a copy of that node's token file")
    return connect_elsewhere(address, token, tls_ca)


def connected_if_running(address: str | None, token: Path | None, tls_ca: Path | None) -> NodeClient | None:
    """As `connected`, but None where no node runs on this machine: then a command looks itself."""
    from capture_node.node.running import NodeNotRunningError

    try:
        return connected(address, token, tls_ca)
    except NodeNotRunningError:
        return None
