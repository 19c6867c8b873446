"""A coordinator in a process of its own, to upload to; says where it is, and ends with its input."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from coordinator.clock import system_clock
from coordinator.players.player import create_player
from coordinator.players.scopes import Scope
from coordinator.players.token import make_token
from coordinator.server import running
from coordinator.settings import embedded_settings
from playloom.client.access import ServerAccess


@contextmanager
def upload_server(root: Path, store: str = "", *, part_bytes: int = 8 << 20) -> Iterator[ServerAccess]:
    """Within the block a coordinator runs, on a store at this address or a directory of its own."""
    command = [sys.executable, "-m", "bench.upload_server", str(root), store, str(part_bytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            served = json.loads(server.stdout.readline())
            yield ServerAccess(address=served["address"], tls=False, token=served["token"])
        finally:
            server.stdin.close()
            server.wait(60)


async def _serve(root: Path, store: str, part_bytes: int) -> None:
    settings = embedded_settings(root)
    settings = replace(settings, listen="127.0.0.1:0", http="127.0.0.1:0", part_bytes=part_bytes)
    if store:
        settings = replace(settings, store=store)
    async with running(settings) as server:
        async with server.context.database.write() as connection:
            player = await create_player(connection, "bench", system_clock())
            scopes = frozenset({Scope.PLAYER})
            made = await make_token(connection, player.id, scopes, system_clock(), label="bench")
        print(json.dumps({"address": server.address, "token": made.secret}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
