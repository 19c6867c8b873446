"""With whose token a command speaks, and to which server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playloom.client.access import ACCESS_FILE, HOME_VARIABLE, NotEnrolledError, ServerAccess, load_access

ACCESS_VARIABLE = "PLAYLOOM_ACCESS"

OPERATOR_DIRECTORY = "operator"
"""In a server's own directory: the access of its operator on that machine."""


@dataclass(frozen=True, kw_only=True)
class FoundAccess:
    """A server, and what opens it.

    Attributes:
        access: of the server.
        server_root: the server's own directory, where this is its operator's access on the server itself; else None.
    """

    access: ServerAccess
    server_root: Path | None = None


def server_root() -> Path:
    """The directory of this user's server, if this machine has one."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "coordinator"
    from platformdirs import user_data_path

    return user_data_path("playloom-server", appauthor=False, roaming=False)


def find_access(given: Path | None = None) -> FoundAccess:
    """The access of a command for players: this user's own, as `playloom enrol` has left it.

    Where there is none, this may be the server itself, and its operator's is taken.

    Args:
        given: a file or its folder, taken instead.

    Raises:
        NotEnrolledError: there is none.
        FileError: others can read it, or it is damaged.
    """
    if given is not None:
        return _given(given)
    try:
        return FoundAccess(access=load_access())
    except NotEnrolledError:
        operators = _operators_here()
        if operators is None:
            raise
        return operators


def find_operators_access(given: Path | None = None) -> FoundAccess:
    """The access of a command for operators.

    On the server itself the operator's goes before this user's own: whoever runs a server and also plays there has two
    tokens, and here the operator's is needed.

    Args:
        given: a file or its folder, taken instead.

    Raises:
        NotEnrolledError: there is none.
        FileError: others can read it, or it is damaged.
    """
    operators = None if given is not None else _operators_here()
    if operators is None:
        return find_access(given)
    try:
        own = load_access()
    except NotEnrolledError:
        return operators
    return operators if own.server_id == operators.access.server_id else FoundAccess(access=own)


def _given(given: Path) -> FoundAccess:
    directory = given if given.is_dir() else given.parent
    here = directory.name == OPERATOR_DIRECTORY
    return FoundAccess(access=load_access(directory), server_root=directory.absolute().parent if here else None)


def _operators_here() -> FoundAccess | None:
    root = server_root()
    directory = root / OPERATOR_DIRECTORY
    if not (directory / ACCESS_FILE).exists():
        return None
    return FoundAccess(access=load_access(directory), server_root=root)
