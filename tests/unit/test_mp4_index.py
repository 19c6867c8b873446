from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import RecordingError
from playloom.recording.mp4_index import index_video
from tests.support import mp4_files
from tests.support.fuzz_corpus import tiny_mp4


@pytest.mark.parametrize("shape", sorted(mp4_files.SHAPES))
def test_the_index_says_of_every_packet_what_ffmpeg_says(tmp_path: Path, shape: str) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", shape)
    index, expected = index_video(path), mp4_files.packets(path)
    assert index.sample_entry, "the packet scan was not needed"
    assert index.pts.tolist() == expected.pts
    assert index.dts.tolist() == expected.dts
    assert index.size_bytes.tolist() == expected.size_bytes
    assert index.offset.tolist() == expected.offset
    assert index.keyframe.tolist() == expected.keyframe
    assert index.pts[index.presentation_order].tolist() == expected.shown_pts
    assert index.pixel_format == expected.pixel_format
    assert index.frames == mp4_files.FRAMES
    assert index.damage == []


def test_codec_size_and_tracks_are_told(tmp_path: Path) -> None:
    index = index_video(mp4_files.make(tmp_path / "video.mp4", "audio", size="98x66"))
    assert (index.codec, index.width, index.height, index.pixel_format) == ("h264", 98, 66, "yuv420p")
    assert (index.audio_tracks, index.rotation, index.time_base) == (1, 0, Fraction(1, 15360))
    assert index.has_b_frames
    assert index.sample_entry[4:8] == b"avc1"
    assert index.codec_config in index.sample_entry


def test_odd_sizes_are_those_of_the_picture(tmp_path: Path) -> None:
    index = index_video(mp4_files.make(tmp_path / "video.mp4", "odd_size"))
    assert (index.width, index.height, index.pixel_format) == (97, 65, "yuv444p")


@pytest.mark.parametrize(("shape", "codec"), [("hevc", "hevc"), ("av1", "av1"), ("vp9", "vp9"), ("mpeg4", "mpeg4")])
def test_other_codecs_go_by_ffmpegs_names(tmp_path: Path, shape: str, codec: str) -> None:
    assert index_video(mp4_files.make(tmp_path / "video.mp4", shape)).codec == codec


def test_presentation_times_are_sorted_nanoseconds(tmp_path: Path) -> None:
    index = index_video(mp4_files.make(tmp_path / "video.mp4", "b_frames"))
    assert index.presentation_ns[:4].tolist() == [0, 33_333_333, 66_666_667, 100_000_000]
    assert np.all(np.diff(index.presentation_ns) > 0)


def test_a_cut_without_reencoding_hides_the_frames_in_front_of_it(tmp_path: Path) -> None:
    whole = mp4_files.make(tmp_path / "whole.mp4", "b_frames")
    cut = tmp_path / "cut.mp4"
    mp4_files.ffmpeg("-ss", "0.75", "-i", str(whole), "-t", "0.4", "-c", "copy", str(cut))
    index, expected = index_video(cut), mp4_files.packets(cut)
    assert index.hidden.tolist() == expected.hidden
    assert index.hidden.any()
    assert index.pts.tolist() == expected.pts
    assert index.pts[index.presentation_order].tolist() == expected.shown_pts


def test_parameter_sets_that_are_repeated_in_front_of_keyframes_are_no_change(tmp_path: Path) -> None:
    for codec, more in (("libx264", "repeat-headers=1"), ("libx265", "repeat-headers=1:open-gop=0:log-level=0")):
        video = tmp_path / f"{codec}.mp4"
        moving_picture(video, "96x64", "-c:v", codec, "-g", "5", f"-{codec[3:]}-params", more)
        index = index_video(video)
        assert int(index.keyframe.sum()) >= 3
        assert index.settings_change is None


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_size_that_changes_in_the_middle_is_found_at_its_keyframe(tmp_path: Path, codec: str) -> None:
    parts = [tmp_path / f"{size}.ts" for size in ("96x64", "128x80")]
    for part in parts:
        moving_picture(part, part.stem, "-c:v", codec, "-bf", "0", "-x265-params", "log-level=0")
    (tmp_path / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    mp4_files.ffmpeg("-i", str(tmp_path / "both.ts"), "-c", "copy", str(tmp_path / "video.mp4"))
    assert index_video(tmp_path / "video.mp4").settings_change == 15


def moving_picture(path: Path, size: str, *options: str) -> None:
    source = f"testsrc=size={size}:rate=30:duration=0.5"
    mp4_files.ffmpeg("-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", *options, str(path))


def test_a_delayed_start_is_part_of_the_times(tmp_path: Path) -> None:
    whole = mp4_files.make(tmp_path / "whole.mp4", "b_frames")
    late = tmp_path / "late.mp4"
    mp4_files.ffmpeg("-itsoffset", "0.5", "-i", str(whole), "-c", "copy", str(late))
    index = index_video(late)
    assert index.presentation_ns[0] == 500_000_000
    assert index.pts.tolist() == mp4_files.packets(late).pts


def test_rotation_is_told_clockwise(tmp_path: Path) -> None:
    whole = mp4_files.make(tmp_path / "whole.mp4", "plain")
    turned = tmp_path / "turned.mp4"
    # FFmpeg's tag counts anticlockwise when written this way: its own player turns this by 270 degrees clockwise.
    mp4_files.ffmpeg("-i", str(whole), "-c", "copy", "-metadata:s:v", "rotate=90", str(turned))
    assert index_video(turned).rotation == 270


def test_frames_in_front_of_the_first_keyframe_are_hidden_and_told(tmp_path: Path) -> None:
    whole = mp4_files.make(tmp_path / "whole.mp4", "plain")
    headless = tmp_path / "headless.mp4"
    mp4_files.ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=drop=not(n)", str(headless))
    index = index_video(headless)
    assert (len(index.pts), index.frames) == (44, 30)
    assert index.pts[index.presentation_order].tolist() == mp4_files.packets(headless).shown_pts
    assert [damage.problem for damage in index.damage] == ["the first 14 frames come before any keyframe and are lost"]


def test_an_open_gop_picture_is_no_keyframe(tmp_path: Path) -> None:
    path = tmp_path / "open.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=30:duration=1.5")
    mp4_files.ffmpeg(
        *source, "-c:v", "libx265", "-x265-params", "log-level=0:open-gop=1:keyint=15:bframes=3", str(path)
    )
    keyframes = np.flatnonzero(index_video(path).keyframe).tolist()
    assert keyframes == [0]


