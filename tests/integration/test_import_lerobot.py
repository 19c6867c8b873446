"""`playloom import lerobot` on datasets of versions 2.1 and 3.0; what it makes is read with LeRobot itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from playloom.recording.mp4_index import index_video
from tests.support.conversions import ReadEpisode, read_episodes, read_info, tree
from tests.support.importing import Done, run_playloom
from tests.support.importing.lerobot import CAMERA, change_info, write_v21
from tests.support.numbered_sessions import NumberedVideo, number_in, picture_of
from workers.shards import write_shard

VIDEO = "videos/observation.images.main/chunk-000/file-000.mp4"


def run_import(root: Path, output: Path, *options: str) -> Done:
    return run_playloom(
        "import", "lerobot", root, "-o", output, "--repo-id", "local/imported", "--source-name", "their/data", *options
    )


def imported(root: Path, output: Path, *options: str) -> list[ReadEpisode]:
    done = run_import(root, output, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_episodes(output)


def test_episodes_of_version_2_become_shards_with_their_rows_and_pictures(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [30, 20, 25], tasks=("Pick", "Place"))
    episodes = imported(tmp_path / "theirs", tmp_path / "ours")
    assert [episode.numbers for episode in episodes] == [
        list(range(30)), list(range(100, 120)), list(range(200, 225)),
    ]  # fmt: skip
    assert episodes[1].action[:, 0].tolist() == [1.0] * 20
    assert np.allclose(episodes[2].action[:, 1], np.arange(25) / 100)
    assert episodes[0].columns["next.done"] == [False] * 29 + [True]
    assert np.array(episodes[0].columns["observation.state"])[29].tolist() == [29, 58, 87]
    assert [episode.columns["task_index"][0] for episode in episodes] == [0, 1, 0]
    info = read_info(tmp_path / "ours")
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"], info["fps"]) == (3, 75, 2, 20)
    assert info["features"]["action"]["names"] == ["episode", "frame"]
    assert info["features"]["observation.state"]["names"] == [f"observation.state_{place}" for place in range(3)]
    assert info["extensions"]["game_converter"]["imported"]["features"]["action"] == "action"


def test_every_episode_says_that_it_is_imported_and_from_where(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [10, 12])
    imported(tmp_path / "theirs", tmp_path / "ours")
    rows = pq.read_table(tmp_path / "ours/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(row["session"], row["player"], row["tasks"], row["video_path"]) for row in rows] == [
        ("import:their/data/episode_000000", "import:their/data", ["Pick up the block"], "copy"),
        ("import:their/data/episode_000001", "import:their/data", ["Pick up the block"], "copy"),
    ]


def test_video_is_copied_packet_for_packet(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [30, 20])
    imported(tmp_path / "theirs", tmp_path / "ours")
    sizes = [
        index_video(tmp_path / f"theirs/videos/chunk-000/{CAMERA}/episode_{number:06d}.mp4").size_bytes.tolist()
        for number in (0, 1)
    ]
    assert index_video(tmp_path / "ours" / VIDEO).size_bytes.tolist() == sizes[0] + sizes[1]


def test_video_that_cannot_be_copied_is_encoded_anew_and_says_so(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [30], video=NumberedVideo(pixel_format="yuv444p", movflags="faststart"))
    [episode] = imported(tmp_path / "theirs", tmp_path / "ours")
    assert episode.numbers == list(range(30))
    warnings = read_info(tmp_path / "ours")["extensions"]["game_converter"]["warnings"]
    assert warnings == {
        "import:their/data/episode_000000": [
            "its video is encoded anew: its pixel format is yuv444p and the dataset's is yuv420p"
        ]
    }


def test_av1_stays_av1(tmp_path: Path) -> None:
    video = NumberedVideo(codec="libsvtav1", options={"preset": "12"}, movflags="faststart")
    write_v21(tmp_path / "theirs", [12], video=video)
    [episode] = imported(tmp_path / "theirs", tmp_path / "ours")
    assert index_video(tmp_path / "ours" / VIDEO).codec == "av1"
    assert episode.numbers == list(range(12))


def test_a_dataset_of_version_3_comes_out_as_it_went_in(tmp_path: Path) -> None:
    write_v21(tmp_path / "two", [30, 20, 25], tasks=("Pick", "Place"))
    before = imported(tmp_path / "two", tmp_path / "three")
    after = imported(tmp_path / "three", tmp_path / "again")
    assert [episode.numbers for episode in after] == [episode.numbers for episode in before]
    assert [episode.action.tolist() for episode in after] == [episode.action.tolist() for episode in before]
    assert index_video(tmp_path / "again" / VIDEO).size_bytes.tolist() == (
        index_video(tmp_path / "three" / VIDEO).size_bytes.tolist()
    )


def test_of_several_cameras_one_has_to_be_chosen_and_the_others_are_named(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [10], cameras=(CAMERA, "observation.images.wrist"))
    done = run_import(tmp_path / "theirs", tmp_path / "ours")
    assert done.returncode == 1
    assert f"has 2 video features: {CAMERA}, observation.images.wrist. Choose one: --video-feature NAME" in done.stderr
    done = run_import(tmp_path / "theirs", tmp_path / "ours", "--video-feature", "observation.images.wrist")
    assert f"the feature '{CAMERA}' is left out: it is another video" in done.stdout
    done = run_import(tmp_path / "theirs", tmp_path / "strict", "--video-feature", CAMERA, "--strict")
    assert done.returncode == 1
    assert "--strict takes all or nothing" in done.stderr


def test_another_feature_can_be_the_action(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [10])
    [episode] = imported(tmp_path / "theirs", tmp_path / "ours", "--action-feature", "observation.state")
    assert episode.action[9].tolist() == [9, 18, 27]
    left_out = read_info(tmp_path / "ours")["extensions"]["game_converter"]["imported"]["left_out"]
    assert left_out == {"action": "is called action, and so is 'observation.state' now"}


def test_features_that_are_no_vectors_of_numbers_are_left_out_and_named(tmp_path: Path) -> None:
    more = {
        "note": {"dtype": "string", "shape": [1], "names": None},
        "matrix": {"dtype": "float32", "shape": [4, 4], "names": None},
    }
    write_v21(tmp_path / "theirs", [10], more_features=more)
    done = run_import(tmp_path / "theirs", tmp_path / "ours", "--json")
    assert json.loads(done.stdout)["left_out"] == {
        "note": "is of the type string", "matrix": "has the shape [4, 4], which is no vector",
    }  # fmt: skip


def test_the_licence_of_the_card_is_shown_and_stays_with_the_dataset(tmp_path: Path) -> None:
    write_v21(tmp_path / "theirs", [10], card="---\nlicense: cc-by-nc-4.0\ntags: [x]\n---\n# Blocks\n")
    done = run_import(tmp_path / "theirs", tmp_path / "ours")
    assert "terms: cc-by-nc-4.0" in done.stdout
    assert "Its licence: cc-by-nc-4.0" in (tmp_path / "ours/NOTICE").read_text()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("video", "no MP4 video"),
        ("no video", "episode_000001.mp4"),
        ("short video", "holds 15 frames of the episode's 20"),
        ("rows", "cannot be read"),
        ("length", "has 20 rows, and the episode is said to have 19"),
    ],
)
def test_a_broken_episode_is_skipped_with_its_reason_and_the_others_are_imported(
    tmp_path: Path, spoil: str, said: str
) -> None:
    root = write_v21(tmp_path / "theirs", [30, 20, 25])
    video = root / f"videos/chunk-000/{CAMERA}/episode_000001.mp4"
    if spoil == "video":
        video.write_bytes(b"nothing")
    elif spoil == "no video":
        video.unlink()
    elif spoil == "short video":
        write_v21(tmp_path / "short", [15])
        video.write_bytes((tmp_path / f"short/videos/chunk-000/{CAMERA}/episode_000000.mp4").read_bytes())
    elif spoil == "rows":
        (root / "data/chunk-000/episode_000001.parquet").write_bytes(b"PAR1")
    else:
        path = root / "meta/episodes.jsonl"
        path.write_text(path.read_text().replace('"length": 20', '"length": 19'))
    done = run_import(root, tmp_path / "ours", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["episodes"] == 2
    assert said in report["skipped"]["import:their/data/episode_000001"]
    assert [episode.numbers[0] for episode in read_episodes(tmp_path / "ours")] == [0, 200]
    done = run_import(root, tmp_path / "strict", "--strict")
    assert done.returncode == 1
    assert not (tmp_path / "strict").exists()


def test_a_stopped_import_goes_on_to_the_very_same_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_v21(tmp_path / "theirs", [30, 20, 25, 22])
    imported(root, tmp_path / "whole", "--max-file-mb", "1")
    calls = 0

    def stopped(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        return write_shard(*arguments, **options)

    monkeypatch.setattr("workers.packing.write_shard", stopped)
    done = run_import(root, tmp_path / "ours", "--max-file-mb", "1")
    assert done.returncode == 130
    assert "run the same command again to go on" in done.stderr
    assert not (tmp_path / "ours").exists()
    kept = (tmp_path / ".ours.partial/sessions/000002/video-0000.mp4").stat().st_mtime_ns
    monkeypatch.setattr(
        "workers.importing.lerobot_episode.EpisodeImport.run", lambda *_: pytest.fail("an episode is made again")
    )
    assert kept
    done = run_import(root, tmp_path / "ours", "--max-file-mb", "1")
    assert done.returncode == 0, done.stderr
    ours, whole = tree(tmp_path / "ours"), tree(tmp_path / "whole")
    assert ours.keys() == whole.keys()
    assert {name for name in ours if ours[name] != whole[name]} == set()
    assert not (tmp_path / ".ours.partial").exists()


def test_a_dataset_that_stands_is_kept_and_another_import_into_it_refused(tmp_path: Path) -> None:
    root = write_v21(tmp_path / "theirs", [10])
    imported(root, tmp_path / "ours")
    before = (tmp_path / "ours/meta/info.json").stat().st_mtime_ns
    imported(root, tmp_path / "ours")
    assert (tmp_path / "ours/meta/info.json").stat().st_mtime_ns == before
    done = run_import(root, tmp_path / "ours", "--task", "Other")
    assert done.returncode == 1
    assert "exists already" in done.stderr
    imported(root, tmp_path / "ours", "--task", "Other", "--overwrite")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"codebase_version": "v1.6"}, "codebase_version is 'v1.6'; 2.0, 2.1 and 3.0 can be imported"),
        ({"fps": 29.97}, "fps is 29.97, not a whole number"),
        ({"video_path": "../../{video_key}/{episode_index}.mp4"}, "a path leads out of the dataset"),
        ({"data_path": "/etc/{episode_index}.parquet"}, "a path leads out of the dataset"),
        ({"data_path": "data/{secret}.parquet"}, "a path names {secret}, which LeRobot does not have"),
        ({"features": {"../x": {"dtype": "video"}}}, "is no name for a feature"),
        ({"features": {}}, "has 0 video features"),
    ],
)
def test_what_info_json_says_is_looked_at_before_it_is_believed(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    root = write_v21(tmp_path / "theirs", [10])
    change_info(root, **changes)
    done = run_import(root, tmp_path / "ours")
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "ours").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_lerobot_reads_what_was_imported_and_what_it_wrote_itself_is_imported(tmp_path: Path) -> None:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    root = write_v21(tmp_path / "two", [30, 20], tasks=("Pick", "Place"))
    imported(root, tmp_path / "ours")
    dataset: Any = LeRobotDataset("local/imported", root=tmp_path / "ours", video_backend="pyav")
    assert (dataset.num_episodes, dataset.num_frames, dataset.fps) == (2, 50, 20)
    for place, number in ((0, 0), (29, 29), (30, 100), (49, 119)):
        item = dataset[place]
        assert number_in(item["observation.images.main"].numpy().transpose(1, 2, 0)) == number
        assert item["action"].tolist() == pytest.approx([number // 100, (number % 100) / 100])
        assert item["task"] == ("Pick" if number < 100 else "Place")

    features = {
        "observation.images.cam": {"dtype": "video", "shape": (64, 96, 3), "names": ["height", "width", "channels"]},
        "action": {"dtype": "float32", "shape": (2,), "names": ["a", "b"]},
    }
    written: Any = LeRobotDataset.create(
        "local/theirs", fps=10, root=tmp_path / "theirs", features=features, use_videos=True
    )
    texture = np.random.default_rng(0).integers(0, 20, (64, 96, 3), np.uint8)  # flat areas are what AV1 draws wrong
    for episode in range(2):
        for frame in range(12):
            written.add_frame(
                {
                    "observation.images.cam": picture_of(100 * episode + frame, 96, 64) + texture,
                    "action": np.array([episode, frame], np.float32),
                    "task": "Wave",
                }
            )
        written.save_episode()
    written.finalize()
    episodes = imported(tmp_path / "theirs", tmp_path / "again")
    assert [episode.action[:, 1].tolist() for episode in episodes] == [list(range(12))] * 2
    again: Any = LeRobotDataset("local/imported", root=tmp_path / "again", video_backend="pyav")
    assert (again.num_episodes, again.num_frames) == (2, 24)
    assert again[23]["task"] == "Wave"
    shown = [number_in(again[place]["observation.images.main"].numpy().transpose(1, 2, 0)) for place in (0, 11, 12, 23)]
    assert shown == [0, 11, 100, 111]
