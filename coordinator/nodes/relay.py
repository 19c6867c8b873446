"""Orders for nodes whose stream another coordinator on the same PostgreSQL holds, by its LISTEN and NOTIFY.

Nothing is kept: an order that is lost on its way (that coordinator was killed) is not answered, and whoever gave it is
told so. On SQLite there is one coordinator, and nobody to relay to.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

import asyncpg
from google.protobuf.message import DecodeError
from sqlalchemy import text

from coordinator.database.engine import Database
from coordinator.errors import ConflictError, CoordinatorError, InvalidError
from coordinator.ids import new_id
from coordinator.nodes.switchboard import ANSWER_S, Switchboard
from protos import coordinator_pb2 as pb

CHANNEL = "playloom_nodes"
MAX_NOTE_BYTES = 7500
"""PostgreSQL takes 8000."""

LOOK_S = 5.0
"""How often it is seen whether the connection still stands."""

_log = logging.getLogger("coordinator.nodes")


class Relay:
    """Passes orders on to other processes and takes those of theirs.

    Args:
        database: that they share.
        process_id: of this one.
        switchboard: the streams of this one.
    """

    def __init__(self, database: Database, process_id: str, switchboard: Switchboard) -> None:
        self._database, self._process_id, self._switchboard = database, process_id, switchboard
        self._waiting: dict[str, asyncio.Future[pb.OrderAnswer]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    async def tell(
        self, process_id: str, node_id: str, order: pb.NodeOrder, timeout_s: float = ANSWER_S + 5
    ) -> pb.OrderAnswer:
        """Let another process send an order, and wait for the node's answer.

        Raises:
            ConflictError: nobody answers.
            InvalidError: the order is too long to be passed on.
        """
        if self._database.dialect != "postgresql":
            raise ConflictError("the node is not connected", remedy="See with playloom nodes list")
        note_id = new_id("note")
        answer = self._waiting[note_id] = asyncio.get_running_loop().create_future()
        try:
            await self._notify({"to": process_id, "id": note_id, "node": node_id, "order": _packed(order)})
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise ConflictError(
                f"the node has not answered within {timeout_s:g} seconds",
                remedy="It may still do it: see with playloom nodes list",
            ) from error
        finally:
            del self._waiting[note_id]

    async def listen(self) -> None:
        """Take notes of other processes for as long as the server runs."""
        if self._database.dialect != "postgresql":
            return
        address = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(address, timeout=10)
        try:
            await connection.add_listener(CHANNEL, self._heard)
            while True:
                await asyncio.sleep(LOOK_S)
                await connection.execute("SELECT 1", timeout=10)  # fails once the connection does not stand
        finally:
            await connection.close(timeout=2)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: Any) -> None:
        try:
            note = json.loads(payload)
            if note["to"] != self._process_id:
                return
            if "order" in note:
                order = pb.NodeOrder.FromString(base64.b64decode(note["order"]))
                task = asyncio.create_task(self._pass_on(note["from"], note["id"], note["node"], order))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            else:
                waiting = self._waiting.get(note["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(pb.OrderAnswer.FromString(base64.b64decode(note["answer"])))
        except (ValueError, KeyError, TypeError, DecodeError):
            _log.warning("a note of another coordinator cannot be read")

    async def _pass_on(self, to: str, note_id: str, node_id: str, order: pb.NodeOrder) -> None:
        line = self._switchboard.line(node_id)
        answer = pb.OrderAnswer(problem="the node is not connected any more")
        if line is not None:
            try:
                answer = await line.tell(order)
            except CoordinatorError as error:
                answer = pb.OrderAnswer(problem=str(error))
        answer.problem = answer.problem[:2000]
        await self._notify({"to": to, "id": note_id, "answer": _packed(answer)})

    async def _notify(self, note: dict[str, str]) -> None:
        payload = json.dumps(note | {"from": self._process_id})
        if len(payload) > MAX_NOTE_BYTES:
            raise InvalidError("order", "it is too long to be passed on to the coordinator that holds the node")
        async with self._database.write() as connection:
            await connection.execute(text("SELECT pg_notify(:channel, :note)"), {"channel": CHANNEL, "note": payload})


def _packed(message: pb.NodeOrder | pb.OrderAnswer) -> str:
    return base64.b64encode(message.SerializeToString()).decode()
