"""Copying packets into a dataset: every frame is the right one, at its place on the grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import OutputError, RecordingError
from playloom.recording.mp4_index import index_video
from tests.support.dataset_videos import numbered_video, numbers_shown, turn, wanted, with_audio
from tests.support.numbered_sessions import NumberedVideo
from workers.video.copy import can_share_file, copy_packets, copy_video, first_decodable_frame, why_not_copy
from workers.video.segment import VideoProfile

PROFILE = VideoProfile(fps=30)
WITH_B_FRAMES = NumberedVideo(b_frames=3, keyframe_interval=12, options={"b_strategy": "0", "refs": "3"})
OPEN_GOP = NumberedVideo(
    b_frames=3, keyframe_interval=12, options={"b_strategy": "0", "x264-params": "open-gop=1:scenecut=0"}
)
PLAIN_FILE = NumberedVideo(b_frames=2, keyframe_interval=12, movflags="faststart")
ONE_KEYFRAME = NumberedVideo(keyframe_interval=1000, options={"sc_threshold": "0"})


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "file-000.mp4"


def test_a_whole_video_is_copied_frame_by_frame(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 40)
    written = copy_video(output, [wanted(source, range(40))], PROFILE)
    assert written.frames == 40
    assert [segment.first_frame for segment in written.segments] == [0]
    assert (written.codec, written.width, written.height, written.pixel_format) == ("h264", 96, 64, "yuv420p")
    assert numbers_shown(output, 30) == list(range(40))


@pytest.mark.parametrize("video", [NumberedVideo(), WITH_B_FRAMES, OPEN_GOP, PLAIN_FILE, ONE_KEYFRAME])
@pytest.mark.parametrize(
    "frames", [range(13, 31), range(1), range(11, 12), range(23, 25), range(39, 40), range(24, 40)]
)
def test_any_run_of_frames_is_found_where_the_result_says(
    tmp_path: Path, output: Path, video: NumberedVideo, frames: range
) -> None:
    source = numbered_video(tmp_path / "a.mp4", 40, video=video)
    written = copy_video(output, [wanted(source, frames)], PROFILE)
    first = written.segments[0].first_frame
    shown = numbers_shown(output, 30)
    assert len(shown) == written.frames
    assert shown[first : first + len(frames)] == list(frames)


def test_times_that_jitter_come_onto_the_grid(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 40, jitter_ns=20_000_000, video=WITH_B_FRAMES)
    copy_video(output, [wanted(source, range(40))], PROFILE)
    assert numbers_shown(output, 30) == list(range(40))


def test_the_grid_is_that_of_the_dataset_and_not_of_the_source(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 24, fps=24)
    copy_video(output, [wanted(source, range(24))], VideoProfile(fps=25))
    assert numbers_shown(output, 25) == list(range(24))


def test_sessions_share_a_file_and_none_disturbs_the_next(tmp_path: Path, output: Path) -> None:
    sources = [
        numbered_video(tmp_path / f"{place}.mp4", 40, first_number=100 * place, video=OPEN_GOP) for place in range(3)
    ]
    runs = [range(15, 30), range(14, 22), range(25, 40)]
    written = copy_video(output, [wanted(source, run) for source, run in zip(sources, runs, strict=True)], PROFILE)
    shown = numbers_shown(output, 30)
    assert len(shown) == written.frames
    for place, (run, segment) in enumerate(zip(runs, written.segments, strict=True)):
        found = shown[segment.first_frame : segment.first_frame + len(run)]
        assert found == [100 * place + number for number in run]


def test_packets_alone_are_copied_to_the_same_file(tmp_path: Path, output: Path) -> None:
    sources = [numbered_video(tmp_path / f"{place}.mp4", 40, video=OPEN_GOP) for place in range(2)]
    segments = [wanted(source, range(15, 30)) for source in sources]
    written = copy_video(tmp_path / "looked-at.mp4", segments, PROFILE)
    assert copy_packets(output, segments, PROFILE.fps) == written.segments
    assert output.read_bytes() == written.path.read_bytes()


def test_a_session_that_is_split_at_a_pause_is_copied_once(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 60, video=NumberedVideo(keyframe_interval=30))
    written = copy_video(output, [wanted(source, range(20)), wanted(source, range(21, 60))], PROFILE)
    assert written.frames == 60
    assert [segment.first_frame for segment in written.segments] == [0, 21]


def test_a_long_cut_between_two_runs_is_left_out(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 60)
    written = copy_video(output, [wanted(source, range(5)), wanted(source, range(42, 50))], PROFILE)
    assert written.frames == 5 + 10
    shown = numbers_shown(output, 30)
    assert shown[:5] == [0, 1, 2, 3, 4]
    assert shown[written.segments[1].first_frame :] == list(range(42, 50))


def test_the_audio_track_stays_behind(tmp_path: Path, output: Path) -> None:
    source = with_audio(numbered_video(tmp_path / "a.mp4", 40), tmp_path / "b.mp4")
    copy_video(output, [wanted(source, range(40))], PROFILE)
    assert index_video(source).audio_tracks == 1
    assert index_video(output).audio_tracks == 0
    assert numbers_shown(output, 30) == list(range(40))


def test_hevc_is_copied_into_a_dataset_of_hevc(tmp_path: Path, output: Path) -> None:
    video = NumberedVideo(codec="libx265", b_frames=2, options={"x265-params": "log-level=none:keyint=12"})
    source = numbered_video(tmp_path / "a.mp4", 40, video=video)
    written = copy_video(output, [wanted(source, range(14, 40))], VideoProfile(fps=30, codec="hevc"))
    assert written.codec == "hevc"
    first = written.segments[0].first_frame
    assert numbers_shown(output, 30)[first : first + 26] == list(range(14, 40))


def test_keyframes_are_only_those_that_every_later_frame_can_be_decoded_from(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 40, video=OPEN_GOP)
    copy_video(output, [wanted(source, range(40))], PROFILE)
    assert np.flatnonzero(index_video(output).keyframe).tolist() == [0]


def test_frames_before_the_first_keyframe_cannot_be_copied(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 40)
    index = index_video(source)
    headless = replace(index, keyframe=index.keyframe & (np.arange(40) >= 20))
    assert first_decodable_frame(headless) == 20
    segment = replace(wanted(source, range(5, 40)), index=headless)
    with pytest.raises(RecordingError, match="frame 5: cannot be decoded, because no keyframe comes before it"):
        copy_video(output, [segment], PROFILE)
    assert not output.exists()


def test_a_video_without_any_keyframe_has_no_first_frame(tmp_path: Path) -> None:
    index = index_video(numbered_video(tmp_path / "a.mp4", 40))
    blind = replace(index, keyframe=np.zeros(40, bool))
    assert first_decodable_frame(blind) == 40
    assert why_not_copy(blind, PROFILE) == "it has no keyframe that decoding could start from"


@pytest.mark.parametrize(
    ("video", "profile", "reason"),
    [
        (NumberedVideo(), PROFILE, None),
        (NumberedVideo(), VideoProfile(fps=30, width=96, height=64), None),
        (NumberedVideo(pixel_format="yuvj420p"), PROFILE, None),
        (NumberedVideo(), VideoProfile(fps=30, codec="hevc"), "its codec is h264 and the dataset's is hevc"),
        (
            NumberedVideo(),
            VideoProfile(fps=30, width=64, height=64),
            "its size is 96x64 and the dataset's is 64x64",
        ),
        (
            NumberedVideo(pixel_format="yuv444p"),
            PROFILE,
            "its pixel format is yuv444p and the dataset's is yuv420p",
        ),
        (
            NumberedVideo(width=97, height=63, pixel_format="yuv444p"),
            PROFILE,
            "its pixel format is yuv444p and the dataset's is yuv420p",
        ),
    ],
)
def test_it_is_said_why_a_video_cannot_be_copied(
    tmp_path: Path, video: NumberedVideo, profile: VideoProfile, reason: str | None
) -> None:
    index = index_video(numbered_video(tmp_path / "a.mp4", 4, video=video))
    assert why_not_copy(index, profile) == reason


def test_a_turned_video_cannot_be_copied(tmp_path: Path) -> None:
    index = index_video(turn(numbered_video(tmp_path / "a.mp4", 4), 90))
    assert why_not_copy(index, PROFILE) == ("it is stored turned by 90 degrees, which LeRobot's decoders do not undo")


def test_only_videos_that_one_description_fits_share_a_file(tmp_path: Path) -> None:
    index = index_video(numbered_video(tmp_path / "a.mp4", 20))
    same = index_video(numbered_video(tmp_path / "b.mp4", 30, first_number=50))
    other = index_video(numbered_video(tmp_path / "c.mp4", 20, video=WITH_B_FRAMES))
    assert can_share_file(index, same)
    assert not can_share_file(index, other)


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 4)
    output.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        copy_video(output, [wanted(source, range(4))], PROFILE)
    assert output.read_text() == "mine"


def test_a_video_that_does_not_decode_leaves_no_file(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 20)
    segment = wanted(source, range(20))
    source.write_bytes(bytes(source.stat().st_size))
    with pytest.raises(RecordingError, match="cannot be decoded"):
        copy_video(output, [segment], PROFILE)
    assert not output.exists()
