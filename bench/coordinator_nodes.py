"""A thousand nodes that hold their streams open and report, and what other calls take meanwhile.

The coordinator has one core for itself; the nodes, which stand for a thousand PCs, have the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import insert

from bench.harness import Row, Settings, figure
from coordinator.clock import system_clock
from coordinator.database.tables import nodes
from coordinator.ids import new_id
from coordinator.players.player import create_player
from coordinator.players.scopes import Scope
from coordinator.players.token import make_token
from coordinator.server import running
from coordinator.settings import embedded_settings
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import JobsStub, NodesStub, PlayersStub, SessionsStub

REPORT_EVERY_S = 10.0
CONNECTIONS = 20
"""Of the nodes together: a thousand sockets of one process would be what is measured."""


def node_rows(settings: Settings, root: Path) -> Iterator[Row]:
    """p99 of other calls while nodes report."""
    count, seconds = (50, 4.0) if settings.quick else (1000, 30.0)
    command = [sys.executable, "-m", "bench.coordinator_nodes", str(root / "nodes"), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            served = json.loads(server.stdout.readline())
            times = asyncio.run(_measure(served["address"], served["tokens"], seconds))
        finally:
            server.stdin.close()
            server.wait(60)
    for name, taken in times.items():
        p99_ms = 1000 * sorted(taken)[int(0.99 * (len(taken) - 1))]
        yield figure(f"{count:,} nodes report every 10 s: {name}, p99", p99_ms, "ms", at_most=50)


async def _measure(address: str, tokens: list[str], seconds: float) -> dict[str, list[float]]:
    channels = [grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(CONNECTIONS)]
    streams = [
        NodesStub(channels[number % CONNECTIONS]).Connect(
            _reports(number, len(tokens)), metadata=(("authorization", f"Bearer {token}"),)
        )
        for number, token in enumerate(tokens)
    ]
    await asyncio.gather(*(stream.initial_metadata() for stream in streams))
    times: dict[str, list[float]] = {"who am I": [], "sessions": [], "jobs": []}
    async with grpc.aio.insecure_channel(address) as channel:
        asked = {
            "who am I": (PlayersStub(channel).WhoAmI, pb.WhoAmIRequest()),
            "sessions": (SessionsStub(channel).ListSessions, pb.ListRecordedSessionsRequest()),
            "jobs": (JobsStub(channel).ListJobs, pb.ListJobsRequest()),
        }
        end_s, turn = time.monotonic() + seconds, 0
        while time.monotonic() < end_s:
            for name, (method, request) in asked.items():
                turn += 1
                begin_s = time.perf_counter()
                await method(request, metadata=(("authorization", f"Bearer {tokens[turn % len(tokens)]}"),))
                times[name].append(time.perf_counter() - begin_s)
            await asyncio.sleep(0.02)
    for stream in streams:
        stream.cancel()
    for channel in channels:
        await channel.close()
    return times


async def _reports(number: int, count: int) -> AsyncIterator[pb.NodeReport]:
    status = Struct()
    status.update({"state": "recording", "version": "1", "frames": 0, "spool_bytes": 1e9, "uploads": {"state": "idle"}})
    yield pb.NodeReport(status=status)
    await asyncio.sleep(REPORT_EVERY_S * number / count)  # not all at one moment
    while True:
        status["frames"] = time.monotonic()
        yield pb.NodeReport(status=status)
        await asyncio.sleep(REPORT_EVERY_S)


async def _serve(root: Path, count: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    async with running(replace(embedded_settings(root), listen="127.0.0.1:0", http="127.0.0.1:0")) as server:
        async with server.context.database.write() as connection:
            player = await create_player(connection, "bench", system_clock())
            tokens: list[str] = []
            for number in range(count):
                row = {"id": new_id("node"), "player_id": player.id, "name": f"pc {number}"}
                await connection.execute(insert(nodes).values(row | {"created_unix_ns": system_clock()}))
                made = await make_token(
                    connection,
                    player.id,
                    frozenset({Scope.PLAYER}),
                    system_clock(),
                    label=f"pc {number}",
                    node_id=str(row["id"]),
                )
                tokens.append(made.secret)
        print(json.dumps({"address": server.address, "tokens": tokens}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
