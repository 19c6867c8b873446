"""What someone wants recorded, as a request and back."""

from __future__ import annotations

from capture_node.node.messages import source_from, source_message
from capture_node.node.wire import enum_member, enum_number, optional_field
from capture_node.node.wish import RecordingWish
from capture_node.recorder.settings import InputScope, Mask
from capture_node.sources.catalogue import SourceRequest
from protos import capture_node_pb2 as pb


def start_request(wish: RecordingWish) -> pb.StartRequest:
    source = wish.source
    request = pb.StartRequest(
        backend=source.backend,
        profile=wish.profile,
        name=wish.name,
        player=wish.player,
        game_id=wish.game_id,
        mapping_profile=wish.mapping_profile,
        task=wish.task,
        masks=[pb.Mask(x=one.x, y=one.y, width=one.width, height=one.height) for one in wish.masks],
    )
    if wish.input_scope is not None:
        request.input_scope = enum_number(pb.InputScope, "INPUT_SCOPE", wish.input_scope)
    if source.chosen is not None:
        request.chosen.CopyFrom(source_message(source.chosen))
    elif source.monitor is not None:
        request.monitor = source.monitor
    elif source.window is not None:
        request.window = source.window
    elif source.gym is not None:
        request.gym = source.gym
    elif source.pattern:
        request.pattern = True
    return request


def wish_from(message: pb.StartRequest) -> RecordingWish:
    """The inverse of `start_request`. The masks' numbers are the sender's: check them first."""
    which = message.WhichOneof("source")
    scope = None
    if message.input_scope != pb.INPUT_SCOPE_UNSPECIFIED:
        scope = enum_member(pb.InputScope, "INPUT_SCOPE", message.input_scope, InputScope, InputScope.FOCUS)
    return RecordingWish(
        source=SourceRequest(
            monitor=message.monitor if which == "monitor" else None,
            window=message.window if which == "window" else None,
            gym=message.gym if which == "gym" else None,
            pattern=which == "pattern",
            chosen=source_from(message.chosen) if which == "chosen" else None,
            backend=optional_field(message, "backend"),
        ),
        profile=optional_field(message, "profile"),
        name=optional_field(message, "name"),
        player=optional_field(message, "player"),
        game_id=optional_field(message, "game_id"),
        mapping_profile=optional_field(message, "mapping_profile"),
        task=optional_field(message, "task"),
        input_scope=scope,
        masks=tuple(Mask(x=one.x, y=one.y, width=one.width, height=one.height) for one in message.masks),
    )
