"""What is decoded of a damaged video: no frame that differs from what was recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.dataset_videos import numbered_video
from tests.support.numbered_sessions import NumberedVideo, number_in
from tests.support.training_datasets import damage_video
from training.data.video import RunReader

FRAMES = 24


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_whichever_frame_is_damaged_none_is_believed_that_was_drawn_from_it(
    tmp_path: Path, b_frames: int, threads: int
) -> None:
    options = {"preset": "veryfast", "bf": str(b_frames)}
    whole = numbered_video(
        tmp_path / "whole.mp4", FRAMES, video=NumberedVideo(b_frames=b_frames, keyframe_interval=12, options=options)
    )
    frames = np.arange(2 if b_frames else 0, FRAMES)  # with B-frames the first one is not at 0
    size = (96, 64)
    pictures = np.zeros((FRAMES, 64, 96, 3), np.uint8)
    first = 0.0
    good, reason = RunReader(size, threads).read(whole, first, frames, 30, pictures)
    assert (good.all(), reason) == (True, "")
    for frame in range(0, FRAMES, 3):
        video = Path(shutil.copy(whole, tmp_path / f"damaged-{frame}.mp4"))
        damage_video(video, frame=frame)
        found = np.zeros_like(pictures)
        good, reason = RunReader(size, threads).read(video, first, frames, 30, found)
        assert not good.all()
        assert f"{video}: frame" in reason
        assert np.array_equal(found[: len(frames)][good], pictures[: len(frames)][good])


@pytest.mark.parametrize("codec", ["libsvtav1", "libx265"])
def test_datasets_in_other_codecs_are_read_too(tmp_path: Path, codec: str) -> None:
    options = {"preset": "12"} if codec == "libsvtav1" else {"preset": "ultrafast", "x265-params": "log-level=0"}
    video = numbered_video(tmp_path / "video.mp4", 20, video=NumberedVideo(codec=codec, options=options))
    pictures = np.zeros((20, 64, 96, 3), np.uint8)
    good, reason = RunReader((96, 64)).read(video, 0.0, np.arange(20), 30, pictures)
    assert (good.all(), reason) == (True, "")
    assert [number_in(picture) for picture in pictures] == list(range(20))


def test_frames_that_are_far_apart_are_found_without_those_between(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", 90, video=NumberedVideo(keyframe_interval=10))
    frames = np.array([3, 47, 48, 89])
    pictures = np.zeros((4, 64, 96, 3), np.uint8)
    good, _ = RunReader((96, 64)).read(video, 0.0, frames, 30, pictures)
    assert (good.tolist(), [number_in(picture) for picture in pictures]) == ([True] * 4, [3, 47, 48, 89])


def test_a_frame_that_is_not_on_the_grid_is_not_given(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", 20)
    pictures = np.zeros((3, 64, 96, 3), np.uint8)
    good, reason = RunReader((96, 64)).read(video, 0.0, np.array([18, 19, 20]), 30, pictures)
    assert good.tolist() == [True, True, False]
    assert "there is no frame at 0.6667 s" in reason
    good, _ = RunReader((96, 64)).read(video, 0.004, np.array([1]), 30, pictures)
    assert good.tolist() == [False]


def test_a_file_that_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(b"no video")
    pictures = np.zeros((1, 64, 96, 3), np.uint8)
    good, reason = RunReader((96, 64)).read(tmp_path / "video.mp4", 0.0, np.array([0]), 30, pictures)
    assert (good.tolist(), "video.mp4" in reason) == ([False], True)
