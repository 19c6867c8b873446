"""The streams of the nodes that are connected with this process, and the orders on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from coordinator.errors import ConflictError, LimitError
from coordinator.ids import new_id
from protos import coordinator_pb2 as pb

SILENT_S = 30.0
"""A stream on which a node has said nothing for so long is ended: it reports every ten seconds."""

ANSWER_S = 50.0
"""A node that has not answered an order by then may still carry it out."""

MAX_ORDERS = 16
"""On their way to one node."""


@dataclass(eq=False, kw_only=True)
class NodeLine:
    """A node's open stream.

    Attributes:
        node_id: the node.
        heard_s: when it said something last, on the event loop's clock.
        ended: set when the stream shall end.
    """

    node_id: str
    heard_s: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _orders: asyncio.Queue[pb.NodeOrder] = field(default_factory=asyncio.Queue)
    _answers: dict[str, asyncio.Future[pb.OrderAnswer]] = field(default_factory=dict)

    async def orders(self) -> AsyncIterator[pb.NodeOrder]:
        """Orders as they come, until the stream shall end."""
        ended = asyncio.ensure_future(self.ended.wait())
        following: asyncio.Future[pb.NodeOrder] | None = None
        try:
            while not ended.done():
                following = following or asyncio.ensure_future(self._orders.get())
                await asyncio.wait([ended, following], return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    yield following.result()
                    following = None
        finally:
            ended.cancel()
            if following is not None:
                following.cancel()

    async def tell(self, order: pb.NodeOrder, timeout_s: float = ANSWER_S) -> pb.OrderAnswer:
        """Send an order, which gets an id here, and wait for the answer.

        Raises:
            LimitError: too many are on their way already.
            ConflictError: the node is lost meanwhile, or does not answer in time.
        """
        if len(self._answers) >= MAX_ORDERS:
            raise LimitError(f"{MAX_ORDERS} orders wait for this node already", remedy="Wait for its answers")
        sent = pb.NodeOrder()
        sent.CopyFrom(order)
        sent.order_id = new_id("order")
        answer = self._answers[sent.order_id] = asyncio.get_running_loop().create_future()
        try:
            self._orders.put_nowait(sent)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise ConflictError(
                f"the node has not answered within {timeout_s:g} seconds",
                remedy="It may still do it: see with playloom nodes list",
            ) from error
        finally:
            del self._answers[sent.order_id]

    def answered(self, answer: pb.OrderAnswer) -> None:
        """Take an answer; one that nobody waits for any more is passed over."""
        waiting = self._answers.get(answer.order_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def end(self) -> None:
        """Let the stream end; who waits for an answer is told."""
        self.ended.set()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(
                    ConflictError("the node was lost before it answered", remedy="See with playloom nodes list")
                )


class Switchboard:
    """The open streams of one process; a node has one at most."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._lines: dict[str, NodeLine] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def connect(self, node_id: str) -> NodeLine:
        """A stream is open. An older one of the node is ended: it is the one that nobody has noticed to be dead."""
        older = self._lines.get(node_id)
        if older is not None:
            older.end()
        line = self._lines[node_id] = NodeLine(node_id=node_id, heard_s=self._clock_s())
        return line

    def leave(self, line: NodeLine) -> bool:
        """A stream has ended; whether its node has none here now."""
        line.end()
        if self._lines.get(line.node_id) is not line:
            return False
        del self._lines[line.node_id]
        return True

    def line(self, node_id: str) -> NodeLine | None:
        """The node's stream, if it is open here."""
        return self._lines.get(node_id)

    def heard(self, line: NodeLine) -> None:
        """The node has said something."""
        line.heard_s = self._clock_s()

    def end_silent(self) -> list[str]:
        """End the streams of nodes that are lost; gives these nodes."""
        oldest_s = self._clock_s() - SILENT_S
        lost = [line for line in self._lines.values() if line.heard_s < oldest_s]
        for line in lost:
            line.end()
        return [line.node_id for line in lost]

    def end_all(self) -> None:
        """End all streams: the server does."""
        for line in list(self._lines.values()):
            line.end()
