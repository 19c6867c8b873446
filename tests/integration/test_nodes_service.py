"""Nodes over real gRPC: their streams, what they say, orders for them, and who may give any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from coordinator.nodes import sightings, switchboard
from coordinator.rpc import nodes_service
from protos import coordinator_pb2 as pb
from tests.support.coordinators import OPERATOR, PLAYER, Client, Served, refusal, served


def run(address: str, root: Path, work: Callable[[Served], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(address, root) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


async def enrolled(server: Served, player: str, name: str) -> tuple[Client, str]:
    """A machine of the player, and its id."""
    await server.token(player, PLAYER)  # makes the player
    operator = await server.client("root", OPERATOR)
    code = (await operator.call("Players.Invite", pb.InviteRequest(player=player, scopes=["player"]))).code
    answer = await server.with_token(None).call("Enrolment.Enrol", pb.EnrolRequest(code=code, node_name=name))
    return server.with_token(answer.token), answer.caller.node_id


class Stream:
    """A node's end of its stream."""

    def __init__(self, client: Client) -> None:
        self._said: asyncio.Queue[pb.NodeReport | None] = asyncio.Queue()
        self.call = client.begin("Nodes.Connect", self._reports())

    async def _reports(self) -> AsyncIterator[pb.NodeReport]:
        while (report := await self._said.get()) is not None:
            yield report

    async def opened(self) -> None:
        await self.call.initial_metadata()

    def say(self, **values: Any) -> None:
        struct = Struct()
        struct.update(values)
        self._said.put_nowait(pb.NodeReport(status=struct))

    def answer(self, order: pb.NodeOrder, problem: str = "") -> None:
        answer = pb.OrderAnswer(order_id=order.order_id, done=not problem, problem=problem)
        self._said.put_nowait(pb.NodeReport(answer=answer))

    async def order(self) -> pb.NodeOrder:
        return await self.call.read()

    def close(self) -> None:
        self._said.put_nowait(None)


@asynccontextmanager
async def connected(client: Client, **status: Any) -> AsyncIterator[Stream]:
    stream = Stream(client)
    stream.say(**(status or {"state": "idle"}))
    await stream.opened()
    try:
        yield stream
    finally:
        stream.close()
        stream.call.cancel()


async def nodes_of(client: Client) -> list[pb.NodeInfo]:
    return list((await client.call("Nodes.ListNodes", pb.ListNodesRequest())).nodes)


