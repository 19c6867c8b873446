"""The coordinator over real gRPC, on SQLite and on PostgreSQL: who may call what, and what is told of failures."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy.exc import OperationalError

from coordinator.logs import JsonLines
from coordinator.rpc.access import METHODS
from coordinator.settings import CallLimits
from protos import coordinator_pb2 as pb
from tests.support.coordinators import OPERATOR, PLAYER, WORKER, Served, refusal, served

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED
NOT_FOUND = grpc.StatusCode.NOT_FOUND
INVALID = grpc.StatusCode.INVALID_ARGUMENT
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED

WHO = "Players.WhoAmI"


def run(address: str, root: Path, work: Callable[[Served], Awaitable[None]], **changes: Any) -> None:
    async def all_of_it() -> None:
        async with served(address, root, **changes) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coordinator.db'}"


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What the coordinator logs meanwhile, as it would stand in its log."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keeping()
    handler.setFormatter(JsonLines())
    logger = logging.getLogger()
    ours = logging.getLogger("coordinator")
    logger.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield lines
    logger.removeHandler(handler)
    ours.setLevel(logging.NOTSET)


# Who may ask


def test_whoever_has_a_good_token_is_known_by_it(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        made = await server.token("Ada", PLAYER, WORKER)
        caller = await server.with_token(made.secret).call(WHO, pb.WhoAmIRequest())
        assert (caller.player_name, list(caller.scopes), caller.token_id) == (
            "Ada",
            ["player", "worker"],
            made.token.id,
        )
        assert not caller.HasField("node_id")

    run(database_address, tmp_path, work)


def test_missing_wrong_expired_and_revoked_tokens_open_nothing(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER, valid_s=60)
        other = await server.token("ada", PLAYER)
        half_right = made.secret[:-20] + "x" * 20
        crossed = made.secret[: made.secret.rindex("-", 0, 40)] + other.secret[other.secret.rindex("-", 0, 40) :]
        for token in (None, "", "wrong", "ü" * 3, "x" * 5000, half_right, crossed):
            if token is None or token.isascii():
                code, _ = await refusal(server.with_token(token).call(WHO, pb.WhoAmIRequest()))
                assert code is UNAUTHENTICATED, token
        client = server.with_token(made.secret)
        await client.call(WHO, pb.WhoAmIRequest())
        server.time.passes(61)
        assert (await refusal(client.call(WHO, pb.WhoAmIRequest())))[0] is UNAUTHENTICATED

        operator = await server.client("olga", OPERATOR)
        client = server.with_token(other.secret)
        await client.call(WHO, pb.WhoAmIRequest())
        revoked = await operator.call("Players.RevokeToken", pb.RevokeTokenRequest(token_id=other.token.id))
        assert revoked.HasField("revoked_unix_ns")
        code, details = await refusal(client.call(WHO, pb.WhoAmIRequest()))
        assert (code, details) == (
            UNAUTHENTICATED,
            "the token was revoked. Ask the operator for a new invitation",
        )

    run(database_address, tmp_path, work)


def test_another_way_of_showing_a_token_is_none(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER)
        for header in (f"Basic {made.secret}", f"bearer {made.secret}", made.secret, f"Bearer  {made.secret}x"):
            client = server.with_token(None)
            client.metadata = (("authorization", header),)
            assert (await refusal(client.call(WHO, pb.WhoAmIRequest())))[0] is UNAUTHENTICATED
        client.metadata = (("authorization", "Bearer wrong"), ("authorization", f"Bearer {made.secret}"))
        assert (await refusal(client.call(WHO, pb.WhoAmIRequest())))[0] is UNAUTHENTICATED

    run(sqlite_address, tmp_path, work)


def test_a_disabled_player_is_out_at_once_and_in_again(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, operator = await server.client("ada", PLAYER), await server.client("olga", OPERATOR)
        await ada.call(WHO, pb.WhoAmIRequest())
        await operator.call("Players.UpdatePlayer", pb.UpdatePlayerRequest(player="ada", disabled=True))
        assert await refusal(ada.call(WHO, pb.WhoAmIRequest())) == (
            UNAUTHENTICATED,
            "the player is disabled. Ask the operator",
        )
        await operator.call("Players.UpdatePlayer", pb.UpdatePlayerRequest(player="ADA", disabled=False))
        await ada.call(WHO, pb.WhoAmIRequest())

    run(database_address, tmp_path, work)


def test_every_method_of_every_service_stands_in_the_table() -> None:
    services = pb.DESCRIPTOR.services_by_name.values()
    wire = {f"/{service.full_name}/{method.name}" for service in services for method in service.methods}
    assert wire == {method for method in METHODS if method.startswith("/playloom.")}


def test_without_a_token_nothing_but_what_says_so_is_answered(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        for method, code in (await codes_of_all(server, None)).items():
            if METHODS[method].scopes is not None:
                assert code in (UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED), method
        open_to_all = {method for method, rule in METHODS.items() if rule.scopes is None}
        assert open_to_all == {
            "/playloom.v1.Server/GetInfo",
            "/playloom.v1.Enrolment/Enrol",
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/List",
        }

    run(sqlite_address, tmp_path, work)


@pytest.mark.parametrize("scope", [PLAYER, OPERATOR, WORKER])
def test_a_token_opens_what_its_scope_is_for_and_nothing_else(sqlite_address: str, tmp_path: Path, scope: Any) -> None:
    async def work(server: Served) -> None:
        token = await server.token("ada", scope)
        for method, code in (await codes_of_all(server, token.secret)).items():
            scopes = METHODS[method].scopes
            if scopes is None or code is grpc.StatusCode.UNIMPLEMENTED:
                continue
            assert (code is PERMISSION_DENIED) == (scope not in scopes), (method, code)

    run(sqlite_address, tmp_path, work)


async def codes_of_all(server: Served, token: str | None) -> dict[str, grpc.StatusCode]:
    """How each method of the table answers a message that holds nothing."""
    channel, metadata = server.channel(), server.with_token(token).metadata
    found: dict[str, grpc.StatusCode] = {}
    for method in METHODS:
        if method.startswith("/grpc.reflection"):  # answers nothing to nothing
            continue
        call = channel.unary_stream(method)(b"", metadata=metadata, timeout=5)
        try:
            await call.read()
            found[method] = grpc.StatusCode.OK
        except grpc.aio.AioRpcError as error:
            found[method] = error.code()
        call.cancel()
    return found


def test_a_method_that_is_not_in_the_table_is_refused_even_to_operators(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        everyone = await server.token("olga", PLAYER, OPERATOR, WORKER)
        code, details = await refusal(server.with_token(everyone.secret).call(WHO, pb.WhoAmIRequest()))
        assert (code, details) == (PERMISSION_DENIED, "this call is not offered")

    methods = {method: rule for method, rule in METHODS.items() if "WhoAmI" not in method}
    run(sqlite_address, tmp_path, work, methods=methods)


# How a machine comes to have a token


def test_a_code_gives_a_machine_a_token_once(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        operator = await server.client("olga", OPERATOR)
        await operator.call("Players.CreatePlayer", pb.CreatePlayerRequest(name="Ada", quota_bytes=1000))
        invitation = await operator.call("Players.Invite", pb.InviteRequest(player="ada"))
        stranger = server.with_token(None)
        request = pb.EnrolRequest(code=invitation.code, node_name="den", version="0.1.0")
        enrolled = await stranger.call("Enrolment.Enrol", request)
        assert (enrolled.caller.player_name, list(enrolled.caller.scopes)) == ("Ada", ["player"])
        me = await server.with_token(enrolled.token).call(WHO, pb.WhoAmIRequest())
        assert me == enrolled.caller
        assert me.node_id.startswith("node_")
        assert (await refusal(stranger.call("Enrolment.Enrol", request)))[0] is UNAUTHENTICATED
        late = await operator.call("Players.Invite", pb.InviteRequest(player="Ada", valid_s=60))
        server.time.passes(61)
        request.code = late.code
        assert (await refusal(stranger.call("Enrolment.Enrol", request)))[0] is UNAUTHENTICATED
        tokens = await operator.call("Players.ListTokens", pb.ListTokensRequest(player="ada"))
        assert [token.label for token in tokens.tokens] == ["den"]

    run(database_address, tmp_path, work)


def test_operators_list_players_by_pages(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        operator = await server.client("Olga", OPERATOR)
        for name in ("Ada", "bob", "Eve"):
            await operator.call("Players.CreatePlayer", pb.CreatePlayerRequest(name=name))
        first = await operator.call("Players.ListPlayers", pb.ListPlayersRequest(page_size=3))
        assert [player.name for player in first.players] == ["Ada", "bob", "Eve"]
        rest = await operator.call("Players.ListPlayers", pb.ListPlayersRequest(page_token=first.next_page_token))
        assert ([player.name for player in rest.players], rest.next_page_token) == (["Olga"], "")
        code, details = await refusal(operator.call("Players.CreatePlayer", pb.CreatePlayerRequest(name="ADA")))
        assert (code, details) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "there is a player 'ADA' already. Choose another name",
        )

    run(database_address, tmp_path, work)


def test_players_see_themselves_and_operators_everyone(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, _bob = await server.client("ada", PLAYER), await server.client("Bob", PLAYER)
        operator = await server.client("olga", OPERATOR)
        for name in ("", "ADA"):
            assert (await ada.call("Players.GetPlayer", pb.GetPlayerRequest(player=name))).name == "ada"
        found = await operator.call("Players.GetPlayer", pb.GetPlayerRequest(player="bob"))
        assert (found.name, found.sessions, found.HasField("quota_bytes")) == ("Bob", 0, False)
        for caller, name in ((ada, "Bob"), (ada, found.id), (operator, "nobody")):
            code, _ = await refusal(caller.call("Players.GetPlayer", pb.GetPlayerRequest(player=name)))
            assert code is grpc.StatusCode.NOT_FOUND

    run(database_address, tmp_path, work)


# What is told


def test_an_error_that_nobody_foresaw_tells_the_caller_its_request_and_the_log_the_rest(
    sqlite_address: str, tmp_path: Path, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret name of the database is rosebud")

    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        monkeypatch.setattr(server.server.context.jobs, "get", fail)
        call = client.begin("Jobs.GetJob", pb.GetJobRequest(job_id="job_1"))
        code, details = await refusal(call)
        assert code is grpc.StatusCode.INTERNAL
        request_id = dict(await call.trailing_metadata())["x-request-id"]
        assert details == (
            f"the coordinator has failed (request {request_id}). Tell its operator, who finds why in its log"
        )
        (line,) = [json.loads(line) for line in log_lines if "rosebud" in line]
        assert line["request_id"] == request_id
        assert "RuntimeError" in line["exception"]

    run(sqlite_address, tmp_path, work)


def test_a_database_that_is_away_is_a_reason_to_try_again(
    sqlite_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, OSError("postgres-7.internal"))

    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        monkeypatch.setattr(server.server.context.jobs, "get", fail)
        code, details = await refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id="job_1")))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert details.startswith("the database does not do what it should at the moment (request ")
        assert "SELECT" not in details
        assert "internal" not in details

    run(sqlite_address, tmp_path, work)


def test_tokens_and_codes_are_never_in_the_log(sqlite_address: str, tmp_path: Path, log_lines: list[str]) -> None:
    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER, OPERATOR)
        client = server.with_token(made.secret)
        await client.call(WHO, pb.WhoAmIRequest())
        await refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id=made.secret)))
        await refusal(server.with_token(made.secret + "x").call(WHO, pb.WhoAmIRequest()))
        invitation = await client.call("Players.Invite", pb.InviteRequest(player="ada"))
        enrolled = await client.call("Enrolment.Enrol", pb.EnrolRequest(code=invitation.code, node_name="pc"))
        logging.getLogger("coordinator.calls").error("careless: %s", made.secret)
        text = "\n".join(log_lines)
        assert made.token.id in text
        for secret in (made.secret, invitation.code, enrolled.token):
            assert secret.rpartition("-")[2] not in text
            assert secret[-20:] not in text

    run(sqlite_address, tmp_path, work)


def test_each_call_is_one_line_of_the_log_with_the_id_that_its_caller_gave(
    sqlite_address: str, tmp_path: Path, log_lines: list[str]
) -> None:
    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER)
        client = server.with_token(made.secret)
        client.metadata += (("x-request-id", "from-the-client-1"),)
        call = client.begin(WHO, pb.WhoAmIRequest())
        await call
        assert dict(await call.trailing_metadata())["x-request-id"] == "from-the-client-1"
        client.metadata = (*client.metadata[:1], ("x-request-id", 'bad"id\\'))
        await client.call(WHO, pb.WhoAmIRequest())
        lines = [line for line in map(json.loads, log_lines) if line["event"] == "call"]
        assert [line["request_id"] == "from-the-client-1" for line in lines] == [True, False]
        assert lines[0]["method"] == "/playloom.v1.Players/WhoAmI"
        assert lines[0]["code"] == "OK"
        assert (lines[0]["token_id"], lines[0]["peer"]) == (made.token.id, "127.0.0.1")

    run(sqlite_address, tmp_path, work)


# How much


def test_too_many_calls_of_one_token_are_refused_and_others_are_not(sqlite_address: str, tmp_path: Path) -> None:
    limits = CallLimits(calls_per_s=0.001, burst=5)

    async def work(server: Served) -> None:
        ada, bob = await server.client("ada", PLAYER), await server.client("bob", PLAYER)
        for _ in range(5):
            await ada.call(WHO, pb.WhoAmIRequest())
        code, details = await refusal(ada.call(WHO, pb.WhoAmIRequest()))
        assert (code, details) == (EXHAUSTED, "these are more than 0.001 calls a second. Wait a little")
        await bob.call(WHO, pb.WhoAmIRequest())

    run(sqlite_address, tmp_path, work, limits=limits)


def test_guessing_codes_is_slow(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        stranger = server.with_token(None)
        codes = [
            await refusal(stranger.call("Enrolment.Enrol", pb.EnrolRequest(code="x", node_name="pc")))
            for _ in range(60)
        ]
        assert [code for code, _ in codes[:50]] == [UNAUTHENTICATED] * 50
        assert EXHAUSTED in [code for code, _ in codes[50:]]

    run(sqlite_address, tmp_path, work)


def test_calls_that_run_at_the_same_time_are_counted(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        worker = await server.client("ada", WORKER)
        request = pb.LeaseJobsRequest(worker="w", kinds=["convert"], wait_s=30)
        waiting = [worker.begin("Jobs.LeaseJobs", request) for _ in range(3)]
        await asyncio.sleep(0.3)
        assert (await refusal(worker.call("Jobs.LeaseJobs", request)))[0] is EXHAUSTED
        waiting.pop().cancel()
        await asyncio.sleep(0.3)
        await worker.call("Jobs.LeaseJobs", pb.LeaseJobsRequest(worker="w", kinds=["convert"]))
        for call in waiting:
            call.cancel()

    run(sqlite_address, tmp_path, work, limits=replace(CallLimits(), running_calls=3))


def test_a_message_larger_than_allowed_is_refused(sqlite_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        code, _ = await refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id="x" * (5 << 20))))
        assert code is EXHAUSTED
        await client.call(WHO, pb.WhoAmIRequest())

    run(sqlite_address, tmp_path, work)


def test_a_text_with_a_nul_is_refused_wherever_it_stands(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        assert await refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id="job\0"))) == (
            INVALID,
            "job_id: it holds a NUL character",
        )
        request = pb.SubmitJobRequest(kind="convert")
        request.payload.update({"a": [{"b": "x\0"}]})
        assert (await refusal(client.call("Jobs.SubmitJob", request)))[0] is INVALID
        request = pb.SubmitJobRequest(kind="convert", needs=["job\0"])
        assert await refusal(client.call("Jobs.SubmitJob", request)) == (INVALID, "needs: it holds a NUL character")

    run(database_address, tmp_path, work)


def test_bytes_that_are_no_message_are_the_callers_fault(
    sqlite_address: str, tmp_path: Path, log_lines: list[str]
) -> None:
    async def several() -> Any:
        yield b"\xff\xff\xff"

    async def work(server: Served) -> None:
        client, channel = await server.client("ada", PLAYER), server.channel()
        call = channel.unary_unary("/playloom.v1.Jobs/GetJob")
        for content in (b"\xff\xff\xff", b"\x0a\x02\xff\xfe", b"\x0a\xff\xff\xff\x7f"):
            assert await refusal(call(content, metadata=client.metadata)) == (INVALID, "request: it is no such message")
        deep = b""
        for field in (b"\x2a", b"\x12", b"\x0a") * 60 + (b"\x12",):  # a document within a document within …
            deep = field + varint(len(deep)) + deep
        submit = channel.unary_unary("/playloom.v1.Jobs/SubmitJob")
        assert (await refusal(submit(deep, metadata=client.metadata)))[0] is INVALID
        connect = channel.stream_stream("/playloom.v1.Nodes/Connect")
        assert (await refusal(connect(several(), metadata=client.metadata)))[0] is not grpc.StatusCode.INTERNAL
        assert not [line for line in log_lines if "a call failed" in line]

    run(sqlite_address, tmp_path, work)


def varint(number: int) -> bytes:
    content = bytearray()
    while number > 127:
        content.append(number & 127 | 128)
        number >>= 7
    return bytes(content) + bytes([number])


def test_a_request_that_does_not_arrive_holds_no_call(
    sqlite_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.rpc.door.MESSAGE_S", 0.3)

    async def never(asked: asyncio.Event) -> Any:
        await asked.wait()
        yield b""

    async def work(server: Served) -> None:
        client, asked = await server.client("ada", PLAYER), asyncio.Event()
        call = server.channel().stream_unary("/playloom.v1.Jobs/GetJob")
        code, details = await refusal(call(never(asked), metadata=client.metadata))
        assert (code, details) == (EXHAUSTED, "the request has not arrived within 0.3 seconds")
        code, _ = await refusal(call(never(asked)))  # who shows no token is not waited for at all
        assert code is UNAUTHENTICATED
        asked.set()

    run(sqlite_address, tmp_path, work)


def test_a_call_that_takes_too_long_is_ended(
    sqlite_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def slow(*_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        monkeypatch.setattr(server.server.context.jobs, "get", slow)
        code, details = await refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id="x")))
        assert (code, details) == (grpc.StatusCode.DEADLINE_EXCEEDED, "the call took longer than 0.2 seconds")
        ended.clear()
        code, _ = await refusal(client.call("Jobs.ListJobs", pb.ListJobsRequest(page_token="x"), timeout=0.2))
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED  # the caller's own
        await asyncio.wait_for(ended.wait(), 5)

    rules = dict(METHODS) | {"/playloom.v1.Jobs/GetJob": replace(METHODS["/playloom.v1.Jobs/GetJob"], limit_s=0.2)}
    run(sqlite_address, tmp_path, work, methods=rules)
