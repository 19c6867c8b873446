"""Bad sessions beside a good one: each is repaired with a note or skipped with a reason, and costs only itself."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from playloom.errors import PlayloomError
from tests.support.conversions import VIDEO_KEY, convert, read_episodes, read_info
from tests.support.mp4_files import ffmpeg
from tests.support.numbered_sessions import (
    START_NS,
    NumberedVideo,
    expected_action,
    write_numbered_session,
    write_numbered_video,
)
from workers.convert import VideoPath

Damage = Callable[[Path], None]


def rewrite_sync(change: Callable[[list[str]], list[str]]) -> Damage:
    def damage(session: Path) -> None:
        header, *rows = (session / "sync.csv").read_text().splitlines()
        (session / "sync.csv").write_text("\n".join([header, *change(rows)]) + "\n")

    return damage


def overwrite(name: str, content: bytes) -> Damage:
    def damage(session: Path) -> None:
        (session / name).write_bytes(content)

    return damage


def remove(name: str) -> Damage:
    return lambda session: (session / name).unlink()


def random_bytes(name: str, count: int = 4096) -> Damage:
    return overwrite(name, np.random.default_rng(3).bytes(count))


def without_frames(session: Path) -> None:
    content = (session / "capture.mp4").read_bytes()
    (session / "capture.mp4").write_bytes(content[: content.index(b"moof") - 4])


UNUSABLE: dict[str, tuple[Damage, str]] = {
    "no video": (remove("capture.mp4"), "capture.mp4: is missing"),
    "no sync.csv": (remove("sync.csv"), "sync.csv: is missing"),
    "no actions.bin": (remove("actions.bin"), "actions.bin: is missing"),
    "an empty video": (overwrite("capture.mp4", b""), "capture.mp4: is empty"),
    "a video of no frames": (without_frames, "capture.mp4"),
    "an empty sync.csv": (overwrite("sync.csv", b""), "sync.csv: is empty"),
    "an empty actions.bin": (overwrite("actions.bin", b""), "actions.bin: is empty"),
    "a sync.csv of a header only": (rewrite_sync(lambda rows: []), "sync.csv: has no rows"),
    "a sync.csv of words": (rewrite_sync(lambda rows: ["a,b,c"]), "sync.csv, line 2"),
    "a random video": (random_bytes("capture.mp4"), "capture.mp4"),
    "a random actions.bin": (random_bytes("actions.bin"), "actions.bin"),
    "a length prefix of 4 GB": (overwrite("actions.bin", struct.pack("<I", 0xFFFFFFFF) + b"x" * 64), "actions.bin"),
    "a session.json that is none": (overwrite("session.json", b"[1,"), "session.json"),
    "rows in reverse": (rewrite_sync(lambda rows: rows[::-1]), "sync.csv, row 1: "),
    "one time for all rows": (
        rewrite_sync(lambda rows: [f"{n},{START_NS},{n * 33_000_000}" for n in range(len(rows))]),
        "sync.csv, row 2: 23 of 24 rows repeat the time of the row before. Its times cannot be trusted",
    ),
    "one row for all frames": (rewrite_sync(lambda rows: rows[:1]), "has 1 usable frames"),
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("originals")
    write_numbered_session(directory / "good", 20)
    write_numbered_session(directory / "victim", 24, video=NumberedVideo(b_frames=2))
    return directory


def test_each_unusable_session_is_skipped_with_its_file_and_fault_and_the_good_ones_go_on(
    originals: Path, tmp_path: Path
) -> None:
    shutil.copytree(originals / "good", tmp_path / "sessions" / "0 good")
    for name, (damage, _) in UNUSABLE.items():
        shutil.copytree(originals / "victim", tmp_path / "sessions" / name)
        damage(tmp_path / "sessions" / name)
    shutil.copytree(originals / "good", tmp_path / "sessions" / "z good")

    report = convert(tmp_path, jobs=2)

    assert report.converted == ("0 good", "z good")
    assert set(report.skipped) == set(UNUSABLE)
    for name, (_, reason) in UNUSABLE.items():
        assert reason in report.skipped[name], name
        assert str(tmp_path) not in report.skipped[name], name  # the session is named already
    assert [episode.numbers for episode in read_episodes(tmp_path / "dataset")] == [list(range(20))] * 2


def truncate(name: str, keep: float) -> Damage:
    def damage(session: Path) -> None:
        content = (session / name).read_bytes()
        (session / name).write_bytes(content[: int(len(content) * keep)])

    return damage


def swap_rows(rows: list[str]) -> list[str]:
    return [*rows[:7], rows[8], rows[7], *rows[9:]]


def repeat_time(rows: list[str]) -> list[str]:
    index, _, pts = rows[6].split(",")
    return [*rows[:6], f"{index},{rows[5].split(',')[1]},{pts}", *rows[7:]]


def cut_off_file(session: Path) -> None:
    content = (session / "capture.mp4").read_bytes()
    (session / "capture.mp4").write_bytes(content[: content.rindex(b"moof") + 40])


REPAIRED: dict[str, tuple[Damage, list[int], str]] = {
    "fewer rows than frames": (rewrite_sync(lambda rows: rows[:-4]), list(range(20)), "has 20 rows"),
    "a row missing in the middle": (
        rewrite_sync(lambda rows: rows[:5] + rows[6:]),
        [*range(5), *range(6, 24)],
        "the 23 that belong together by their pts are kept",
    ),
    "more rows than frames": (
        rewrite_sync(lambda rows: [*rows, f"24,{START_NS + 800_000_000},800000000"]),
        list(range(24)),
        "has 25 rows for the 24 frames",
    ),
    "two rows swapped": (rewrite_sync(swap_rows), list(range(24)), "out of the order of time"),
    "a time that repeats": (rewrite_sync(repeat_time), list(range(24)), "same time"),
    "a last row cut off": (truncate("sync.csv", 0.995), list(range(23)), "cut short"),
    "a truncated actions.bin": (truncate("actions.bin", 0.99), list(range(24)), "actions.bin"),
    "a truncated video": (cut_off_file, list(range(20)), "capture.mp4"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_a_damaged_session_keeps_what_is_whole_and_says_what_was_lost(
    name: str, originals: Path, tmp_path: Path
) -> None:
    damage, numbers, said = REPAIRED[name]
    shutil.copytree(originals / "victim", tmp_path / "sessions" / "a")
    damage(tmp_path / "sessions" / "a")

    report = convert(tmp_path)

    episodes = read_episodes(tmp_path / "dataset")
    assert [number for episode in episodes for number in episode.numbers] == numbers
    assert any(said in sentence for sentence in report.warnings["a"]), report.warnings
    if name not in ("two rows swapped", "a time that repeats", "a truncated actions.bin"):
        for episode in episodes:
            assert episode.action.tolist() == [expected_action(number) for number in episode.numbers]


@pytest.mark.parametrize("name", REPAIRED)
def test_strict_accepts_no_damage_names_the_session_and_leaves_nothing(
    name: str, originals: Path, tmp_path: Path
) -> None:
    shutil.copytree(originals / "good", tmp_path / "sessions" / "a")
    shutil.copytree(originals / "victim", tmp_path / "sessions" / "b")
    REPAIRED[name][0](tmp_path / "sessions" / "b")

    with pytest.raises(PlayloomError, match=r"The session b cannot be converted: .* no dataset was written"):
        convert(tmp_path, strict=True)

    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["game.yaml", "profile.yaml", "sessions"]


def test_strict_stops_at_a_session_with_a_missing_file(originals: Path, tmp_path: Path) -> None:
    shutil.copytree(originals / "good", tmp_path / "sessions" / "a")
    shutil.copytree(originals / "good", tmp_path / "sessions" / "b")
    (tmp_path / "sessions" / "b" / "sync.csv").unlink()

    with pytest.raises(PlayloomError, match=r"The session b cannot be converted: .*sync.csv: is missing"):
        convert(tmp_path, strict=True)

    assert not (tmp_path / "dataset").exists()
    assert not (tmp_path / ".dataset.partial").exists()


def test_without_a_single_usable_session_there_is_no_dataset_and_every_reason_is_said(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "sessions" / name).mkdir(parents=True)
        (tmp_path / "sessions" / name / "sync.csv").write_text("frame_index,monotonic_ns,pts\n")

    with pytest.raises(PlayloomError) as raised:
        convert(tmp_path)

    assert "None of the 2 sessions can be converted: a: " in str(raised.value)
    assert not (tmp_path / "dataset").exists()


def test_a_root_without_sessions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()

    with pytest.raises(PlayloomError, match="There are no sessions in"):
        convert(tmp_path)


def test_what_session_json_says_of_lost_data_is_passed_on(tmp_path: Path) -> None:
    session = write_numbered_session(tmp_path / "sessions" / "a", 20)
    info = {
        "format_version": 1,
        "session_id": "a",
        "source": "test",
        "clock": {"kind": "monotonic", "started_unix_ns": 0, "started_monotonic_ns": 0},
        "counts": {"frames": 20, "repeated": 0, "dropped": 0, "late": 0},
        "marks": [],
        "files": {"actions.bin": {"bytes": 1, "sha256": "0" * 64}},
        "recovery": {"lost": ["the last second of capture.mp4"]},
    }
    (session / "session.json").write_text(json.dumps(info))

    report = convert(tmp_path)

    size = (session / "actions.bin").stat().st_size
    assert report.warnings["a"] == (
        "the recording was cut off and recovered; lost: the last second of capture.mp4",
        f"actions.bin: has {size} bytes, session.json tells of 1",
    )
    with pytest.raises(PlayloomError, match="the recording was cut off"):
        convert(tmp_path, strict=True, output_root=tmp_path / "other")


# Unusual videos


def session_with(directory: Path, name: str, write: Callable[[Path], None], count: int = 24) -> None:
    session = write_numbered_session(directory / "sessions" / name, count)
    (session / "capture.mp4").unlink()
    write(session / "capture.mp4")


def numbered(**settings: object) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        video = NumberedVideo(**settings)  # type: ignore[arg-type]
        write_numbered_video(path, range(24), [round(number * 1e9 / 30) for number in range(24)], video)

    return write


def with_audio(path: Path) -> None:
    numbered()(path.with_suffix(".silent.mp4"))
    with av.open(str(path.with_suffix(".silent.mp4"))) as source, av.open(str(path), "w", format="mp4") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        sound = output.add_stream("aac", rate=48_000)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                output.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        for number in range(30):
            frame.sample_rate, frame.pts = 48_000, number * 1024
            output.mux(sound.encode(frame))
        output.mux(sound.encode())
    path.with_suffix(".silent.mp4").unlink()


def of_two_sizes(path: Path) -> None:
    """Two encoders' streams, one after the other, as a screen whose resolution changes gives them."""
    streams = []
    for part, (width, height) in enumerate(((96, 64), (128, 80))):
        stream = path.with_name(f"{part}.h264")
        at_ns = [round(number * 1e9 / 30) for number in range(12)]
        with_size = NumberedVideo(width=width, height=height)
        write_numbered_video(path, range(part * 12, part * 12 + 12), at_ns, with_size)
        ffmpeg("-i", str(path), "-c", "copy", "-bsf:v", "h264_mp4toannexb", str(stream))
        streams.append(stream.read_bytes())
        stream.unlink()
    joined = path.with_name("joined.h264")
    joined.write_bytes(b"".join(streams))
    ffmpeg("-r", "30", "-i", str(joined), "-c", "copy", str(path))
    joined.unlink()


