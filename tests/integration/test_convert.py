"""Conversion as its users see it: what becomes of good and bad sessions, options and outputs."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from playloom.errors import PlayloomError
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from playloom.recording.input_stream import InputSnapshot, encode_snapshot
from tests.support.conversions import VIDEO_KEY, convert, options_for, read_episodes, read_info, tree, write_definitions
from tests.support.numbered_sessions import (
    PROFILE_YAML,
    START_NS,
    NumberedVideo,
    write_numbered_session,
    write_numbered_video,
)
from workers.convert import VideoPath

COPY, TRANSCODE, AUTO = VideoPath.COPY, VideoPath.TRANSCODE, VideoPath.AUTO


def good(directory: Path, name: str = "good", count: int = 20) -> Path:
    return write_numbered_session(directory / "sessions" / name, count)


# What a dataset is


def test_a_dataset_has_lerobots_columns_and_ours_in_order(tmp_path: Path) -> None:
    good(tmp_path)

    report = convert(tmp_path)

    schema = pq.read_schema(tmp_path / "dataset/data/chunk-000/file-000.parquet")
    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "action": "fixed_size_list<element: float>[4]",
        "controller": "fixed_size_list<element: float>[27]",
        "timestamp": "float",
        "frame_index": "int64",
        "episode_index": "int64",
        "index": "int64",
        "task_index": "int64",
    }
    info = read_info(tmp_path / "dataset")
    assert info["codebase_version"] == "v3.0"
    assert (info["fps"], info["total_episodes"], info["total_frames"], info["total_tasks"]) == (30, 1, 20, 1)
    assert info["splits"] == {"train": "0:1"}
    assert info["features"]["action"] == {
        "dtype": "float32",
        "shape": [4],
        "names": ["move.x", "move.y", "attack", "heavy"],
    }
    assert info["features"][VIDEO_KEY]["shape"] == [64, 96, 3]
    assert info["features"][VIDEO_KEY]["info"]["video.codec"] == "h264"
    assert (report.episodes, report.frames, report.converted) == (1, 20, ("good",))


def test_the_metadata_is_where_legamer_has_it(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "sessions" / "broken").mkdir()
    (tmp_path / "sessions" / "broken" / "capture.mp4").write_bytes(b"broken")

    convert(tmp_path, max_pre_action_s=1.5)

    extension = read_info(tmp_path / "dataset")["extensions"]["game_converter"]
    assert extension["game_id"] == "test_game"
    assert extension["class_ids"] == ["default"]
    assert extension["profile_name"] == "pad"
    assert extension["settings"]["task"] == "count the frames"
    assert extension["settings"]["strict"] is False
    assert extension["settings"]["max_pre_action_seconds"] == 1.5
    assert extension["action_layout"] == [
        {"action_id": "move", "start": 0, "size": 2, "kind": "vector2"},
        {"action_id": "attack", "start": 2, "size": 1, "kind": "digital"},
        {"action_id": "heavy", "start": 3, "size": 1, "kind": "trigger"},
    ]
    assert extension["converted_sessions"] == ["good"]
    assert "sync.csv" in extension["skipped_sessions"]["broken"]


def test_every_episode_names_its_session_and_how_it_was_made(tmp_path: Path) -> None:
    good(tmp_path)

    convert(tmp_path, video=COPY)

    (row,) = pq.read_table(tmp_path / "dataset/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert (row["session"], row["session_id"], row["player"], row["profile_name"]) == ("good", "good", "", "pad")
    assert (row["video_path"], row["session_first_frame"], row["session_start_ns"]) == ("copy", 0, START_NS)
    assert row["tasks"] == ["count the frames"]


def test_legamers_example_gives_its_vectors_slot_for_slot(tmp_path: Path) -> None:
    directory = tmp_path / "sessions" / "legamer"
    directory.mkdir(parents=True)
    write_numbered_video(directory / "capture.mp4", range(4), [0, 33_333_333, 66_666_667, 100_000_000], NumberedVideo())
    (directory / "sync.csv").write_text(
        "frame_index,monotonic_ns,pts\n0,1000000000,0\n1,1033333333,33333333\n2,1066666667,66666667\n3,1100000000,1\n"
    )
    snapshots = [
        InputSnapshot(
            monotonic_ns=1_010_000_000, axes=(0.5, -0.5, 0, 0, 0, 0.9), buttons=frozenset({0}), keys=frozenset({42})
        ),
        InputSnapshot(monotonic_ns=1_050_000_000, axes=(-1.0000305, 0.25, 0, 0, 0.9, 0.5)),
        InputSnapshot(monotonic_ns=1_066_666_667, axes=(0.0, 0.0, 1, 1, 0, 0.49), buttons=frozenset({1})),
        InputSnapshot(monotonic_ns=1_066_666_667, axes=(0.125, 0.0, 1, 1, 0, 0.49), buttons=frozenset({0, 1})),
    ]
    (directory / "actions.bin").write_bytes(b"".join(encode_snapshot(snapshot) for snapshot in snapshots))

    convert(tmp_path)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert (
        episode.action.tolist()
        == np.array([[0, 0, 0, 0], [0.5, -0.5, 1, 0.9], [0.125, 0, 1, 0], [0.125, 0, 1, 0]], np.float32).tolist()
    )
    assert np.array(episode.columns["controller"])[1].tolist()[:2] == [1.0, 0.0]


def test_a_key_in_a_profile_brings_the_keyboard_into_the_dataset(tmp_path: Path) -> None:
    good(tmp_path)
    profile = PROFILE_YAML.replace("{type: button, control: south}", "{type: key, control: space}")
    game_path, profile_path = write_definitions(tmp_path / "keys", profile)
    game = load_game_definition(game_path)

    convert(tmp_path, game=game, profiles=(load_mapping_profile(profile_path, game),))

    features = read_info(tmp_path / "dataset")["features"]
    assert "space" in " ".join(features["keyboard"]["names"])
    assert "mouse" not in features


def write_steps(session: Path, rewards: list[float]) -> None:
    header = "step,action,reward,terminated,truncated,frame_hash,ram_hash\n"
    last = len(rewards) - 1
    rows = [f"{step},0,{reward!r},{int(step == last)},0,,\n" for step, reward in enumerate(rewards)]
    (session / "steps.csv").write_text(header + "".join(rows))


def test_rewards_and_ends_are_kept_where_every_session_has_them(tmp_path: Path) -> None:
    write_steps(good(tmp_path, "a"), [0.5] * 20)
    write_steps(good(tmp_path, "b"), [-1.0, *[0.0] * 19])

    convert(tmp_path)

    a, b = read_episodes(tmp_path / "dataset")
    assert a.columns["next.reward"] == [0.5] * 20
    assert b.columns["next.reward"] == [-1.0, *[0.0] * 19]
    assert a.columns["next.done"] == [False] * 19 + [True]


def test_steps_that_were_cut_off_leave_the_rest_without_reward_and_say_so(tmp_path: Path) -> None:
    session = good(tmp_path, "a")
    write_steps(session, [1.0] * 15)

    report = convert(tmp_path)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.columns["next.reward"] == [1.0] * 15 + [0.0] * 5
    assert report.warnings["a"] == ("steps.csv: tells of 15 of 20 frames; no reward is known of the others",)


def test_one_session_without_rewards_leaves_them_out(tmp_path: Path) -> None:
    write_steps(good(tmp_path, "a"), [0.5] * 20)
    good(tmp_path, "b")

    convert(tmp_path)

    assert "next.reward" not in read_info(tmp_path / "dataset")["features"]


def test_a_resampled_session_earns_as_much_as_it_did(tmp_path: Path) -> None:
    session = write_numbered_session(tmp_path / "sessions" / "a", 24, fps=60)
    write_steps(session, [float(step) for step in range(24)])

    convert(tmp_path, fps=30)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.numbers == list(range(0, 24, 2))
    assert episode.columns["next.reward"][:3] == [0 + 1, 2 + 3, 4 + 5]


def test_what_a_player_discarded_is_in_no_file_of_the_dataset(tmp_path: Path) -> None:
    session = good(tmp_path, count=30)
    write_session_info(session, marks=[mark("discard", 10, 20), mark("note", 3, 5)])

    report = convert(tmp_path)

    assert [episode.numbers for episode in read_episodes(tmp_path / "dataset")] == [[*range(10), *range(20, 30)]]
    assert report.copied == 0
    assert "left out 10 frames that were discarded or recorded in a pause" in report.warnings["good"]


def mark(kind: str, first: int, last: int) -> dict[str, object]:
    begin_ns, end_ns = (START_NS + round(frame * 1e9 / 30) for frame in (first, last))
    return {"kind": kind, "begin_ns": begin_ns, "end_ns": end_ns}


def write_session_info(session: Path, **values: object) -> None:
    info = {
        "format_version": 1,
        "session_id": session.name,
        "source": "test",
        "clock": {"kind": "monotonic", "started_unix_ns": 0, "started_monotonic_ns": 0},
        "counts": {"frames": 20, "repeated": 0, "dropped": 0, "late": 0},
        "marks": [],
        "files": {},
    }
    (session / "session.json").write_text(json.dumps(info | values))


# Options


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    for number in range(4):
        good(tmp_path, f"session-{number}", 12 + number)

    convert(tmp_path, video=TRANSCODE, jobs=1, output_root=tmp_path / "one")
    convert(tmp_path, video=TRANSCODE, jobs=3, output_root=tmp_path / "three")

    assert tree(tmp_path / "one") == tree(tmp_path / "three")


def test_sessions_fill_a_shard_up_to_its_size_and_go_on_in_the_next(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("a", "b", "c"):
        session = good(tmp_path, name, 30)
        noise = [rng.integers(0, 255, (240, 320, 3), np.uint8) for _ in range(30)]
        with av.open(str(session / "capture.mp4"), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "10"})
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            for picture in noise:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
    size = (tmp_path / "sessions/a/capture.mp4").stat().st_size
    assert 1 << 20 < 2 * size < 5 << 20

    report = convert(tmp_path, video=COPY, max_file_mb=(2 * size >> 20) + 1)

    assert report.shards == 2
    rows = [
        row
        for path in sorted((tmp_path / "dataset/meta/episodes").rglob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
    assert [row["data/file_index"] for row in rows] == [0, 0, 1]
    assert [row[f"videos/{VIDEO_KEY}/file_index"] for row in rows] == [0, 0, 1]
    assert [row["dataset_from_index"] for row in rows] == [0, 30, 60]


def test_an_idle_beginning_is_dropped_to_the_nanosecond(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 30, first_input=20)
    first_input_ns = round(20 * 1e9 / 30) - 1000
    exactly = first_input_ns - round(15 * 1e9 / 30)

    convert(tmp_path, max_pre_action_s=exactly / 1e9, output_root=tmp_path / "kept")
    convert(tmp_path, max_pre_action_s=(exactly - 1) / 1e9, output_root=tmp_path / "dropped")

    assert read_episodes(tmp_path / "kept")[0].numbers[0] == 15
    assert read_episodes(tmp_path / "dropped")[0].numbers[0] == 16


def test_a_session_without_any_input_keeps_all_frames_and_does_nothing(tmp_path: Path) -> None:
    session = good(tmp_path)
    write_session_info(session, files={"actions.bin": {"bytes": 0, "sha256": "0" * 64}})
    (session / "actions.bin").write_bytes(b"")

    convert(tmp_path, max_pre_action_s=0)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.numbers == list(range(20))
    assert not episode.action.any()


def test_a_session_of_another_game_or_an_unknown_profile_is_skipped(tmp_path: Path) -> None:
    good(tmp_path, "a")
    write_session_info(good(tmp_path, "b"), game_id="other_game")

    report = convert(tmp_path)

    assert report.skipped["b"] == (
        "was recorded in the game 'other_game', the game definition is for 'test_game'. "
        "Convert each game into a dataset of its own"
    )


def test_a_session_that_is_skipped_decides_neither_rate_nor_size(tmp_path: Path) -> None:
    for name, more in (("a", {"game_id": "other_game"}), ("b", {"task": None})):
        session = write_numbered_session(
            tmp_path / "sessions" / name, 20, fps=60, video=NumberedVideo(width=128, height=80)
        )
        write_session_info(session, **more)
    write_session_info(good(tmp_path, "c"), task="count")

    report = convert(tmp_path, task=None)

    assert report.converted == ("c",)
    assert (report.fps, report.width, report.height) == (30, 96, 64)


def test_what_cannot_be_copied_does_not_decide_the_shape_of_a_dataset_of_copies(tmp_path: Path) -> None:
    yuv444 = NumberedVideo(width=128, height=80, pixel_format="yuv444p")
    write_numbered_session(tmp_path / "sessions" / "a", 20, fps=60, video=yuv444)
    good(tmp_path, "b")

    report = convert(tmp_path, video=COPY)

    assert report.converted == ("b",)
    assert (report.fps, report.width, report.height) == (30, 96, 64)


def test_one_recording_in_two_directories_is_converted_once(tmp_path: Path) -> None:
    write_session_info(good(tmp_path, "a"), session_id="the same")
    write_session_info(good(tmp_path, "b"), session_id="the same")

    report = convert(tmp_path)

    assert report.converted == ("a",)
    assert report.skipped["b"] == "is the same recording as a (session id the same)"


def test_another_profile_than_session_json_names_is_noted(tmp_path: Path) -> None:
    write_session_info(good(tmp_path, "a"), profile_name="grace")

    report = convert(tmp_path)

    assert report.warnings["a"] == ("session.json names the mapping profile 'grace'; converted with 'pad'",)


def test_copying_skips_another_rate_and_auto_resamples_it(tmp_path: Path) -> None:
    good(tmp_path, "a")
    write_numbered_session(tmp_path / "sessions" / "b", 24, fps=60)

    copied = convert(tmp_path, video=COPY, output_root=tmp_path / "copied")
    resampled = convert(tmp_path, video=AUTO, output_root=tmp_path / "resampled")

    assert copied.skipped["b"].endswith(
        "cannot be copied into this dataset: it runs at 60.00 frames a second, the dataset at 30. "
        "Convert with --video auto"
    )
    assert resampled.copied == 1
    assert read_episodes(tmp_path / "resampled")[1].numbers == list(range(0, 24, 2))


def test_of_several_profiles_a_session_that_names_none_gets_its_players(tmp_path: Path) -> None:
    profiles = []
    for player, control in (("ada", "south"), ("grace", "east")):
        text = PROFILE_YAML.replace("profile_name: pad", f"profile_name: {player}").replace("south", control)
        game_path, profile_path = write_definitions(tmp_path / player, text)
        profiles.append(load_mapping_profile(profile_path, load_game_definition(game_path)))
    for player in ("ada", "grace", "somebody"):
        write_session_info(good(tmp_path, player), player=player)

    report = convert(tmp_path, profiles=tuple(profiles))

    rows = pq.read_table(tmp_path / "dataset/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [row["profile_name"] for row in rows] == ["ada", "grace"]
    assert report.skipped["somebody"] == (
        "names no mapping profile; given are 'ada', 'grace'. Give its profile with --action-mapping"
    )


def test_two_players_with_their_own_profiles_make_one_dataset(tmp_path: Path) -> None:
    profiles = []
    for player, control in (("ada", "south"), ("grace", "east")):
        session = good(tmp_path, player)
        write_session_info(
            session,
            player=player,
            game_id="test_game",
            profile_name=f"{player}s pad",
            task=f"play as {player}",
        )
        text = PROFILE_YAML.replace("profile_name: pad", f"profile_name: {player}s pad").replace("south", control)
        game_path, profile_path = write_definitions(tmp_path / player, text)
        game = load_game_definition(game_path)
        profiles.append(load_mapping_profile(profile_path, game))

    convert(tmp_path, profiles=tuple(profiles), task=None)

    ada, grace = read_episodes(tmp_path / "dataset")
    assert ada.action[:4, 2].tolist() == [1, 0, 0, 1]
    assert grace.action[:4, 2].tolist() == [0, 0, 0, 0]
    rows = pq.read_table(tmp_path / "dataset/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [row["player"] for row in rows] == ["ada", "grace"]
    assert [row["profile_name"] for row in rows] == ["adas pad", "graces pad"]
    assert [row["tasks"] for row in rows] == [["play as ada"], ["play as grace"]]
    assert ada.columns["task_index"][0] == 0
    assert grace.columns["task_index"][0] == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"repo_id": "../../etc"}, "is not a dataset name"),
        ({"repo_id": "no-owner"}, "is not a dataset name"),
        ({"task": " "}, "The task is empty"),
        ({"profiles": ()}, "No mapping profile is given"),
        ({"size": (255, 256)}, "two even numbers"),
        ({"size": (0, 256)}, "two even numbers"),
        ({"fps": 0}, "--fps 0 is out of range"),
        ({"crf": 64}, "--crf 64 is out of range"),
        ({"jobs": 0}, "--jobs 0 is out of range"),
        ({"max_pre_action_s": float("nan")}, "--max-pre-action-seconds nan is out of range"),
        ({"max_gap_s": -1.0}, "--max-gap-seconds -1 is out of range"),
        ({"preset": "bogus"}, "--preset bogus is not known. Choose one of ultrafast, superfast"),
        ({"preset": "8"}, "--preset 8 is not known"),
        ({"preset": "14", "codec": "av1"}, "--preset 14 is not known"),
        ({"codec": "mpeg2"}, "--codec mpeg2 is not known"),
    ],
)
def test_an_option_out_of_range_is_named(wanted: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(PlayloomError) as raised:
        options_for(tmp_path, **wanted)

    assert said in str(raised.value)


def test_sessions_that_show_no_rate_ask_for_it_and_leave_nothing(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 5, fps=0.5)

    with pytest.raises(PlayloomError, match=r"No session shows a frame rate. Say it: --fps N"):
        convert(tmp_path)

    assert not (tmp_path / ".dataset.partial").exists()
