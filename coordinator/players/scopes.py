"""What a token is good for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from coordinator.errors import InvalidError


class Scope(StrEnum):
    PLAYER = "player"  # one's own sessions, uploads, nodes and jobs
    OPERATOR = "operator"  # everyone's, and the players themselves
    WORKER = "worker"  # leasing jobs and reading what they need


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a call.

    Attributes:
        player_id, player_name: whose token it is.
        scopes: what it is good for.
        token_id: which one it is.
        node_id: the machine that it was given to; None for one that no machine enrolled with.
    """

    player_id: str
    player_name: str
    scopes: frozenset[Scope]
    token_id: str
    node_id: str | None

    @property
    def is_operator(self) -> bool:
        return Scope.OPERATOR in self.scopes


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes by their names.

    Raises:
        InvalidError: there is no such scope, or none at all.
    """
    scopes: set[Scope] = set()
    for name in names:
        try:
            scopes.add(Scope(name))
        except ValueError as error:
            known = ", ".join(Scope)
            raise InvalidError("scopes", f"there is no scope '{name[:40]}'", remedy=f"There are {known}") from error
    if not scopes:
        raise InvalidError("scopes", "none is named", remedy=f"Name one of {', '.join(Scope)}")
    return frozenset(scopes)


def scope_text(scopes: Iterable[Scope]) -> str:
    """Scopes as they stand in a row of the database."""
    return " ".join(sorted(scopes))
