"""Players, invitations and tokens, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from coordinator.clock import SECOND_NS
from coordinator.database.engine import Database
from coordinator.database.tables import invitations, tokens
from coordinator.errors import ConflictError, InvalidError, UnauthenticatedError, UnknownError
from coordinator.players.invitation import enrol, invite
from coordinator.players.player import create_player, find_player, list_players, update_player
from coordinator.players.scopes import Scope, parse_scopes
from coordinator.players.token import authenticate, list_tokens, make_token, note_use, revoke_token
from tests.support.databases import with_database

NOW = 1_800_000_000 * SECOND_NS
PLAYER = frozenset({Scope.PLAYER})


def test_a_player_is_found_by_id_and_by_name_in_any_case(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            ada = await create_player(connection, "  Ada   Lovelace ", NOW, quota_bytes=10)
            await create_player(connection, "Bob", NOW)
            assert ada.name == "Ada Lovelace"
            for name in (ada.id, "ada lovelace", "ＡDA LOVELACE"):
                assert await find_player(connection, name) == ada
            assert [each.name for each in await list_players(connection)] == ["Ada Lovelace", "Bob"]
            assert [each.name for each in await list_players(connection, after="ada lovelace")] == ["Bob"]
            with pytest.raises(UnknownError, match="eve"):
                await find_player(connection, "eve")
            changed = await update_player(connection, "bob", NOW, quota_bytes=5, disabled=True)
            assert (changed.quota_bytes, changed.disabled_unix_ns) == (5, NOW)
            changed = await update_player(connection, "bob", NOW, quota_bytes=0, disabled=False)
            assert (changed.quota_bytes, changed.disabled_unix_ns) == (None, None)

    with_database(database_address, work)


def test_two_players_cannot_bear_one_name(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            await create_player(connection, "Ada", NOW)

        async def again() -> None:
            async with database.write() as connection:
                await create_player(connection, "ADA", NOW)

        with pytest.raises(ConflictError, match="already"):
            await again()

    with_database(database_address, work)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b", "a\u202eb", "\u200b"])
def test_names_that_cannot_be_read_are_refused(tmp_path: object, name: str) -> None:
    async def work() -> None:
        with pytest.raises(InvalidError, match="name"):
            await create_player(None, name, NOW)  # pyright: ignore[reportArgumentType]

    asyncio.run(work())


def test_a_token_tells_whose_it_is_until_it_is_revoked_or_expires(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            ada = await create_player(connection, "Ada", NOW)
            made = await make_token(connection, "ada", PLAYER, NOW, label="laptop", valid_s=100)
            caller = await authenticate(connection, made.secret, NOW)
            assert (caller.player_id, caller.player_name, caller.scopes) == (ada.id, "Ada", PLAYER)
            assert not caller.is_operator
            await note_use(connection, made.token.id, NOW + 5)
            assert [each.used_unix_ns for each in await list_tokens(connection, "Ada")] == [NOW + 5]
            with pytest.raises(UnauthenticatedError, match="expired"):
                await authenticate(connection, made.secret, NOW + 101 * SECOND_NS)
            wrong = made.secret[:-1] + ("A" if made.secret[-1] != "A" else "B")
            for other in (wrong, "", "plm", "Bearer x", made.secret.replace("plm-token", "plm-invitation"), "\0", "é"):
                with pytest.raises(UnauthenticatedError):
                    await authenticate(connection, other, NOW)
            await update_player(connection, "ada", NOW, disabled=True)
            with pytest.raises(UnauthenticatedError, match="disabled"):
                await authenticate(connection, made.secret, NOW)
            await update_player(connection, "ada", NOW, disabled=False)
            await revoke_token(connection, made.token.id, NOW)
            with pytest.raises(UnauthenticatedError, match="revoked"):
                await authenticate(connection, made.secret, NOW)
            with pytest.raises(UnknownError):
                await revoke_token(connection, "token_none", NOW)

    with_database(database_address, work)


def test_what_is_kept_does_not_hold_the_secret(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            await create_player(connection, "Ada", NOW)
            made = await make_token(connection, "ada", PLAYER, NOW, label="laptop")
            code = (await invite(connection, "ada", PLAYER, NOW)).code
            for table, secret in ((tokens, made.secret), (invitations, code)):
                row = (await connection.execute(select(table))).one()
                assert secret.split("-", 2)[2] not in repr(tuple(row))
            assert made.secret not in repr(made)

    with_database(database_address, work)


def test_a_code_lets_one_machine_in_once(database_address: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            await create_player(connection, "Ada", NOW)
            code = (await invite(connection, "ada", frozenset({Scope.PLAYER, Scope.WORKER}), NOW, valid_s=60)).code
            late = (await invite(connection, "ada", PLAYER, NOW, valid_s=60)).code

        async def come(name: str, with_code: str, now_ns: int) -> str | None:
            try:
                async with database.write() as connection:
                    made = await enrol(connection, with_code, name, now_ns, version="1")
                    caller = await authenticate(connection, made.secret, now_ns)
                    assert caller.scopes == {Scope.PLAYER, Scope.WORKER}
                    return caller.node_id
            except UnauthenticatedError:
                return None

        came = await asyncio.gather(*(come(f"pc {number}", code, NOW) for number in range(5)))
        assert len([node for node in came if node is not None]) == 1
        assert await come("pc", late, NOW + 61 * SECOND_NS) is None
        assert await come("pc", "plm-invitation_nonsense-x", NOW) is None

    with_database(database_address, work)


def test_scopes_that_there_are_not_are_refused() -> None:
    assert parse_scopes(["player", "worker"]) == {Scope.PLAYER, Scope.WORKER}
    with pytest.raises(InvalidError, match="root"):
        parse_scopes(["root"])
    with pytest.raises(InvalidError, match="none"):
        parse_scopes([])
