"""Who shows a token, without asking the database for every call."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import or_, select

from coordinator.clock import SECOND_NS, Clock
from coordinator.database.engine import Database
from coordinator.database.tables import players, tokens
from coordinator.players.scopes import Caller
from coordinator.players.token import USED_EVERY_NS, authenticate, note_use

BELIEVED_NS = 2 * SECOND_NS
"""A token is believed so long without asking again; one revoked through another coordinator is good so much longer."""

MAX_BELIEVED = 20_000


@dataclass(frozen=True, kw_only=True)
class _Belief:
    caller: Caller
    asked_unix_ns: int


class Authenticator:
    """Knows callers by their tokens."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._beliefs: dict[bytes, _Belief] = {}
        self._used: dict[str, int] = {}
        self._noted: dict[str, int] = {}

    async def caller(self, secret: str) -> Caller:
        """Who shows this token.

        Raises:
            UnauthenticatedError: nobody.
        """
        key = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        now_ns = self._clock()
        belief = self._beliefs.get(key)
        if belief is None or not 0 <= now_ns - belief.asked_unix_ns <= BELIEVED_NS:
            self._beliefs.pop(key, None)
            async with self._database.read() as connection:
                caller = await authenticate(connection, secret, now_ns)
            if len(self._beliefs) >= MAX_BELIEVED:
                self._beliefs.clear()
            belief = self._beliefs[key] = _Belief(caller=caller, asked_unix_ns=now_ns)
        self._used[belief.caller.token_id] = now_ns
        return belief.caller

    def forget(self) -> None:
        """Believe nobody any more without asking: a token was revoked, a player disabled."""
        self._beliefs.clear()

    async def refused(self, token_ids: set[str]) -> set[str]:
        """Which of these tokens are good for nothing any more."""
        if not token_ids:
            return set()
        query = (
            select(tokens.c.id)
            .join(players, players.c.id == tokens.c.player_id)
            .where(tokens.c.id.in_(token_ids))
            .where(
                or_(
                    tokens.c.revoked_unix_ns.is_not(None),
                    tokens.c.expires_unix_ns < self._clock(),
                    players.c.disabled_unix_ns.is_not(None),
                )
            )
        )
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def note_uses(self) -> None:
        """Write down which tokens were used, each once a minute at most."""
        due = {
            token_id: used_ns
            for token_id, used_ns in self._used.items()
            if used_ns - self._noted.get(token_id, 0) >= USED_EVERY_NS
        }
        if not due:
            return
        self._used.clear()
        async with self._database.write() as connection:
            for token_id, used_ns in sorted(due.items()):  # in one order: two coordinators do not wait for each other
                await note_use(connection, token_id, used_ns)
        self._noted |= due
        if len(self._noted) > MAX_BELIEVED:
            self._noted.clear()
