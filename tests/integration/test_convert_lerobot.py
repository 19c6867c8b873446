"""Datasets read back by LeRobot itself. Its import takes seconds, so whatever needs it stands here."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.acted_sessions import tell_who_acted
from tests.support.conversions import VIDEO_KEY, convert
from tests.support.numbered_sessions import NumberedVideo, expected_action, number_in, write_numbered_session
from workers.convert import VideoPath

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lerobot.datasets.aggregate import aggregate_datasets
    from lerobot.datasets.compute_stats import aggregate_stats, compute_episode_stats
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

COPY, TRANSCODE, AUTO = VideoPath.COPY, VideoPath.TRANSCODE, VideoPath.AUTO
PLAIN, B_FRAMES = NumberedVideo(), NumberedVideo(b_frames=3)
LONG_GOP = NumberedVideo(b_frames=2, keyframe_interval=250)


def gap_after_20(number: int) -> int:
    return round(number * 1e9 / 30) + (3_000_000_000 if number >= 20 else 0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Sessions, options and the frames that each episode must show."""

    sessions: list[dict[str, Any]]
    options: dict[str, Any]
    episodes: list[list[int]]
    session_of_episode: tuple[int, ...] = (0,)


def open_dataset(root: Path, backend: str = "pyav", **wanted: Any) -> Any:
    return LeRobotDataset("local/test", root=root, video_backend=backend, **wanted)


def frames(start: int, stop: int, step: int = 1) -> list[int]:
    return list(range(start, stop, step))


