"""The pattern must outlive what a recording does to a picture: scaling to 256x256 and H.264."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from capture_node.sources.pattern import PatternReading, draw_pattern, read_pattern


@pytest.mark.parametrize("letterboxed", [True, False])
def test_every_frame_is_read_after_scaling_to_256x256_and_crf_30(letterboxed: bool) -> None:
    drawn = [PatternReading(number=n, clock_ns=10**15 + n * 16_666_667, pressed=n * 977 % 65536) for n in range(90)]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as video:
        stream = video.add_stream("libx264", rate=60, options={"crf": "30", "preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for reading in drawn:
            image = draw_pattern(reading.number, reading.clock_ns, (1280, 720), pressed=reading.pressed)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if letterboxed:
                canvas = np.zeros((256, 256, 3), dtype=np.uint8)
                canvas[56:200] = frame.reformat(256, 144).to_ndarray(format="rgb24")
                frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
            video.mux(stream.encode(frame.reformat(256, 256, format="yuv420p")))
        video.mux(stream.encode(None))
    file.seek(0)

    with av.open(file, "r") as recorded:
        for reading, frame in zip(drawn, recorded.decode(video=0), strict=True):
            assert read_pattern(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)) == reading
