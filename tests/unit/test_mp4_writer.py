from __future__ import annotations

import resource
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import OutputError, RecordingError
from playloom.recording.mp4_index import VideoIndex, index_video
from playloom.recording.mp4_writer import Mp4Writer, comparable_sample_entry
from tests.support import mp4_files

COPIED = [
    "plain",
    "b_frames",
    "long_gop",
    "fragmented",
    "fragmented_b_frames",
    "fragmented_negative_offsets",
    "jittered",
    "audio",
    "odd_size",
    "hevc",
    "av1",
    "parameters_in_band",
]


def shown_at(index: VideoIndex) -> np.ndarray:
    positions = np.empty(len(index.pts), np.int64)
    positions[index.presentation_order] = np.arange(index.frames)
    return positions


def copy(sources: list[Path], target: Path, fps: int | Fraction = 30) -> None:
    indexes = [index_video(source) for source in sources]
    first = indexes[0]
    writer = Mp4Writer(target, sample_entry=first.sample_entry, width=first.width, height=first.height, fps=fps)
    for index in indexes:
        before = writer.frames
        writer.add_samples(index.path, index.offset, index.size_bytes, index.keyframe, shown_at(index) + before)
    writer.finish()


@pytest.mark.parametrize("shape", COPIED)
def test_every_copied_frame_is_the_frame_on_an_even_grid_on_both_decoders(tmp_path: Path, shape: str) -> None:
    source = mp4_files.make(tmp_path / "source.mp4", shape)
    target = tmp_path / "copy.mp4"
    copy([source, source], target)

    _, expected = mp4_files.pictures(source)
    seconds, frames = mp4_files.pictures(target)
    assert len(frames) == 90
    assert all(np.array_equal(frame, expected[k % 45]) for k, frame in enumerate(frames))
    assert seconds == pytest.approx([k / 30 for k in range(90)], abs=1e-6)

    decoders = pytest.importorskip("torchcodec.decoders")
    original, copied = decoders.VideoDecoder(str(source)), decoders.VideoDecoder(str(target))
    assert len(copied) == 90
    for k in (0, 89, 44, 45, 46, 7, 63):
        frame = copied.get_frame_at(k)
        assert frame.pts_seconds == pytest.approx(k / 30, abs=1e-6)
        assert bool((frame.data == original.get_frame_at(k % 45).data).all())


@pytest.mark.parametrize("shape", ["plain", "b_frames", "parameters_in_band", "av1"])
def test_a_copy_plays_without_complaint(tmp_path: Path, shape: str) -> None:
    source, target = mp4_files.make(tmp_path / "source.mp4", shape), tmp_path / "copy.mp4"
    copy([source], target)
    played = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(target), "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    assert played.stderr == ""


def test_the_copy_says_what_was_planned(tmp_path: Path) -> None:
    source, target = mp4_files.make(tmp_path / "source.mp4", "b_frames"), tmp_path / "copy.mp4"
    copy([source], target, Fraction(30_000, 1001))
    before, after = index_video(source), index_video(target)
    assert after.time_base == Fraction(1, 30_000)
    assert after.pts[after.presentation_order].tolist() == [1001 * k for k in range(45)]
    assert after.size_bytes.tolist() == before.size_bytes.tolist()
    assert after.keyframe.tolist() == before.keyframe.tolist()
    assert (after.codec, after.width, after.height) == ("h264", 96, 64)
    assert target.read_bytes().index(b"moov") < target.read_bytes().index(b"mdat")


def test_recordings_with_the_same_settings_may_share_a_file_and_others_not(tmp_path: Path) -> None:
    entries = {
        name: comparable_sample_entry(index_video(mp4_files.make(tmp_path / f"{name}.mp4", shape)).sample_entry)
        for name, shape in (("a", "b_frames"), ("again", "faststart"), ("no_b", "plain"), ("hevc", "hevc"))
    }
    assert entries["a"] == entries["again"]
    assert entries["a"] != entries["no_b"]
    assert entries["a"] != entries["hevc"]


def test_bit_rates_do_not_part_recordings() -> None:
    entry = (94).to_bytes(4) + b"avc1" + bytes(78) + (8).to_bytes(4) + b"avcC"
    assert comparable_sample_entry(entry + (20).to_bytes(4) + b"btrt" + bytes(12)) == comparable_sample_entry(entry)
    assert comparable_sample_entry(entry + (8).to_bytes(4) + b"pasp") != comparable_sample_entry(entry)


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    source, target = mp4_files.make(tmp_path / "source.mp4", "plain"), tmp_path / "copy.mp4"
    target.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        copy([source], target)
    assert target.read_bytes() == b"mine"


def test_a_source_that_became_shorter_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    source, target = mp4_files.make(tmp_path / "source.mp4", "faststart"), tmp_path / "copy.mp4"
    index = index_video(source)
    writer = Mp4Writer(target, sample_entry=index.sample_entry, width=96, height=64, fps=30)
    writer.add_samples(source, index.offset, index.size_bytes, index.keyframe, shown_at(index))
    source.write_bytes(source.read_bytes()[: int(index.offset[30])])
    with pytest.raises(RecordingError, match="the file ends before the video does") as caught:
        writer.finish()
    assert caught.value.place == f"byte {int(index.offset[30])}"
    assert not target.exists()


def test_a_disk_that_takes_no_more_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    source, target = mp4_files.make(tmp_path / "source.mp4", "plain"), tmp_path / "copy.mp4"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            copy([source], target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not target.exists()


def test_a_file_system_without_kernel_copies_is_copied_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = mp4_files.make(tmp_path / "source.mp4", "audio")
    copy([source], tmp_path / "kernel.mp4")
    monkeypatch.delattr("os.copy_file_range")
    copy([source], tmp_path / "by_hand.mp4")
    assert (tmp_path / "by_hand.mp4").read_bytes() == (tmp_path / "kernel.mp4").read_bytes()
