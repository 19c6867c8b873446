"""Encoding sessions into a dataset's video: the right frames, in the right size, or an error that says which not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import OutputError, RecordingError
from playloom.recording.mp4_index import index_video
from tests.support.dataset_videos import numbered_video, numbers_shown, pictures_in, turn, wanted, with_audio
from tests.support.numbered_sessions import NumberedVideo, picture_of
from workers.video.segment import VideoProfile
from workers.video.transcode import transcode_video

PROFILE = VideoProfile(width=64, height=64, fps=30)
AS_CAPTURED = VideoProfile(fps=30)
B_FRAMES = NumberedVideo(b_frames=3, keyframe_interval=12, options={"b_strategy": "0"})

SOURCES = {
    "B-frames": B_FRAMES,
    "one keyframe": NumberedVideo(keyframe_interval=1000),
    "yuv444": NumberedVideo(pixel_format="yuv444p"),
    "ten bits": NumberedVideo(pixel_format="yuv420p10le"),
    "full range": NumberedVideo(pixel_format="yuvj420p"),
    "RGB": NumberedVideo(codec="libx264rgb", pixel_format="rgb24"),
    "odd size": NumberedVideo(width=97, height=63, pixel_format="yuv444p"),
    "HEVC": NumberedVideo(codec="libx265", b_frames=2, options={"x265-params": "log-level=none:keyint=12"}),
    "AV1": NumberedVideo(codec="libsvtav1", options={"preset": "10"}),
    "VP9": NumberedVideo(codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
}


def half_lost(packet: bytes) -> bytes:
    half = len(packet) // 2
    return packet[:half] + np.random.default_rng(0).bytes(len(packet) - half)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "file-000.mp4"


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("profile", [PROFILE, AS_CAPTURED], ids=["scaled", "as captured"])
def test_every_kind_of_source_is_encoded_frame_by_frame(
    tmp_path: Path, output: Path, kind: str, profile: VideoProfile
) -> None:
    source = numbered_video(tmp_path / "a.mp4", 30, video=SOURCES[kind])
    written = transcode_video(output, [wanted(source, range(13, 30))], profile)
    assert written.frames == 17
    assert numbers_shown(output, 30) == list(range(13, 30))
    index = index_video(output)
    assert (index.codec, index.pixel_format, index.has_b_frames) == ("h264", "yuv420p", False)
    assert (index.width, index.height) == (written.width, written.height)


def test_an_odd_size_loses_its_last_column_and_row(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 3, video=SOURCES["odd size"])
    written = transcode_video(output, [wanted(source, range(3))], AS_CAPTURED)
    assert (written.width, written.height) == (96, 62)


def test_frames_are_repeated_and_left_out_as_asked(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 30, video=B_FRAMES)
    frames = [3, 3, 3, 4, 9, 9, 20, 29, 29]
    written = transcode_video(output, [wanted(source, *frames)], PROFILE)
    assert written.frames == 9
    assert numbers_shown(output, 30) == frames


def test_times_that_jitter_come_onto_the_grid(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 30, jitter_ns=20_000_000)
    transcode_video(output, [wanted(source, range(30))], VideoProfile(fps=24))
    assert numbers_shown(output, 24) == list(range(30))


def test_sessions_share_a_file_and_each_begins_with_a_keyframe(tmp_path: Path, output: Path) -> None:
    one = numbered_video(tmp_path / "a.mp4", 30, video=B_FRAMES)
    other = numbered_video(tmp_path / "b.mp4", 30, first_number=100, video=SOURCES["HEVC"])
    profile = replace(PROFILE, keyframe_interval=1000)
    written = transcode_video(output, [wanted(one, range(5, 22)), wanted(other, range(8))], profile)
    assert [segment.first_frame for segment in written.segments] == [0, 17]
    assert numbers_shown(output, 30) == [*range(5, 22), *range(100, 108)]
    assert np.flatnonzero(index_video(output).keyframe).tolist() == [0, 17]


def test_keyframes_come_as_often_as_asked(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 30)
    transcode_video(output, [wanted(source, range(30))], replace(PROFILE, keyframe_interval=8))
    assert np.flatnonzero(index_video(output).keyframe).tolist() == [0, 8, 16, 24]


def test_the_audio_track_stays_behind(tmp_path: Path, output: Path) -> None:
    source = with_audio(numbered_video(tmp_path / "a.mp4", 30), tmp_path / "b.mp4")
    transcode_video(output, [wanted(source, range(30))], PROFILE)
    assert index_video(output).audio_tracks == 0
    assert numbers_shown(output, 30) == list(range(30))


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_a_turned_video_is_stored_upright(tmp_path: Path, output: Path, degrees: int, turns: int) -> None:
    source = turn(numbered_video(tmp_path / "a.mp4", 2, first_number=0x1234), degrees)
    written = transcode_video(output, [wanted(source, range(2))], AS_CAPTURED)
    expected = np.rot90(picture_of(0x1234, 96, 64), turns)
    assert (written.height, written.width) == expected.shape[:2]
    shown = pictures_in(output)[0]
    assert np.abs(shown.astype(int) - expected).mean() < 10


def test_a_turn_that_is_no_quarter_is_refused(tmp_path: Path, output: Path) -> None:
    segment = wanted(numbered_video(tmp_path / "a.mp4", 2), range(2))
    with pytest.raises(RecordingError, match="turned by 45 degrees"):
        transcode_video(output, [replace(segment, index=replace(segment.index, rotation=45))], PROFILE)
    assert not output.exists()


@pytest.mark.parametrize("damage", [lambda old: b"\xff" * len(old), lambda old: bytes(len(old)), half_lost])
def test_damage_is_named_by_its_frame_and_shifts_no_other(
    tmp_path: Path, output: Path, damage: Callable[[bytes], bytes]
) -> None:
    source = numbered_video(tmp_path / "a.mp4", 30)
    index = index_video(source)
    content = bytearray(source.read_bytes())
    place = slice(int(index.offset[17]), int(index.offset[17] + index.size_bytes[17]))
    content[place] = damage(bytes(content[place]))
    source.write_bytes(content)
    with pytest.raises(RecordingError, match=r"a\.mp4, frame 17: cannot be decoded"):
        transcode_video(output, [wanted(source, range(30))], PROFILE)
    assert not output.exists()
    written = transcode_video(output, [wanted(source, range(17)), wanted(source, range(20, 30))], PROFILE)
    assert numbers_shown(output, 30) == [*range(17), *range(20, 30)]
    assert written.frames == 27


def test_frames_before_the_first_keyframe_are_refused(tmp_path: Path, output: Path) -> None:
    segment = wanted(numbered_video(tmp_path / "a.mp4", 30), range(5, 30))
    headless = replace(segment.index, keyframe=segment.index.keyframe & (np.arange(30) >= 20))
    with pytest.raises(RecordingError, match="frame 5: cannot be decoded, because no keyframe comes before it"):
        transcode_video(output, [replace(segment, index=headless)], PROFILE)


def test_progress_counts_every_frame_once(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 150)
    steps: list[int] = []
    transcode_video(output, [wanted(source, range(150))], PROFILE, progress=steps.append)
    assert sum(steps) == 150
    assert len(steps) > 1


def test_a_source_that_has_vanished_is_named(tmp_path: Path, output: Path) -> None:
    segment = wanted(numbered_video(tmp_path / "a.mp4", 2), range(2))
    segment.path.unlink()
    with pytest.raises(RecordingError, match=r"a\.mp4: cannot be opened: No such file"):
        transcode_video(output, [segment], PROFILE)
    assert not output.exists()


def test_a_file_that_does_not_tell_places_is_refused(tmp_path: Path, output: Path) -> None:
    segment = wanted(numbered_video(tmp_path / "a.mp4", 2), range(2))
    nowhere = replace(segment.index, offset=np.array([-1, -1]))
    with pytest.raises(RecordingError, match="does not say where its frames are"):
        transcode_video(output, [replace(segment, index=nowhere)], PROFILE)


def test_a_codec_that_nothing_here_decodes_is_named(tmp_path: Path, output: Path) -> None:
    segment = wanted(numbered_video(tmp_path / "a.mp4", 2), range(2))
    strange = replace(segment.index, codec="dvh1")
    with pytest.raises(RecordingError, match="this installation cannot decode dvh1"):
        transcode_video(output, [replace(segment, index=strange)], PROFILE)


def test_a_directory_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 2)
    with pytest.raises(OutputError, match="cannot be written"):
        transcode_video(tmp_path / "missing" / "file.mp4", [wanted(source, range(2))], PROFILE)


def test_statistics_are_those_of_the_encoded_pictures(tmp_path: Path, output: Path) -> None:
    source = numbered_video(tmp_path / "a.mp4", 60)
    written = transcode_video(output, [wanted(source, range(60))], PROFILE)
    shown = pictures_in(output) / 255
    (stats,) = written.image_stats
    assert stats.count == 60
    np.testing.assert_allclose(stats.mean.reshape(3), shown.mean((0, 1, 2)), atol=0.02)
    np.testing.assert_allclose(stats.std.reshape(3), shown.std((0, 1, 2)), atol=0.02)
