"""Nodes: the streams that they hold open, who is there, and orders that travel over the streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from prometheus_client import Gauge

from coordinator.errors import ConflictError, InvalidError
from coordinator.logs import say
from coordinator.nodes.node import Node, get_node, list_nodes
from coordinator.nodes.relay import Relay
from coordinator.nodes.sightings import Sightings
from coordinator.nodes.switchboard import NodeLine, Switchboard
from coordinator.rpc.context import CallContext, ServerContext, Service, caller_of
from coordinator.rpc.documents import check_message, document_of, struct_of
from coordinator.rpc.ownership import see_that_own, whose
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import NodesServicer, add_NodesServicer_to_server

MAX_STATUS_BYTES = 32 << 10
MAX_TEXT = 1000

LOOK_S = 1.0
"""How often it is looked who has fallen silent."""

_log = logging.getLogger("coordinator.nodes")


class NodesService(NodesServicer):
    def __init__(self, server: ServerContext) -> None:
        self._server = server
        self.switchboard = Switchboard(lambda: asyncio.get_running_loop().time())
        self.sightings = Sightings(server.database, server.clock, server.process_id)
        self.relay = Relay(server.database, server.process_id, self.switchboard)
        gauge = Gauge("playloom_nodes_connected", "Nodes connected with this process", registry=server.metrics.registry)
        gauge.set_function(lambda: len(self.switchboard))

    async def Connect(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.NodeReport], context: CallContext
    ) -> AsyncIterator[pb.NodeOrder]:
        node_id = caller_of(context).node_id
        if node_id is None:
            raise ConflictError("this token was given to no machine", remedy="Enrol this machine with a code")
        line = self.switchboard.connect(node_id)
        self.sightings.note(node_id)
        say(_log, logging.INFO, "node connected", node_id=node_id)
        reading = asyncio.create_task(self._read(request_iterator, line))
        reading.add_done_callback(lambda _: line.end())
        try:
            await context.send_initial_metadata(())  # tells the node that it is heard
            async for order in line.orders():
                yield order
            if reading.done():
                reading.result()  # what a node said that cannot be
        finally:
            reading.cancel()
            if self.switchboard.leave(line):
                self.sightings.note_gone(node_id)
            say(_log, logging.INFO, "node left", node_id=node_id)

    async def ListNodes(self, request: pb.ListNodesRequest, context: CallContext) -> pb.ListNodesResponse:  # noqa: N802
        await self.sightings.write()
        async with self._server.database.read() as connection:
            player_id = await whose(connection, caller_of(context), request.player)
            found = await list_nodes(connection, player_id)
        return pb.ListNodesResponse(nodes=[self._message(node) for node in found])

    async def Command(self, request: pb.CommandRequest, context: CallContext) -> pb.CommandResponse:  # noqa: N802
        order = _order_of(request)
        async with self._server.database.read() as connection:
            node = await get_node(connection, request.node_id)
        see_that_own(caller_of(context), node.player_id, "node", request.node_id)
        line = self.switchboard.line(node.id)
        if line is not None:
            return pb.CommandResponse(answer=await line.tell(order))
        if not node.is_connected(self._server.clock()) or node.connected_to is None:
            raise ConflictError(f"{node.name} is not connected", remedy="Start playloom node run on that machine")
        return pb.CommandResponse(answer=await self.relay.tell(node.connected_to, node.id, order))

    async def end_lost(self) -> None:
        """End the streams of nodes that have fallen silent, and all of them when the server drains."""
        while True:
            for node_id in self.switchboard.end_silent():
                say(_log, logging.WARNING, "node lost", node_id=node_id)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._server.draining.wait()
            except TimeoutError:
                continue
            self.switchboard.end_all()
            await asyncio.sleep(LOOK_S / 10)  # until they have left
            await self.sightings.write()
            return

    async def _read(self, reports: AsyncIterator[pb.NodeReport], line: NodeLine) -> None:
        async for report in reports:
            self.switchboard.heard(line)
            if report.HasField("answer"):
                line.answered(report.answer)
            if self.switchboard.line(line.node_id) is not line:
                return  # a newer stream speaks for this node
            if not report.HasField("status"):
                self.sightings.note(line.node_id)
                continue
            if report.status.ByteSize() > MAX_STATUS_BYTES:
                raise InvalidError("status", f"it is longer than {MAX_STATUS_BYTES} bytes")
            check_message(report.status)
            self.sightings.note(line.node_id, document_of("status", report.status))

    def _message(self, node: Node) -> pb.NodeInfo:
        here = self.switchboard.line(node.id) is not None
        return pb.NodeInfo(
            id=node.id,
            player_id=node.player_id,
            player_name=node.player_name,
            name=node.name,
            version=node.version,
            connected=here or node.is_connected(self._server.clock()),
            last_seen_unix_ns=node.last_seen_unix_ns,
            status=struct_of(node.status),
        )


def _order_of(request: pb.CommandRequest) -> pb.NodeOrder:
    """The order in a request.

    Raises:
        InvalidError: there is none, or it is longer than any.
    """
    check_message(request)
    match request.WhichOneof("order"):
        case "start":
            texts = {name: getattr(request.start, name) for name in ("window", "profile", "game_id", "task")}
            order = pb.NodeOrder(start=request.start)
        case "stop":
            texts, order = {}, pb.NodeOrder(stop=request.stop)
        case "mark":
            texts, order = {"text": request.mark.text}, pb.NodeOrder(mark=request.mark)
        case _:
            raise InvalidError("order", "there is none", remedy="Name one of start, stop and mark")
    for name, text in texts.items():
        if len(text) > MAX_TEXT:
            raise InvalidError(name, f"it is longer than {MAX_TEXT} characters")
    return order


def nodes_service(server: ServerContext) -> Service:
    servicer = NodesService(server)
    return Service(
        add=lambda to: add_NodesServicer_to_server(servicer, to),
        work=(servicer.sightings.keep_writing, servicer.end_lost, servicer.relay.listen),
    )