def test_a_fragment_cut_in_its_data_keeps_its_whole_frames(tmp_path: Path) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", "fragmented")
    content, whole = path.read_bytes(), index_video(path)
    path.write_bytes(content[: int(whole.offset[40]) + 5])
    index = index_video(path)
    assert index.pts.tolist() == whole.pts[:40].tolist()
    lost_bytes = int(whole.size_bytes[40:].sum())
    assert [damage.problem for damage in index.damage] == [
        f"5 of 45 frames ({lost_bytes} bytes) lie beyond the end of the file, the first is frame 40"
    ]
    assert index.damage[0].place == f"byte {int(whole.offset[40])}"


def test_a_fragment_cut_in_its_header_is_lost_whole(tmp_path: Path) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", "fragmented")
    content = path.read_bytes()
    start = content.rindex(b"moof") - 4
    path.write_bytes(content[: start + 50])
    index = index_video(path)
    assert index.frames == 30
    assert [str(damage) for damage in index.damage] == [
        f"{path}, byte {start}: the file ends inside a fragment's header; the fragment (50 bytes) is lost"
    ]


def test_zeros_behind_the_last_fragment_are_told(tmp_path: Path) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", "fragmented")
    content = path.read_bytes()
    content = content[: content.rindex(b"mfra") - 4] if b"mfra" in content else content
    path.write_bytes(content + bytes(4096))
    index = index_video(path)
    assert index.frames == 45
    assert [damage.problem for damage in index.damage] == [
        "the last 4096 bytes are no MP4 boxes; what they held is lost"
    ]


def test_a_video_with_its_tables_in_front_keeps_what_is_in_the_file(tmp_path: Path) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", "faststart")
    content, whole = path.read_bytes(), index_video(path)
    path.write_bytes(content[: int(whole.offset[20])])
    index = index_video(path)
    assert index.pts.tolist() == whole.pts[:20].tolist()
    assert "25 of 45 frames" in index.damage[0].problem


def test_a_recording_cut_off_before_its_tables_says_what_to_do(tmp_path: Path) -> None:
    path = mp4_files.make(tmp_path / "video.mp4", "plain")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"moov") - 4])
    with pytest.raises(RecordingError, match="ends without a list of frames") as caught:
        index_video(path)
    assert "record in fragments" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"not a video at all, but a text", "no MP4 video"),
        (struct.pack(">I4s", 16, b"ftyp") + b"isom" + bytes(4), "ends without a list of frames"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=problem):
        index_video(path)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(RecordingError, match="it is no file"):
        index_video(tmp_path / "pipe.mp4")
    with pytest.raises(RecordingError, match="No such file"):
        index_video(tmp_path / "none.mp4")
    with pytest.raises(RecordingError, match="cannot be"):
        index_video(tmp_path)


def test_a_file_with_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    mp4_files.ffmpeg("-f", "lavfi", "-i", "sine=duration=0.5", str(path))
    with pytest.raises(RecordingError, match="no video track"):
        index_video(path)


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    content = tiny_mp4(fragmented=True)
    path = tmp_path / "video.mp4"
    path.write_bytes(content[: content.index(b"moof") - 4])
    with pytest.raises(RecordingError, match="the video has no frames"):
        index_video(path)


def test_a_video_of_no_length_is_refused(tmp_path: Path) -> None:
    content = bytearray(tiny_mp4())
    at = content.index(b"stts") + 16
    content[at : at + 4] = bytes(4)
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="all frames of the video have the same time"):
        index_video(path)


def test_a_speed_change_is_left_to_ffmpeg(tmp_path: Path) -> None:
    content = bytearray(tiny_mp4())
    at = content.index(b"elst") + 20
    content[at : at + 4] = struct.pack(">I", 0x2_0000)
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    index = index_video(path)
    assert index.frames == 8
    assert (index.sample_entry, index.codec, index.pixel_format) == (b"", "h264", "yuv420p")