async def becomes(what: Callable[[], Awaitable[bool]], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not await what():
            await asyncio.sleep(0.02)


def start(node_id: str) -> pb.CommandRequest:
    return pb.CommandRequest(node_id=node_id, start=pb.StartOrder(window="Doom"))


def test_a_node_is_listed_with_what_it_said_last(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "living room")
        (node,) = await nodes_of(ada)
        assert (node.id, node.name, node.connected, node.HasField("last_seen_unix_ns")) == (
            node_id,
            "living room",
            False,
            False,
        )
        async with connected(ada, state="idle", version="1.2.3", uploads={"waiting_sessions": 2}) as stream:

            async def says(state: str) -> bool:
                (node,) = await nodes_of(ada)
                return node.connected and node.status.fields["state"].string_value == state

            await becomes(lambda: says("idle"))
            (node,) = await nodes_of(ada)
            assert node.version == "1.2.3"
            assert MessageToDict(node.status)["uploads"] == {"waiting_sessions": 2.0}
            stream.say(state="recording")
            await becomes(lambda: says("recording"))

        async def is_gone() -> bool:
            return not (await nodes_of(ada))[0].connected

        await becomes(is_gone)
        (node,) = await nodes_of(ada)
        assert MessageToDict(node.status)["state"] == "recording", "what it said last is kept"
        assert node.last_seen_unix_ns == server.time()

    run(database_address, tmp_path, work)


def test_orders_reach_the_node_and_its_answers_whoever_gave_them(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        operator = await server.client("root", OPERATOR)
        async with connected(ada) as stream:
            asked = asyncio.ensure_future(operator.call("Nodes.Command", start(node_id)))
            order = await stream.order()
            assert (order.WhichOneof("order"), order.start.window) == ("start", "Doom")
            stream.answer(order)
            assert (await asked).answer == pb.OrderAnswer(order_id=order.order_id, done=True)

            asked = asyncio.ensure_future(
                ada.call("Nodes.Command", pb.CommandRequest(node_id=node_id, stop=pb.StopOrder()))
            )
            stream.answer(await stream.order(), "nothing is being recorded")
            answer = (await asked).answer
            assert (answer.done, answer.problem) == (False, "nothing is being recorded")

    run(database_address, tmp_path, work)


def test_nobody_sees_or_orders_another_players_node(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        bob, _ = await enrolled(server, "bob", "pc")
        async with connected(ada):
            assert [node.player_name for node in await nodes_of(bob)] == ["bob"]
            code, words = await refusal(bob.call("Nodes.Command", start(node_id)))
            assert (code, words) == (grpc.StatusCode.NOT_FOUND, f"there is no node '{node_id}'")
            code, _ = await refusal(bob.call("Nodes.ListNodes", pb.ListNodesRequest(player="ada")))
            assert code is grpc.StatusCode.NOT_FOUND
            operator = await server.client("root", OPERATOR)
            assert [node.player_name for node in await nodes_of(operator)] == ["ada", "bob"]

    run(database_address, tmp_path, work)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coordinator.db'}"


def test_what_cannot_be_done_is_said(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        code, words = await refusal(ada.call("Nodes.Command", start(node_id)))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert words == "pc is not connected. Start playloom node run on that machine"
        code, _ = await refusal(ada.call("Nodes.Command", pb.CommandRequest(node_id=node_id)))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        long = pb.CommandRequest(node_id=node_id, mark=pb.MarkOrder(text="x" * 2000))
        assert (await refusal(ada.call("Nodes.Command", long)))[0] is grpc.StatusCode.INVALID_ARGUMENT
        person = await server.client("ada", PLAYER)
        code, words = await refusal(person.begin("Nodes.Connect", Stream(ada)._reports()))
        assert (code, words.split(".")[0]) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "this token was given to no machine",
        )

    run(address, tmp_path, work)


@pytest.mark.parametrize("said", [{"state": "x" * 40_000}, {"state": "a\0b"}, {"state": float("nan")}])
def test_a_status_that_cannot_be_ends_the_stream_with_the_reason(
    address: str, tmp_path: Path, said: dict[str, Any]
) -> None:
    async def work(server: Served) -> None:
        ada, _ = await enrolled(server, "ada", "pc")
        async with connected(ada) as stream:
            stream.say(**said)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.order()
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    run(address, tmp_path, work)


def test_a_node_that_falls_silent_is_lost(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "SILENT_S", 0.3)
    monkeypatch.setattr(nodes_service, "LOOK_S", 0.05)

    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        async with connected(ada) as stream:
            asked = asyncio.ensure_future(refusal(ada.call("Nodes.Command", start(node_id))))
            await stream.order()
            code, words = await asked
            assert code is grpc.StatusCode.FAILED_PRECONDITION
            assert "lost before it answered" in words
            assert await stream.order() is grpc.aio.EOF
            assert not (await nodes_of(ada))[0].connected

    run(address, tmp_path, work)


def test_a_node_that_comes_back_takes_the_place_of_its_dead_stream(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        async with connected(ada) as first, connected(ada) as second:
            assert await first.order() is grpc.aio.EOF
            asked = asyncio.ensure_future(ada.call("Nodes.Command", start(node_id)))
            second.answer(await second.order())
            assert (await asked).answer.done
            assert (await nodes_of(ada))[0].connected

    run(address, tmp_path, work)


def test_an_answer_that_does_not_come_is_not_waited_for_forever(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard.NodeLine.tell, "__defaults__", (0.2,))

    async def work(server: Served) -> None:
        ada, node_id = await enrolled(server, "ada", "pc")
        async with connected(ada):
            code, words = await refusal(ada.call("Nodes.Command", start(node_id)))
            assert (code, words.split(".")[0]) == (
                grpc.StatusCode.FAILED_PRECONDITION,
                "the node has not answered within 0",
            )

    run(address, tmp_path, work)


def test_the_stream_ends_when_the_server_drains(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        ada, _ = await enrolled(server, "ada", "pc")
        async with connected(ada) as stream:
            drained = asyncio.ensure_future(server.drain(10))
            async with asyncio.timeout(5):
                assert await stream.order() is grpc.aio.EOF
                await drained

    run(address, tmp_path, work)


def test_with_two_coordinators_on_one_postgresql_orders_find_the_node(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "WRITE_EVERY_S", 0.1)
    address = postgres.create_database("test_two_coordinators_with_nodes")

    async def work(first: Served) -> None:
        ada, node_id = await enrolled(first, "ada", "pc")
        async with served(address, tmp_path / "second") as second:
            operator = await second.client("root", OPERATOR)

            async def is_seen() -> bool:
                return any(node.connected for node in await nodes_of(operator))

            async with connected(ada) as stream:
                await becomes(is_seen)
                await asyncio.sleep(0.3)  # until both listen
                asked = asyncio.ensure_future(operator.call("Nodes.Command", start(node_id)))
                stream.answer(await stream.order(), "the screen is locked")
                answer = (await asked).answer
                assert (answer.done, answer.problem) == (False, "the screen is locked")
            second.time.passes(31)
            await becomes(lambda: _not(is_seen))

    async def _not(what: Callable[[], Awaitable[bool]]) -> bool:
        return not await what()

    run(address, tmp_path, work)