def repeating_its_settings(path: Path) -> None:
    numbered(options={"x264-params": "repeat-headers=1"})(path)


def cut_by_an_edit_list(path: Path) -> None:
    """24 frames of 44: a player is told to begin in the middle of a group, and to stop before the end."""
    whole = path.with_name("whole.mp4")
    numbers = [*range(900, 913), *range(24), *range(950, 957)]
    at_ns = [round(place * 1e9 / 30) for place in range(len(numbers))]
    write_numbered_video(whole, numbers, at_ns, NumberedVideo(b_frames=2, movflags="faststart"))
    ffmpeg("-ss", "0.4333", "-i", str(whole), "-t", "0.8", "-c", "copy", str(path))
    whole.unlink()


def variable_rate(path: Path) -> None:
    at_ns = [round(number * 1e9 / 30 + (number % 5) * 4_000_000) for number in range(24)]
    write_numbered_video(path, range(24), at_ns, NumberedVideo())


VIDEOS: dict[str, tuple[Callable[[Path], None], bool]] = {
    "with audio": (with_audio, True),
    "with B-frames": (numbered(b_frames=4, keyframe_interval=12), True),
    "with a variable frame rate": (variable_rate, True),
    "with a long keyframe interval": (numbered(keyframe_interval=500), True),
    "not fragmented": (numbered(movflags="faststart", b_frames=2), True),
    "of odd size": (numbered(width=97, height=65, pixel_format="yuv444p"), False),
    "of yuv444": (numbered(pixel_format="yuv444p"), False),
    "of HEVC": (numbered(codec="libx265", options={"x265-params": "log-level=none"}), False),
    "of AV1": (numbered(codec="libsvtav1", options={"preset": "10", "crf": "20"}), False),
    "of MPEG-4 part 2, as LeGamer's tests write": (numbered(codec="mpeg4", options={"qscale": "3"}), False),
    "repeating its settings in front of every keyframe": (repeating_its_settings, True),
    "of two sizes": (of_two_sizes, False),
    "cut by an edit list": (cut_by_an_edit_list, True),
    "of another size": (numbered(width=128, height=80), False),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_every_kind_of_video_comes_out_right_and_is_copied_where_that_is_exact(name: str, tmp_path: Path) -> None:
    write, copyable = VIDEOS[name]
    session_with(tmp_path, "b", write)
    write_numbered_session(tmp_path / "sessions" / "a", 5)

    report = convert(tmp_path)

    assert report.copied == 1 + copyable
    _, episode = read_episodes(tmp_path / "dataset")
    assert episode.numbers == list(range(24))
    assert episode.action.tolist() == [expected_action(number) for number in range(24)]
    if not copyable:
        assert any(sentence.startswith("transcoded, because ") for sentence in report.warnings["b"])


def test_a_video_that_does_not_begin_with_a_keyframe_loses_the_frames_before_the_first(tmp_path: Path) -> None:
    def beheaded(path: Path) -> None:
        numbered(keyframe_interval=10)(path.with_suffix(".whole.mp4"))
        with av.open(str(path.with_suffix(".whole.mp4"))) as source, av.open(str(path), "w", format="mp4") as output:
            stream = output.add_stream_from_template(source.streams.video[0])
            for packet in list(source.demux(video=0))[1:]:
                if packet.dts is not None:
                    packet.stream = stream
                    output.mux(packet)
        path.with_suffix(".whole.mp4").unlink()

    session_with(tmp_path, "a", beheaded)

    report = convert(tmp_path)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.numbers == list(range(10, 24))
    assert episode.action.tolist() == [expected_action(number) for number in range(10, 24)]
    assert any("capture.mp4" in sentence for sentence in report.warnings["a"])


def test_an_odd_size_loses_its_last_column_and_row(tmp_path: Path) -> None:
    session_with(tmp_path, "a", numbered(width=97, height=65, pixel_format="yuv444p"))

    report = convert(tmp_path)

    assert (report.width, report.height) == (96, 64)
    assert read_episodes(tmp_path / "dataset")[0].numbers == list(range(24))


def test_what_cannot_be_copied_is_skipped_with_the_reason_when_only_copying_is_allowed(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 5)
    session_with(tmp_path, "b", numbered(pixel_format="yuv444p"))

    report = convert(tmp_path, video=VideoPath.COPY)

    assert "cannot be copied into this dataset: its pixel format is yuv444p" in report.skipped["b"]
    assert "Convert with --video auto" in report.skipped["b"]


def test_a_video_of_two_sizes_is_not_copied(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 5)
    session_with(tmp_path, "b", of_two_sizes)

    report = convert(tmp_path, video=VideoPath.COPY)

    assert "its size or settings change in the middle" in report.skipped["b"]


def test_a_video_turned_by_its_player_is_shown_upright(tmp_path: Path) -> None:
    def turned(path: Path) -> None:
        numbered(movflags="faststart")(path)
        content = bytearray(path.read_bytes())
        upright = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
        half_turn = struct.pack(">9i", -0x10000, 0, 0, 0, -0x10000, 0, 96 << 16, 64 << 16, 0x40000000)
        place = content.index(upright, content.index(b"tkhd"))
        content[place : place + len(half_turn)] = half_turn
        path.write_bytes(content)

    session_with(tmp_path, "a", turned)

    report = convert(tmp_path)

    assert report.copied == 0
    (episode,) = read_episodes(tmp_path / "dataset")
    mirrored = [int(f"{number:016b}"[::-1], 2) for number in range(24)]
    assert episode.numbers == mirrored


def test_names_with_spaces_unicode_and_dots_stay_names(tmp_path: Path) -> None:
    names = ["..session", "a b  c", "ünïcödé 日本", "x'; rm -rf", "[bold]red[/bold]"]
    for name in names:
        write_numbered_session(tmp_path / "sessions" / name, 6)
    (tmp_path / "sessions" / "..session").rename(tmp_path / "sessions" / "x..session")

    report = convert(tmp_path, output_root=tmp_path / "my däta set" / ".." / "my däta set" / "..dataset")

    assert set(report.converted) == {"x..session", *names[1:]}
    info = read_info(tmp_path / "my däta set" / "..dataset")
    assert set(info["extensions"]["game_converter"]["converted_sessions"]) == {"x..session", *names[1:]}
    assert info["features"][VIDEO_KEY]["dtype"] == "video"


def test_a_video_at_another_pace_than_sync_csv_says_is_noted(tmp_path: Path) -> None:
    def at_a_third_of_the_pace(path: Path) -> None:
        write_numbered_video(path, range(24), [number * 100_000_000 for number in range(24)], NumberedVideo(), 10)

    session_with(tmp_path, "a", at_a_third_of_the_pace)

    report = convert(tmp_path)

    (note,) = report.warnings["a"]
    assert note.startswith("sync.csv and capture.mp4 disagree by up to 1.5 s about when frames are shown")


def test_a_session_whose_process_dies_costs_only_itself(
    originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A module that the processes import before ours stands in for a decoder with a fault.
    (tmp_path / "fault").mkdir()
    (tmp_path / "fault" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def watch(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('crash/capture.mp4'):\n"
        "        os.kill(os.getpid(), 11)\n"
        "if 'workers.processes' in ' '.join(sys.orig_argv): sys.addaudithook(watch)\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "fault")
    for name in ("a", "crash", "z"):
        shutil.copytree(originals / "good", tmp_path / "sessions" / name)

    report = convert(tmp_path, jobs=2)

    assert report.converted == ("a", "z")
    assert "its process was ended by SIGSEGV" in report.skipped["crash"]


def test_an_unwritable_output_is_named_before_any_work(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 5)
    (tmp_path / "file").write_text("")

    with pytest.raises(PlayloomError) as raised:
        convert(tmp_path, output_root=tmp_path / "file" / "dataset")

    assert str(tmp_path / "file" / "dataset") in str(raised.value)
    assert os.listdir(tmp_path / "sessions") == ["a"]  # noqa: PTH208