CASES = {
    "copied": Case(sessions=[{"count": 40, "video": PLAIN}], options={"video": COPY}, episodes=[frames(0, 40)]),
    "copied with B-frames": Case(
        sessions=[{"count": 40, "video": B_FRAMES}], options={"video": COPY}, episodes=[frames(0, 40)]
    ),
    "copied with jittered timestamps": Case(
        sessions=[{"count": 40, "pts_jitter_ns": 10_000_000}], options={"video": COPY}, episodes=[frames(0, 40)]
    ),
    "copied, trimmed within a long group of pictures": Case(
        sessions=[{"count": 40, "video": LONG_GOP, "first_input": 17}],
        options={"video": COPY, "max_pre_action_s": 0.1},
        episodes=[frames(14, 40)],
    ),
    "copied, split at a gap": Case(
        sessions=[{"count": 40, "video": B_FRAMES, "time_ns": gap_after_20}],
        options={"video": COPY},
        episodes=[frames(0, 20), frames(20, 40)],
        session_of_episode=(0, 0),
    ),
    "copied, three sessions in one file, the second trimmed": Case(
        sessions=[
            {"count": 30, "video": B_FRAMES},
            {"count": 33, "video": B_FRAMES, "first_input": 13},
            {"count": 20, "video": B_FRAMES},
        ],
        options={"video": COPY, "max_pre_action_s": 0.0},
        episodes=[frames(0, 30), frames(13, 33), frames(0, 20)],
        session_of_episode=(0, 1, 2),
    ),
    "transcoded": Case(
        sessions=[{"count": 40, "video": PLAIN}], options={"video": TRANSCODE}, episodes=[frames(0, 40)]
    ),
    "transcoded with B-frames, trimmed and scaled": Case(
        sessions=[{"count": 40, "video": LONG_GOP, "first_input": 17}],
        options={"video": TRANSCODE, "max_pre_action_s": 0.1, "size": (64, 64)},
        episodes=[frames(14, 40)],
    ),
    "transcoded, split at a gap, two sessions in one file": Case(
        sessions=[{"count": 40, "video": B_FRAMES, "time_ns": gap_after_20}, {"count": 10}],
        options={"video": TRANSCODE},
        episodes=[frames(0, 20), frames(20, 40), frames(0, 10)],
        session_of_episode=(0, 0, 1),
    ),
    "resampled from 60 and from 20 to 30 frames a second": Case(
        sessions=[
            {"count": 20, "fps": 30},
            {"count": 41, "fps": 60, "video": B_FRAMES},
            {"count": 7, "fps": 20},
        ],
        options={"video": AUTO},
        episodes=[frames(0, 20), frames(0, 41, 2), [0, 0, 1, 2, 2, 3, 4, 4, 5, 6]],
        session_of_episode=(0, 1, 2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_frame_is_the_right_frame_with_the_right_action_on_both_decoders(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    for number, session in enumerate(case.sessions):
        write_numbered_session(tmp_path / "sessions" / f"session-{number}", **session)

    convert(tmp_path, **case.options)

    expected = [(episode, frame) for episode, shown in enumerate(case.episodes) for frame in shown]
    for backend in ("pyav", "torchcodec"):
        dataset = open_dataset(tmp_path / "dataset", backend)
        read = [dataset[index] for index in range(len(dataset))]
        shown = [(int(item["episode_index"]), number_in(item[VIDEO_KEY].numpy().transpose(1, 2, 0))) for item in read]
        assert shown == expected
        for item, (episode, frame) in zip(read, expected, strict=True):
            first_input = case.sessions[case.session_of_episode[episode]].get("first_input", 0)
            assert item["action"].tolist() == (expected_action(frame) if frame >= first_input else [0.0] * 4)
        assert {item["task"] for item in read} == {"count the frames"}


@pytest.mark.parametrize("backend", ["pyav", "torchcodec"])
def test_the_longest_file_is_read_exactly_to_its_end_and_a_longer_session_is_cut(
    backend: str, a_thousand_seconds: Path
) -> None:
    dataset = open_dataset(a_thousand_seconds, backend)

    assert [episode["length"] for episode in dataset.meta.episodes] == [900, 500, 500]
    for row in (0, 1, 511, 513, 898, 899, 900, 1399, 1400, 1899):
        expected = row if row < 900 else row - 900
        assert number_in(dataset[row][VIDEO_KEY].numpy().transpose(1, 2, 0)) == expected
        assert dataset[row]["action"].tolist() == expected_action(expected)


@pytest.fixture(scope="module")
def a_thousand_seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset at one frame a second: a session as long as a file may be, and one that is longer."""
    directory = tmp_path_factory.mktemp("long")
    video = NumberedVideo(keyframe_interval=20, b_frames=2)
    write_numbered_session(directory / "sessions" / "a", 900, fps=1, video=video)
    write_numbered_session(directory / "sessions" / "b", 1000, fps=1, video=video)
    convert(directory, video=COPY, max_gap_s=2.0)
    return directory / "dataset"


@pytest.fixture(scope="module")
def two_datasets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    roots = []
    for number, count in enumerate((45, 30)):
        directory = tmp_path_factory.mktemp(f"batch-{number}")
        write_numbered_session(directory / "sessions" / "a", count, video=B_FRAMES, first_input=4)
        write_numbered_session(directory / "sessions" / "b", 25, video=B_FRAMES)
        convert(directory, task=f"task {number}", max_pre_action_s=0.0)
        roots.append(directory / "dataset")
    return roots


def test_lerobot_merges_two_of_our_datasets(two_datasets: list[Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged"

    aggregate_datasets(["local/a", "local/b"], "local/merged", roots=two_datasets, aggr_root=merged)

    dataset = open_dataset(merged)
    expected = [*range(4, 45), *range(25), *range(4, 30), *range(25)]
    assert [number_in(dataset[row][VIDEO_KEY].numpy().transpose(1, 2, 0)) for row in range(len(dataset))] == expected
    assert [dataset[row]["action"].tolist() for row in range(len(dataset))] == [
        pytest.approx(expected_action(frame)) for frame in expected
    ]
    assert dataset[0]["task"] == "task 0"
    assert dataset[len(dataset) - 1]["task"] == "task 1"
    assert list(dataset.meta.episodes["session"]) == ["a", "b", "a", "b"]


def test_statistics_are_in_lerobots_form_and_agree_with_its_own(two_datasets: list[Path]) -> None:
    root = two_datasets[0]
    dataset = open_dataset(root)
    rows = pq.read_table(root / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    data = pq.read_table(root / "data/chunk-000/file-000.parquet")
    features = {name: feature for name, feature in dataset.meta.features.items() if name != VIDEO_KEY}
    of_episodes = []
    for row in rows:
        part = data.slice(row["dataset_from_index"], row["length"]).to_pydict()
        columns: dict[str, Any] = {name: np.array(part[name]) for name in features}
        theirs = compute_episode_stats(columns, features)
        ours = {name: {stat: np.array(row[f"stats/{name}/{stat}"]) for stat in theirs[name]} for name in theirs}
        for name, stats in theirs.items():
            spread = stats["max"] - stats["min"]
            for stat, value in stats.items():
                assert ours[name][stat].shape == value.shape, (name, stat)
                # LeRobot's quantiles come from 5000 bins between minimum and maximum.
                within = 1e-6 if not stat.startswith("q") else 1e-6 + spread.max() / 5000
                assert ours[name][stat] == pytest.approx(value, abs=within, rel=1e-6), (name, stat)
        images = {stat: np.array(row[f"stats/{VIDEO_KEY}/{stat}"]) for stat in theirs["action"]}
        of_episodes.append({VIDEO_KEY: images, **ours})

    merged = aggregate_stats(of_episodes)

    assert set(dataset.meta.stats) == set(merged)
    for name, stats in merged.items():
        for stat, value in stats.items():
            assert dataset.meta.stats[name][stat].shape == value.shape, (name, stat)
            assert dataset.meta.stats[name][stat] == pytest.approx(value, rel=1e-9), (name, stat)


def test_image_statistics_are_those_of_the_pictures(two_datasets: list[Path]) -> None:
    dataset = open_dataset(two_datasets[0])
    pictures = np.stack([dataset[row][VIDEO_KEY].numpy() for row in range(len(dataset))])

    stats = dataset.meta.stats[VIDEO_KEY]
    assert stats["mean"] == pytest.approx(pictures.mean(axis=(0, 2, 3), keepdims=True)[0], abs=0.03)
    assert stats["std"] == pytest.approx(pictures.std(axis=(0, 2, 3), keepdims=True)[0], abs=0.03)


def test_actions_of_several_frames_come_with_their_padding(two_datasets: list[Path]) -> None:
    dataset = open_dataset(two_datasets[0], delta_timestamps={"action": [-1 / 30, 0, 1 / 30]})

    assert dataset[1]["action"].tolist() == [pytest.approx(expected_action(frame)) for frame in (4, 5, 6)]
    assert dataset[0]["action_is_pad"].tolist() == [True, False, False]


def test_who_acted_is_read_by_lerobot_and_datasets_that_tell_it_are_put_together(tmp_path: Path) -> None:
    acting = [(), ("attack",), ("move", "attack"), ()]
    tell_who_acted(write_numbered_session(tmp_path / "a/sessions/together", 4), ["move", "attack", "heavy"], acting)
    write_numbered_session(tmp_path / "b/sessions/alone", 4)
    convert(tmp_path / "a")
    convert(tmp_path / "b", who_acted=True)
    roots = [tmp_path / "a/dataset", tmp_path / "b/dataset"]
    aggregate_datasets(["local/a", "local/b"], "local/both", roots=roots, aggr_root=tmp_path / "both")
    dataset = open_dataset(tmp_path / "both")
    told = [dataset[index]["action.agent"].tolist() for index in range(8)]
    nobody = [False] * 3
    assert told == [nobody, [False, True, False], [True, True, False], nobody, *[nobody] * 4]
