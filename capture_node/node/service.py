"""The CaptureNode service: requests in, the controller's answers out. What cannot be is refused with the reason."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc

from capture_node.clock import now_ns
from capture_node.node.controller import NodeController
from capture_node.node.messages import (
    pad_message,
    profile_message,
    recovered_message,
    session_message,
    source_message,
    status_message,
)
from capture_node.node.wish_messages import wish_from
from playloom.errors import PlayloomError
from protos import capture_node_pb2 as pb
from protos.capture_node_pb2_grpc import CaptureNodeServicer

MAX_STREAMS = 8
"""Each holds a thread; more than some terminals and a web page nobody needs."""

DEFAULT_INTERVAL_S = 1.0
MIN_INTERVAL_S, MAX_INTERVAL_S = 0.1, 60.0

DEFAULT_PREVIEW_WIDTH, MAX_PREVIEW_WIDTH = 320, 1280
DEFAULT_PREVIEW_RATE, MAX_PREVIEW_RATE = 2.0, 10.0
"""Pictures a second: the machine has a game to run."""

MAX_TEXT = 1000
"""Characters of a mark, a name, a task."""

MAX_MASKS = 64

MAX_DISCARD_S = 24 * 3600.0


class RequestError(PlayloomError):
    """A request holds a value that cannot be."""


class CaptureNodeService(CaptureNodeServicer):
    """Answers calls on gRPC's threads; see protos/capture_node.proto for what they mean."""

    def __init__(self, controller: NodeController) -> None:
        self._controller = controller
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)
        self._ending = threading.Event()

    def end_streams(self) -> None:
        """Let all streams come to their end, because the node does."""
        self._ending.set()

    def ListSources(self, request: pb.ListSourcesRequest, context: grpc.ServicerContext) -> pb.ListSourcesResponse:  # noqa: N802
        with _errors_told(context):
            return pb.ListSourcesResponse(sources=map(source_message, self._controller.sources()))

    def ListPads(self, request: pb.ListPadsRequest, context: grpc.ServicerContext) -> pb.ListPadsResponse:  # noqa: N802
        with _errors_told(context):
            return pb.ListPadsResponse(pads=map(pad_message, self._controller.pads()))

    def ListProfiles(self, request: pb.ListProfilesRequest, context: grpc.ServicerContext) -> pb.ListProfilesResponse:  # noqa: N802
        with _errors_told(context):
            return pb.ListProfilesResponse(profiles=map(profile_message, self._controller.profiles()))

    def ListSessions(self, request: pb.ListSessionsRequest, context: grpc.ServicerContext) -> pb.ListSessionsResponse:  # noqa: N802
        with _errors_told(context):
            return pb.ListSessionsResponse(sessions=map(session_message, self._controller.sessions()))

    def Start(self, request: pb.StartRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            for field in (
                "window",
                "gym",
                "backend",
                "profile",
                "name",
                "player",
                "game_id",
                "mapping_profile",
                "task",
            ):
                if request.HasField(field):
                    check_text(field, getattr(request, field))
            check_profile(request.profile)
            _check_masks(request.masks)
            self._controller.start(wish_from(request))
            return self._status()

    def Stop(self, request: pb.StopRequest, context: grpc.ServicerContext) -> pb.StopResponse:  # noqa: N802
        with _errors_told(context):
            sessions = self._controller.stop()
            return pb.StopResponse(sessions=map(session_message, sessions), status=self._status())

    def Pause(self, request: pb.PauseRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            self._controller.pause()
            return self._status()

    def Resume(self, request: pb.ResumeRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            self._controller.resume()
            return self._status()

    def Mark(self, request: pb.MarkRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            if request.HasField("text"):
                check_text("text", request.text)
            self._controller.mark(request.text if request.HasField("text") else None)
            return self._status()

    def Discard(self, request: pb.DiscardRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            if not 0 < request.seconds <= MAX_DISCARD_S:
                raise RequestError(
                    f"{request.seconds:g} seconds cannot be thrown away", remedy="Give more than 0, up to a day"
                )
            self._controller.discard(request.seconds)
            return self._status()

    def Recover(self, request: pb.RecoverRequest, context: grpc.ServicerContext) -> pb.RecoverResponse:  # noqa: N802
        with _errors_told(context):
            return pb.RecoverResponse(sessions=map(recovered_message, self._controller.recover()))

    def Status(self, request: pb.StatusRequest, context: grpc.ServicerContext) -> pb.NodeStatus:  # noqa: N802
        with _errors_told(context):
            return self._status()

    def WatchStatus(self, request: pb.WatchStatusRequest, context: grpc.ServicerContext) -> Iterator[pb.NodeStatus]:  # noqa: N802
        with _errors_told(context), self._stream(context):
            interval_s = _bounded(
                "interval_s", request.interval_s or DEFAULT_INTERVAL_S, MIN_INTERVAL_S, MAX_INTERVAL_S
            )
            seen = self._controller.changes
            yield self._status()
            due_s = time.monotonic() + interval_s
            while self._goes_on(context):
                changes = self._controller.wait_for_change(seen, min(0.5, max(0.0, due_s - time.monotonic())))
                if changes == seen and time.monotonic() < due_s:
                    continue
                seen = changes
                due_s = time.monotonic() + interval_s
                yield self._status()

    def Preview(self, request: pb.PreviewRequest, context: grpc.ServicerContext) -> Iterator[pb.PreviewPicture]:  # noqa: N802
        with _errors_told(context), self._stream(context):
            rate = _bounded("rate", request.rate or DEFAULT_PREVIEW_RATE, 0.01, MAX_PREVIEW_RATE)
            width = int(_bounded("max_width", request.max_width or DEFAULT_PREVIEW_WIDTH, 16, MAX_PREVIEW_WIDTH))
            self._controller.require_recording()
            while self._goes_on(context) and self._controller.is_recording:
                begin_s = time.monotonic()
                jpeg = self._controller.preview(width)
                if jpeg is not None:
                    yield pb.PreviewPicture(jpeg=jpeg, monotonic_ns=now_ns())
                next_s = begin_s + 1 / rate
                while (left_s := next_s - time.monotonic()) > 0 and self._goes_on(context):
                    self._ending.wait(min(0.5, left_s))

    def _status(self) -> pb.NodeStatus:
        return status_message(self._controller.status())

    def _goes_on(self, context: grpc.ServicerContext) -> bool:
        return context.is_active() and not self._ending.is_set()

    @contextmanager
    def _stream(self, context: grpc.ServicerContext) -> Iterator[None]:
        if not self._streams.acquire(blocking=False):
            context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_STREAMS} streams are open already. Close one of them"
            )
        try:
            yield
        finally:
            self._streams.release()


@contextmanager
def _errors_told(context: grpc.ServicerContext) -> Iterator[None]:
    """Within the block an error for a person ends the call with its words."""
    try:
        yield
    except PlayloomError as error:
        is_request = isinstance(error, RequestError)
        code = grpc.StatusCode.INVALID_ARGUMENT if is_request else grpc.StatusCode.FAILED_PRECONDITION
        context.abort(code, str(error)[:4000].encode("utf-8", "backslashreplace").decode())


def check_text(field: str, text: str) -> None:
    """Raises: RequestError: it is too long for a line, or holds what no line holds."""
    if len(text) > MAX_TEXT or not text.isprintable():
        raise RequestError(
            f"{field} is longer than {MAX_TEXT} characters or holds control characters", remedy="Write a short line"
        )


def check_profile(name: str) -> None:
    """Raises: RequestError: it is a file, not a name."""
    if "/" in name or "\\" in name or name.endswith((".yaml", ".yml")):
        raise RequestError(
            f"'{name}' is a file; a node takes capture profiles by their names",
            remedy="See them with: playloom node profiles",
        )


def _check_masks(masks: Sequence[pb.Mask]) -> None:
    if len(masks) > MAX_MASKS:
        raise RequestError(f"{len(masks)} masks are too many", remedy=f"Give up to {MAX_MASKS}")
    for mask in masks:
        sides = (mask.x, mask.y, mask.width, mask.height)
        if not all(0 <= side <= 1 for side in sides):  # false for NaN too
            raise RequestError("a mask lies outside the picture", remedy="Give fractions of the picture, from 0 to 1")


def _bounded(field: str, value: float, least: float, most: float) -> float:
    if math.isnan(value) or not least <= value <= most:
        raise RequestError(f"{field} is {value:g}", remedy=f"Give {least:g} to {most:g}")
    return value
