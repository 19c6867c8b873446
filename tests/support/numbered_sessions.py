"""Sessions whose every frame shows its number, and whose every input tells the number of the frame that it precedes.

The number stands in the picture as 4 x 4 black or white blocks, so it survives scaling and any codec. The inputs are
written so that the right action of frame n is `expected_action(n)`: a converter that mixes up one frame is caught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from playloom.scheduling import scheduled_as_before

START_NS = 5_000_000_000_000
GAME_YAML = """\
game_id: test_game
display_name: Test game
classes:
  - id: default
    actions:
      - {id: move, kind: vector2}
      - {id: attack, kind: digital}
      - {id: heavy, kind: trigger}
"""
PROFILE_YAML = """\
game_id: test_game
class_ids: [default]
profile_name: pad
complete: true
actions:
  move: {bindings: [{type: stick, control: left_stick}]}
  attack: {bindings: [{type: button, control: south}]}
  heavy: {bindings: [{type: trigger, control: right_trigger, threshold: 0.5}]}
"""


@dataclass(frozen=True, kw_only=True)
class NumberedVideo:
    """How a session's video is encoded."""

    width: int = 96
    height: int = 64
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    b_frames: int = 0
    keyframe_interval: int = 10
    options: dict[str, str] = field(default_factory=dict)
    movflags: str = "frag_keyframe+empty_moov+default_base_moof"


def picture_of(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The picture of frame ``number``, uint8[height, width, 3]."""
    bits = np.array([(number >> bit) & 1 for bit in range(16)], np.uint8).reshape(4, 4) * 200 + 28
    rows = np.minimum(np.arange(height) * 4 // height, 3)
    columns = np.minimum(np.arange(width) * 4 // width, 3)
    return np.repeat(bits[rows][:, columns][:, :, None], 3, axis=2)


def number_in(picture: NDArray[np.generic]) -> int:
    """The number that a picture shows: uint8 or [0, 1] floats, [height, width, 3]."""
    values = np.asarray(picture, np.float64)
    values = values / 255 if values.max() > 1.5 else values
    height, width = values.shape[:2]
    number = 0
    for bit in range(16):
        row, column = (2 * (bit // 4) + 1) * height // 8, (2 * (bit % 4) + 1) * width // 8
        block = values[row - height // 16 : row + height // 16 + 1, column - width // 16 : column + width // 16 + 1]
        number |= int(block.mean() > 0.5) << bit
    return number


def write_numbered_video(
    path: Path, numbers: Sequence[int], pts_ns: Sequence[int], video: NumberedVideo, fps: int = 30
) -> None:
    """Encode the pictures of ``numbers`` at ``pts_ns``."""
    with av.open(str(path), "w", format="mp4", options={"movflags": video.movflags}) as container:
        stream = container.add_stream(
            video.codec, rate=fps, options={"preset": "ultrafast", "crf": "12", **video.options}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, video.pixel_format
        stream.codec_context.time_base = stream.time_base = Fraction(1, 60_000)
        stream.codec_context.gop_size = video.keyframe_interval
        stream.codec_context.max_b_frames = video.b_frames
        for number, at_ns in zip(numbers, pts_ns, strict=True):
            frame = av.VideoFrame.from_ndarray(picture_of(number, video.width, video.height), format="rgb24")
            frame.pts, frame.time_base = round(at_ns * 60_000 / 1e9), Fraction(1, 60_000)
            with scheduled_as_before():
                packets = stream.encode(frame)
            container.mux(packets)
        container.mux(stream.encode())


def snapshot_for(number: int, at_ns: int) -> InputSnapshot:
    """What the player holds for frame ``number``."""
    return InputSnapshot(
        monotonic_ns=at_ns,
        axes=((number % 256) / 256, -(number // 256) / 256, 0.0, 0.0, 0.0, 0.5 + (number % 2) / 4),
        buttons=frozenset({0} if number % 3 == 0 else set()),
    )


def expected_action(number: int) -> list[float]:
    """The action vector of frame ``number``: move.x, move.y, attack, heavy."""
    return [(number % 256) / 256, -(number // 256) / 256, float(number % 3 == 0), 0.5 + (number % 2) / 4]


def write_numbered_session(
    path: Path,
    count: int,
    *,
    fps: float = 30,
    video: NumberedVideo | None = None,
    time_ns: Callable[[int], int] | None = None,
    first_input: int = 0,
    pts_jitter_ns: int = 0,
    seed: int = 0,
) -> Path:
    """Write a session of ``count`` frames in the three files that LeGamer's recorder writes.

    Args:
        path: its directory.
        count: of frames, numbered from 0.
        fps: where no ``time_ns`` is given.
        video: how it is encoded.
        time_ns: a frame's time since the start.
        first_input: the first frame that an input precedes.
        pts_jitter_ns: how far presentation times stray.
        seed: of the jitter.
    """
    path.mkdir(parents=True, exist_ok=True)
    at = time_ns or (lambda number: round(number * 1e9 / fps))
    times = [at(number) for number in range(count)]
    jitter = np.random.default_rng(seed).integers(-pts_jitter_ns, pts_jitter_ns + 1, count)
    pts = [max(0, int(time + stray)) for time, stray in zip(times, jitter, strict=True)]
    write_numbered_video(path / "capture.mp4", range(count), pts, video or NumberedVideo(), round(fps))
    rows = [f"{number},{START_NS + times[number]},{pts[number]}\n" for number in range(count)]
    (path / "sync.csv").write_text("frame_index,monotonic_ns,pts\n" + "".join(rows))
    snapshots = [snapshot_for(number, START_NS + times[number] - 1000) for number in range(first_input, count)]
    (path / "actions.bin").write_bytes(b"".join(encode_snapshot(snapshot) for snapshot in snapshots))
    return path
