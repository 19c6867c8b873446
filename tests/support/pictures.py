"""Videos of given pictures, for what a numbered picture cannot show: black, frozen, coloured."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def moving_picture(number: int, size: tuple[int, int] = (96, 64)) -> NDArray[np.uint8]:
    """uint8[height, width, 3]: a coloured texture that moves by some pixels with every ``number``."""
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 5 * number, np.arange(height))
    return np.stack([(x * 7) % 200 + 40, (y * 5 + x) % 180 + 40, (x + y * 3) % 150 + 60], axis=2).astype(np.uint8)


def write_pictures(
    path: Path, pictures: Iterable[NDArray[np.uint8]], *, fps: int = 10, keyframe_interval: int = 10, b_frames: int = 0
) -> None:
    """Write pictures of one size as an H.264 mp4, a keyframe every ``keyframe_interval``."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264",
            rate=fps,
            options={"preset": "ultrafast", "crf": "18", "x264-params": f"scenecut=0:b-adapt=0:bframes={b_frames}"},
        )
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.gop_size, context.max_b_frames, context.thread_count = keyframe_interval, b_frames, 1
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
