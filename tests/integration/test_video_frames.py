"""Frames of a video by number, whatever its order of decoding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from playloom.recording.video_frames import VideoFrames
from tests.support.sessions import VideoShape, numbered_image, read_frame_number, write_numbered_video

SHAPES = {
    "plain": {},
    "fragmented": {"fragmented": True},
    "B-frames": {"b_frames": 2, "keyframe_interval": 12},
    "one keyframe": {"keyframe_interval": 1000},
    "jitter": {"jitter_ns": [0, 4_000_000, -3_000_000] * 12},
    "hevc": {"codec": "libx265", "b_frames": 2, "keyframe_interval": 12},
    "av1": {"codec": "libsvtav1", "keyframe_interval": 12},
}


@pytest.fixture(params=SHAPES.values(), ids=list(SHAPES))
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shape: dict[str, Any] = request.param
    path = tmp_path / "video.mp4"
    write_numbered_video(path, frames=36, fps=30, size=(96, 64), shape=VideoShape(**shape))
    return path


def test_frames_come_in_the_order_of_showing_from_where_one_asks(video: Path) -> None:
    with VideoFrames(video) as frames:
        assert len(frames) == 36
        shown = [
            (number, read_frame_number(frame.to_ndarray(format="gray"))) for number, frame in frames.frames(10, 20)
        ]
    assert shown == [(k, k) for k in range(10, 20)]


def test_frames_can_be_picked_by_number(video: Path) -> None:
    with VideoFrames(video, threads=2) as frames:
        picked = {
            number: read_frame_number(frame.to_ndarray(format="gray")) for number, frame in frames.pick([33, 0, 7, 8])
        }
    assert picked == {0: 0, 7: 7, 8: 8, 33: 33}


def test_keyframes_are_numbered_as_they_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_numbered_video(path, frames=36, fps=30, shape=VideoShape(b_frames=2, keyframe_interval=12))
    with VideoFrames(path) as frames:
        assert frames.keyframes.tolist() == [0, 12, 24]


def test_packets_begin_with_the_keyframe_before(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_numbered_video(path, frames=36, fps=30, shape=VideoShape(keyframe_interval=12))
    with VideoFrames(path) as frames:
        assert [number for number, content in frames.packets(14, 17) if content] == [12, 13, 14, 15, 16]
        assert list(frames.packets(36, 40)) == []


def test_a_frame_that_does_not_decode_costs_only_its_own_group(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_numbered_video(path, frames=24, fps=30, shape=VideoShape(keyframe_interval=12))
    with VideoFrames(path) as frames:
        index = frames.index
    content = bytearray(path.read_bytes())
    begin, size = int(index.offset[0]), int(index.size_bytes[0])
    content[begin : begin + size] = bytes(size)
    path.write_bytes(content)
    with VideoFrames(path, index) as frames:
        assert [number for number, _ in frames.pick([20])] == [20]
        assert [number for number, _ in frames.frames(12)] == list(range(12, 24))


def test_a_codec_that_the_index_does_not_configure_is_asked_of_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.bit_rate = 96, 64, 2_000_000
        for number in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_image(number, (96, 64)), format="rgb24")))
        container.mux(stream.encode(None))
    with VideoFrames(path) as frames:
        assert [read_frame_number(frame.to_ndarray(format="gray")) for _, frame in frames.pick([3, 17])] == [3, 17]
