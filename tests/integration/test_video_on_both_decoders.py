"""Every frame of a dataset's video is the right one on both of LeRobot's decoders, in any order of asking."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.dataset_videos import numbered_video, wanted
from tests.support.numbered_sessions import NumberedVideo, number_in
from workers.video.copy import copy_video
from workers.video.segment import VideoProfile, WrittenVideo
from workers.video.transcode import transcode_video

B_FRAMES = NumberedVideo(b_frames=3, keyframe_interval=12, options={"b_strategy": "0", "refs": "3"})
OPEN_GOP = NumberedVideo(b_frames=3, keyframe_interval=12, options={"b_strategy": "0", "x264-params": "open-gop=1"})
SOURCES = {
    "no B-frames": NumberedVideo(),
    "B-frames": B_FRAMES,
    "open GOP": OPEN_GOP,
    "one keyframe": NumberedVideo(keyframe_interval=1000),
}


def check_every_frame(written: WrittenVideo, place: int, numbers: list[int], decoder: str) -> None:
    """Ask for the frames of one segment as `LeRobotDataset` does, one by one and shuffled, and read their numbers."""
    from lerobot.datasets.video_utils import decode_video_frames

    begin = written.segments[place].first_frame / written.fps
    for frame in np.random.default_rng(0).permutation(len(numbers)).tolist():
        timestamp = begin + float(np.float32(frame / written.fps))
        picture = decode_video_frames(written.path, [timestamp], tolerance_s=1e-4, backend=decoder)[0]
        assert number_in(picture.permute(1, 2, 0).numpy()) == numbers[frame]


@pytest.mark.parametrize("decoder", ["pyav", "torchcodec"])
@pytest.mark.parametrize("kind", SOURCES)
def test_copied_frames(tmp_path: Path, kind: str, decoder: str) -> None:
    runs = [range(17, 40), range(9, 30)]
    segments = [
        wanted(numbered_video(tmp_path / f"{place}.mp4", 50, first_number=100 * place, video=SOURCES[kind]), run)
        for place, run in enumerate(runs)
    ]
    written = copy_video(tmp_path / "file-000.mp4", segments, VideoProfile(fps=30))
    for place, run in enumerate(runs):
        check_every_frame(written, place, [100 * place + number for number in run], decoder)


@pytest.mark.parametrize("decoder", ["pyav", "torchcodec"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_transcoded_frames(tmp_path: Path, codec: str, decoder: str) -> None:
    runs = [range(17, 40), range(9, 30)]
    segments = [
        wanted(numbered_video(tmp_path / f"{place}.mp4", 50, first_number=100 * place, video=B_FRAMES), run)
        for place, run in enumerate(runs)
    ]
    profile = VideoProfile(width=64, height=64, fps=30, codec=codec, keyframe_interval=7)
    written = transcode_video(tmp_path / "file-000.mp4", segments, profile)
    for place, run in enumerate(runs):
        check_every_frame(written, place, [100 * place + number for number in run], decoder)


def coloured_video(path: Path, *, matrix: int, pixel_format: str) -> Path:
    """One frame of coloured stripes that names this colour matrix (H.273; 2 is none)."""
    stripes = np.array([[200, 40, 40], [40, 180, 60], [50, 60, 210], [220, 210, 60]], np.uint8)
    picture = np.repeat(np.repeat(stripes[None, :, :], 16, axis=1), 64, axis=0)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "4"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixel_format
        stream.codec_context.colorspace = matrix
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("decoder", ["pyav", "torchcodec"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv444p"])
@pytest.mark.parametrize("matrix", [1, 2, 6])
def test_colours_come_through_as_the_decoder_sees_them_in_the_source(
    tmp_path: Path, matrix: int, pixel_format: str, decoder: str
) -> None:
    from lerobot.datasets.video_utils import decode_video_frames

    source = coloured_video(tmp_path / "a.mp4", matrix=matrix, pixel_format=pixel_format)
    output = tmp_path / "b.mp4"
    transcode_video(output, [wanted(source, range(1))], VideoProfile(fps=30, crf=4))
    before, after = (
        decode_video_frames(path, [0.0], tolerance_s=1e-4, backend=decoder)[0].numpy()[:, 32, 8::16] * 255
        for path in (source, output)
    )
    np.testing.assert_allclose(after, before, atol=4)
