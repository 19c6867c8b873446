"""The server of an operator's command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playloom.client.finding import find_operators_access

if TYPE_CHECKING:
    from playloom.client.connection import Connection


@contextmanager
def connected(given: Path | None) -> Iterator[Connection]:
    """Within the block calls can be made.

    Raises:
        PlayloomError: see `find_operators_access`.
    """
    from playloom.client.connection import Connection

    with Connection(find_operators_access(given).access) as connection:
        yield connection
