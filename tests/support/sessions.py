"""Small synthetic sessions, built fast, whose pictures hold their own numbers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.recording.session import SESSION_FILES
from playloom.recording.session_info import (
    CaptureProfile,
    Clock,
    ClockKind,
    EncoderInfo,
    FrameCounts,
    SessionInfo,
    file_record,
    write_session_info,
)
from playloom.scheduling import scheduled_as_before

START_NS = 1_000_000_000_000
"""The time of the first frame, unless a test says otherwise."""

BLOCKS = 4  # the number's 16 bits are a grid of 4x4 light and dark blocks
_TICKS = 90_000


def numbered_image(number: int, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """uint8[height, width, 3]: a picture that shows ``number``, which scaling and codecs leave legible.

    Args:
        number: what it shows, below 65536.
        size: width and height, at least 16 each.
    """
    assert 0 <= number < 1 << BLOCKS * BLOCKS
    width, height = size
    bits = np.array([number >> bit & 1 for bit in range(BLOCKS * BLOCKS)], np.uint8).reshape(BLOCKS, BLOCKS)
    rows, columns = np.arange(height) * BLOCKS // height, np.arange(width) * BLOCKS // width
    picture = np.where(bits[rows][:, columns] == 1, 200, 40)
    # Some texture: flat blocks are where AV1 encoders at high speeds go wrong.
    picture = picture + (np.arange(height)[:, None] * 3 + np.arange(width)[None, :] * 5) % 16
    return np.repeat(picture[:, :, None], 3, axis=2).astype(np.uint8)


def read_frame_number(image: Any) -> int:
    """The number that a picture shows.

    Args:
        image: [height, width], [height, width, 3] or [3, height, width], uint8 or in [0, 1], numpy or torch.
    """
    picture = np.asarray(image, np.float64)
    if picture.ndim == 3:
        picture = picture.mean(axis=0 if picture.shape[0] == 3 else 2)
    if picture.max() <= 1.0:
        picture = picture * 255
    height, width = picture.shape
    number = 0
    for bit in range(BLOCKS * BLOCKS):
        row, column = divmod(bit, BLOCKS)
        top, bottom = (row + 0.3) * height / BLOCKS, (row + 0.7) * height / BLOCKS
        left, right = (column + 0.3) * width / BLOCKS, (column + 0.7) * width / BLOCKS
        block = picture[int(top) : max(int(bottom), int(top) + 1), int(left) : max(int(right), int(left) + 1)]
        number |= int(block.mean() > 127) << bit
    return number


def frame_numbers(video: Path) -> list[int]:
    """The numbers that a video shows, in the order of its frames."""
    container = av.open(str(video))
    numbers = [read_frame_number(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
    container.close()
    return numbers


def press(monotonic_ns: int, *buttons: int, keys: Sequence[int] = (), **state: Any) -> InputSnapshot:
    """A snapshot with some gamepad buttons and keys held."""
    return InputSnapshot(monotonic_ns=monotonic_ns, buttons=frozenset(buttons), keys=frozenset(keys), **state)


@dataclass(frozen=True, kw_only=True)
class VideoShape:
    """What is unusual about a video.

    Attributes:
        codec, pixel_format: as FFmpeg calls them.
        b_frames: how many may stand between two others.
        keyframe_interval: frames; None: one second.
        jitter_ns: added to the frames' times in the video, by frame; shorter ones are continued with 0.
        audio: whether there is a silent sound track.
        rotation: degrees that a player has to turn the picture.
        fragmented: with an index a fragment, as Playloom records, instead of one at the end.
        crf: quality.
    """

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    b_frames: int = 0
    keyframe_interval: int | None = None
    jitter_ns: Sequence[int] = ()
    audio: bool = False
    rotation: int = 0
    fragmented: bool = False
    crf: int = 18
    options: dict[str, str] = field(default_factory=dict)


def make_session(
    root: Path,
    name: str = "session",
    *,
    frames: int = 60,
    fps: int = 30,
    size: tuple[int, int] = (64, 48),
    first_number: int = 0,
    start_ns: int = START_NS,
    times_ns: Sequence[int] | None = None,
    snapshots: Sequence[InputSnapshot] | None = None,
    with_session_json: bool = False,
    player: str | None = "ada",
    game_id: str | None = "test-game",
    profile_name: str | None = None,
    shape: VideoShape | None = None,
    **unusual: Any,
) -> Path:
    """A session whose frame k shows the number ``first_number + k``.

    Args:
        root: where the session's directory is made.
        name: the directory's name, and the session id.
        frames: how many.
        fps: frames a second.
        size: width and height.
        first_number: shown by the first frame.
        start_ns: when the first frame was captured.
        times_ns: when each frame was captured, instead of every 1/fps.
        snapshots: the inputs; None: the south button is pressed at the first frame and let go half-way.
        with_session_json: whether Playloom or another recorder made it.
        player, game_id, profile_name: for session.json.
        shape: what is unusual about the video; or give its attributes as keywords: ``b_frames=2, audio=True``.
    """
    shape = shape or VideoShape(**unusual)
    path = root / name
    path.mkdir(parents=True)
    pts_ns = write_numbered_video(
        path / "capture.mp4", frames=frames, fps=fps, size=size, first_number=first_number, shape=shape
    )
    times = [start_ns + round(k * 1e9 / fps) for k in range(frames)] if times_ns is None else list(times_ns)
    write_sync(path / "sync.csv", times, pts_ns)
    if snapshots is None:
        snapshots = [press(times[0], 0), press(times[len(times) // 2], keys=())]
    (path / "actions.bin").write_bytes(b"".join(encode_snapshot(snapshot) for snapshot in snapshots))
    if with_session_json:
        width, height = size
        info = SessionInfo(
            session_id=name,
            source="test",
            player=player,
            game_id=game_id,
            profile_name=profile_name,
            capture_profile=CaptureProfile(
                width=width,
                height=height,
                source_width=width,
                source_height=height,
                fps=fps,
                keyframe_interval=shape.keyframe_interval or fps,
            ),
            clock=Clock(
                kind=ClockKind.MONOTONIC, started_unix_ns=1_760_000_000_000_000_000, started_monotonic_ns=times[0]
            ),
            encoder=EncoderInfo(name=shape.codec),
            counts=FrameCounts(frames=frames),
            files={file: file_record(path / file) for file in SESSION_FILES},
        )
        write_session_info(path / "session.json", info)
    return path


def write_sync(path: Path, times_ns: Sequence[int], pts_ns: Sequence[int]) -> None:
    """A sync.csv as LeGamer's recorder writes it."""
    rows = [f"{k},{time},{pts}\n" for k, (time, pts) in enumerate(zip(times_ns, pts_ns, strict=True))]
    path.write_text("frame_index,monotonic_ns,pts\n" + "".join(rows))


