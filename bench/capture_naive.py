"""The loop that everyone writes first: mss takes a picture, PyAV encodes it, time.sleep waits for the next.

``python -m bench.capture_naive VIDEO WIDTH HEIGHT SECONDS``
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction

import av
import mss
import numpy as np

from bench.capture_rivals import CRF, FPS, FRAGMENTED, PRESET, THREADS


def record(path: str, width: int, height: int, seconds: float) -> None:
    """Record the screen's upper left corner."""
    with av.open(path, "w", options=FRAGMENTED) as container, mss.mss() as screen:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": str(CRF), "preset": PRESET})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.gop_size, context.max_b_frames, context.thread_count = FPS, 0, THREADS
        context.time_base = Fraction(1, 90_000)
        area = {"left": 0, "top": 0, "width": width, "height": height}
        begin = time.monotonic()
        for tick in range(round(seconds * FPS)):
            wait = begin + tick / FPS - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -1 / FPS:
                continue
            at = time.monotonic() - begin
            shot = screen.grab(area)
            image = np.frombuffer(shot.raw, np.uint8).reshape(height, width, 4)
            frame = av.VideoFrame.from_ndarray(image, format="bgra")
            frame.pts, frame.time_base = round(at * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    record(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
