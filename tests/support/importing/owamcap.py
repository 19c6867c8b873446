"""Recordings as OWAMcap's format guide has them: NAME.mcap with JSON messages, NAME.mkv beside it.

The MCAP file is written by the format's own library, the messages by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from mcap.writer import CompressionType, Writer

from tests.support.numbered_sessions import picture_of

UTC_NS = 1_751_017_792_129_876_000
FRAME_NS = 16_666_667


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A message: where, when (since the beginning), of which schema and with which content."""

    topic: str
    at_ns: int
    schema: str
    content: Mapping[str, Any]


def key(at_ns: int, event_type: str, vk: int) -> Logged:
    content = {"event_type": event_type, "vk": vk, "timestamp": UTC_NS + at_ns}
    return Logged(topic="keyboard", at_ns=at_ns, schema="desktop/KeyboardEvent", content=content)


def keys_held(at_ns: int, *vks: int) -> Logged:
    return Logged(topic="keyboard/state", at_ns=at_ns, schema="desktop/KeyboardState", content={"buttons": list(vks)})


def raw_mouse(at_ns: int, dx: int = 0, dy: int = 0, flags: int = 0, data: int = 0, us_flags: int = 0) -> Logged:
    content = {"last_x": dx, "last_y": dy, "us_flags": us_flags, "button_flags": flags, "button_data": data}
    return Logged(topic="mouse/raw", at_ns=at_ns, schema="desktop/RawMouseEvent", content=content)


def mouse(at_ns: int, event_type: str, x: int, y: int, **more: Any) -> Logged:
    content = {"event_type": event_type, "x": x, "y": y, **more}
    return Logged(topic="mouse", at_ns=at_ns, schema="desktop/MouseEvent", content=content)


def window(at_ns: int, title: str) -> Logged:
    content = {"title": title, "rect": [0, 0, 1920, 1080], "hWnd": 7540094}
    return Logged(topic="window", at_ns=at_ns, schema="desktop/WindowInfo", content=content)


def screens(
    uri: str, frames: Iterable[int], *, first_pts_ns: int = 0, frame_ns: int = FRAME_NS, delay_ns: int = 900_000
) -> list[Logged]:
    """A message a frame, logged somewhat after the frame was seen."""
    return [
        Logged(
            topic="screen",
            at_ns=number * frame_ns + delay_ns,
            schema="desktop/ScreenCaptured",
            content={
                "utc_ns": UTC_NS + number * frame_ns,
                "source_shape": [1920, 1080],
                "shape": [96, 64],
                "media_ref": {"uri": uri, "pts_ns": first_pts_ns + number * frame_ns},
            },
        )
        for number in frames
    ]


def write_mcap(
    path: Path,
    messages: Sequence[Logged],
    *,
    compression: CompressionType = CompressionType.ZSTD,
    chunk_bytes: int = 4096,
    message_encoding: str = "json",
) -> Path:
    """Write messages in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=chunk_bytes, compression=compression)
        writer.start(profile="owa", library="test")
        channels: dict[tuple[str, str], int] = {}
        for message in messages:
            name = (message.topic, message.schema)
            if name not in channels:
                schema = writer.register_schema(message.schema, "jsonschema", b'{"type": "object"}')
                channels[name] = writer.register_channel(message.topic, message_encoding, schema)
            time_ns = UTC_NS + message.at_ns
            writer.add_message(channels[name], time_ns, json.dumps(message.content).encode(), time_ns)
        writer.finish()
    return path


def write_mkv(
    path: Path,
    count: int,
    *,
    codec: str = "libx264",
    first_pts_ns: int = 0,
    frame_ns: int = FRAME_NS,
    b_frames: int = 0,
) -> Path:
    """A Matroska video, whose frames show their numbers; it keeps times to the millisecond."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=60, options={"preset": "ultrafast", "crf": "12"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 10, b_frames
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture_of(number, 96, 64), format="rgb24")
            frame.pts, frame.time_base = round((first_pts_ns + number * frame_ns) / 1e6), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