def write_numbered_video(
    path: Path,
    *,
    frames: int,
    fps: int = 30,
    size: tuple[int, int] = (64, 48),
    first_number: int = 0,
    shape: VideoShape | None = None,
) -> list[int]:
    """A video of numbered frames; gives their times in it, in nanoseconds."""
    shape = shape or VideoShape()
    jitter = [*shape.jitter_ns[:frames], *[0] * (frames - len(shape.jitter_ns))]
    ticks = [round((k / fps + jitter[k] / 1e9) * _TICKS) for k in range(frames)]
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if shape.fragmented else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(shape.codec, rate=fps, options=_codec_options(shape))
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = shape.pixel_format
        context.time_base = stream.time_base = Fraction(1, _TICKS)
        context.gop_size = shape.keyframe_interval or fps
        context.max_b_frames = shape.b_frames
        context.thread_count = 1
        sound = container.add_stream("aac", rate=48_000, layout="mono") if shape.audio else None
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered_image(first_number + k, size), format="rgb24")
            frame = frame.reformat(format=shape.pixel_format)
            frame.pts, frame.time_base = ticks[k], Fraction(1, _TICKS)
            with scheduled_as_before():
                packets = stream.encode(frame)
            container.mux(packets)
        container.mux(stream.encode(None))
        if isinstance(sound, av.AudioStream):
            for k in range(max(1, frames * 48_000 // fps // 1024)):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts, silence.time_base = 48_000, k * 1024, Fraction(1, 48_000)
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    if shape.rotation:
        _rotate(path, shape.rotation)
    return [round(tick * 1_000_000_000 / _TICKS) for tick in ticks]


def _codec_options(shape: VideoShape) -> dict[str, str]:
    known = {
        "libx264": {
            "preset": "ultrafast",
            "crf": str(shape.crf),
            "x264-params": f"scenecut=0:b-adapt=0:bframes={shape.b_frames}",
        },
        "libx265": {
            "preset": "ultrafast",
            "crf": str(shape.crf),
            "x265-params": f"log-level=none:scenecut=0:b-adapt=0:bframes={shape.b_frames}",
        },
        "libsvtav1": {"preset": "10", "crf": "20"},
    }
    return {**known.get(shape.codec, {}), **shape.options}


def _rotate(path: Path, degrees: int) -> None:
    """Write a rotation into the matrix of the first track's header, as a phone does; FFmpeg cannot on every version."""
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees % 360]
    content = bytearray(path.read_bytes())
    matrix_at = content.index(b"tkhd") + 44
    assert content[matrix_at - 40] == 0, "version 0"
    one = 1 << 16
    matrix = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30)
    content[matrix_at : matrix_at + len(matrix)] = matrix
    path.write_bytes(content)
