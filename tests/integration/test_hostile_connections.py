"""Whoever reaches the coordinator's ports with nothing good in mind: bombs, and connections that only wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from coordinator.players.scopes import Scope
from coordinator.rpc import server as rpc_server
from coordinator.settings import TlsSettings
from protos import coordinator_pb2 as pb
from tests.support.coordinators import Served, refusal, served

MIB = 1 << 20


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coordinator.db'}"


def run(address: str, tmp_path: Path, work: Any, **changes: Any) -> None:
    async def within() -> None:
        async with served(address, tmp_path, **changes) as server:
            await work(server)

    asyncio.run(within())


def test_a_message_that_unpacks_to_far_more_than_allowed_is_refused(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        client = await server.client("ada", Scope.PLAYER)
        request = pb.GetJobRequest(job_id="x" * (64 * MIB))  # 64 KiB on the line
        call = client.begin("Jobs.GetJob", request, compression=grpc.Compression.Gzip, timeout=60)
        assert (await refusal(call))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        await client.call("Players.WhoAmI", pb.WhoAmIRequest())

    run(address, tmp_path, work)


@pytest.mark.parametrize("tls", [None, TlsSettings()], ids=["plain", "tls"])
def test_connections_to_the_calls_port_that_say_nothing_or_nonsense_are_closed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: TlsSettings | None
) -> None:
    monkeypatch.setattr(rpc_server, "HANDSHAKE_S", 0.5)

    async def ends(port: int, sent: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(20):
            try:
                while await reader.read(4096):
                    pass
            except ConnectionError:
                pass
        writer.close()

    async def work(server: Served) -> None:
        port = int(server.server.address.rpartition(":")[2])
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        sent = (b"", b"\x16\x03\x01", preface[:10], preface, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.TaskGroup() as group:
            for one in sent * 20:
                group.create_task(ends(port, one))

    run(address, tmp_path, work, tls=tls)
