"""The stream by which a PC behind a router is told what to do, and says how it does. Lost, it is opened again."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from google.protobuf.struct_pb2 import Struct

from capture_node.node.controller import NodeController
from capture_node.node.service import check_profile, check_text
from capture_node.node.status import NodeStatus
from capture_node.node.wish import RecordingWish
from capture_node.sources.catalogue import SourceRequest
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError
from playloom.errors import PlayloomError
from protos import coordinator_pb2 as pb

REPORT_EVERY_S = 10.0
"""At least; the server takes a node for lost that has said nothing for three times as long."""

REPORT_AFTER_S = 1.0
"""No two changes are told sooner one after the other."""

LOOK_S = 0.5

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
REFUSED_WAIT_S = 300.0

GOOD_S = 30.0
"""A stream that has lasted so long was a good one: the next is opened soon."""


class ServerStream:
    """Holds the stream open from `start` to `stop`.

    Args:
        access: the server.
        controller: of the node: carries orders out.
        takes_orders: whether the player lets the server give any.
        changed: called when the stream is opened or lost.

    Attributes:
        is_open: whether it is.
    """

    def __init__(
        self,
        access: ServerAccess,
        controller: NodeController,
        *,
        takes_orders: bool = True,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.is_open = False
        self._controller, self._takes_orders, self._changed = controller, takes_orders, changed
        self._connection = Connection(access)
        self._closing = threading.Event()
        self._orders: queue.SimpleQueue[pb.NodeOrder | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[pb.OrderAnswer] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="server stream", daemon=True)
        self._worker = threading.Thread(target=self._carry_out_orders, name="server orders", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._worker.start()

    def stop(self) -> None:
        """End it; an order that is being carried out goes on."""
        self._closing.set()
        self._orders.put(None)
        self._connection.close()
        self._thread.join(10)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            begin_s = time.monotonic()
            wait_s = min(FIRST_WAIT_S * 2**failures, LONGEST_WAIT_S)
            try:
                self._hold_open()
            except ServerUnavailableError:
                pass
            except PlayloomError:  # the upload daemon says why
                wait_s = REFUSED_WAIT_S
            finally:
                if self.is_open:
                    self.is_open = False
                    self._changed()
            failures = 0 if time.monotonic() - begin_s > GOOD_S else min(failures + 1, 16)
            self._closing.wait(wait_s * random.uniform(0.5, 1.0))

    def _hold_open(self) -> None:
        ended = threading.Event()
        try:
            orders = self._connection.stream(
                self._connection.nodes.Connect, self._reports(ended), opened=self._has_opened
            )
            for order in orders:
                self._orders.put(order)
        finally:
            ended.set()

    def _has_opened(self) -> None:
        self.is_open = True
        self._changed()

    def _reports(self, ended: threading.Event) -> Iterator[pb.NodeReport]:
        """What is said to the server; asked for by gRPC on a thread of its own."""
        seen, said_s = -1, -REPORT_EVERY_S
        while not ended.is_set() and not self._closing.is_set():
            with suppress(queue.Empty):
                yield pb.NodeReport(answer=self._answers.get(timeout=LOOK_S if seen >= 0 else 0.0))
            now_s, changes = time.monotonic(), self._controller.changes
            if now_s - said_s >= (REPORT_AFTER_S if changes != seen else REPORT_EVERY_S):
                seen, said_s = changes, now_s
                yield pb.NodeReport(status=status_struct(self._controller.status()))

    def _carry_out_orders(self) -> None:
        while (order := self._orders.get()) is not None:
            answer = pb.OrderAnswer(order_id=order.order_id, done=True)
            try:
                self._carry_out(order)
            except PlayloomError as error:
                answer.done, answer.problem = False, str(error)[:2000].encode("utf-8", "replace").decode()
            self._answers.put(answer)

    def _carry_out(self, order: pb.NodeOrder) -> None:
        if not self._takes_orders:
            raise PlayloomError(
                "this node takes no orders from its server", remedy="Its player can allow them in node.yaml"
            )
        match order.WhichOneof("order"):
            case "start":
                self._controller.start(_wish_from(order.start))
            case "stop":
                self._controller.stop()
            case "mark":
                check_text("text", order.mark.text)
                self._controller.mark(order.mark.text or None)
            case _:
                raise PlayloomError("this node does not know that order", remedy="Update Playloom there")


def status_struct(status: NodeStatus) -> Struct:
    """What the server is told of a node."""
    recorder, node, uploads = status.recorder, status.node, status.uploads
    values: dict[str, Any] = {
        "version": node.version,
        "state": str(recorder.state),
        "player": node.player,
        "source": None if recorder.source is None else recorder.source.title,
        "session": None if recorder.session_path is None else recorder.session_path.name,
        "elapsed_s": round(recorder.elapsed_s, 1),
        "fps": recorder.fps,
        "measured_fps": round(recorder.measured_fps, 1),
        "frames": recorder.frames,
        "dropped": recorder.dropped,
        "notices": [notice.text for notice in recorder.notices if notice.warning][:10],
        "failure": recorder.failure,
        "spool_sessions": node.spool_sessions,
        "spool_bytes": node.spool_bytes,
        "disk_free_bytes": recorder.disk_free_bytes,
        "uploads": {
            "state": str(uploads.state),
            "waiting_sessions": uploads.waiting_sessions,
            "waiting_bytes": uploads.waiting_bytes,
            "session": uploads.session,
            "sent_bytes": uploads.sent_bytes,
            "size_bytes": uploads.size_bytes,
            "bytes_per_s": round(uploads.bytes_per_s),
            "problem": uploads.problem,
        },
    }
    struct = Struct()
    struct.update(_travelling(values))
    return struct


def _travelling(value: Any) -> Any:
    """Texts that can travel: titles and paths may hold bytes that are none, and may be long."""
    match value:
        case str():
            return value[:300].encode("utf-8", "backslashreplace").decode()
        case dict():
            return {key: _travelling(one) for key, one in value.items()}
        case list():
            return [_travelling(one) for one in value]
        case _:
            return value


def _wish_from(order: pb.StartOrder) -> RecordingWish | None:
    """What is to be recorded; None: what was last, or what the settings name."""
    for field in ("window", "profile", "game_id", "task"):
        check_text(field, getattr(order, field))
    check_profile(order.profile)
    if not any(order.HasField(field) for field in ("window", "profile", "game_id", "task")):
        return None
    return RecordingWish(
        source=SourceRequest(window=order.window or None),
        profile=order.profile or None,
        game_id=order.game_id or None,
        task=order.task or None,
    )
