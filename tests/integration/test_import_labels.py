"""`playloom import labels` on videos whose frames show their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from playloom.labels.labels_file import write_labels
from playloom.labels.reasons import Reason
from playloom.recording.mp4_index import index_video
from tests.support.conversions import ReadEpisode, read_episodes, read_info, tree
from tests.support.dataset_videos import numbered_video, pictures_in
from tests.support.importing import Done, run_playloom
from tests.support.labels import labels_of, write_for

VIDEO = "videos/observation.images.main/chunk-000/file-000.mp4"


def run_import(tmp_path: Path, *options: str) -> Done:
    return run_playloom(
        *("import", "labels", tmp_path / "labels", "-o", tmp_path / "dataset", "--repo-id", "local/labelled"),
        *("--jobs", "1", *options),
    )


def imported(tmp_path: Path, *options: str) -> list[ReadEpisode]:
    done = run_import(tmp_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_episodes(tmp_path / "dataset")


def test_frames_that_are_left_out_split_the_episodes_and_the_video_is_copied(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 45)
    write_for(video, tmp_path / "labels", 45, {number: int(Reason.MENU) for number in range(13, 20)} | {44: 256})

    first, second = imported(tmp_path)

    assert (first.numbers, second.numbers) == (list(range(13)), list(range(20, 44)))
    assert np.allclose(second.action[:, 0], np.arange(20, 44) / 100)
    assert np.allclose(np.array(second.columns["action.confidence"])[:, 1], np.arange(20, 44) / 100)
    info = read_info(tmp_path / "dataset")
    assert info["features"]["action.confidence"] == {"dtype": "float32", "shape": [2], "names": ["move", "attack"]}
    said = info["extensions"]["game_converter"]
    assert (said["copied_sessions"], said["label_sources"], said["game_id"]) == (1, ["idm:test@7"], "test_game")
    rows = pq.read_table(tmp_path / "dataset/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(row["session"], row["label_source"], row["session_first_frame"]) for row in rows] == [
        ("clip", "idm:test@7", 0),
        ("clip", "idm:test@7", 20),
    ]
    sizes = index_video(tmp_path / "dataset" / VIDEO).size_bytes.tolist()
    assert sizes[:13] == index_video(video).size_bytes.tolist()[:13]


def test_terms_of_the_labels_become_the_datasets_notice(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 20)
    write_for(video, tmp_path / "labels", 20, terms=["for research only"])

    imported(tmp_path)

    assert (tmp_path / "dataset/NOTICE").read_text().endswith("- For research only.\n")


def test_masked_rectangles_are_black_in_the_dataset(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 20, first_number=65_000)
    write_for(video, tmp_path / "labels", 20, {5: 8}, masks=[[0.5, 0.5, 1.0, 1.0]])

    before, after = imported(tmp_path)

    assert (len(before.numbers), len(after.numbers)) == (5, 14)
    pictures = pictures_in(tmp_path / "dataset" / VIDEO)
    assert pictures[:, 34:, 50:].max() < 24
    assert pictures[:, :30, :46].max() > 200


def test_frames_that_are_repeated_are_encoded_anew(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 20)
    labels = labels_of(video, [0, 0, 1, 2, 2, 3], why_not_copy="its frames are resampled to 30 a second")
    write_labels(tmp_path / "labels/clip.labels.parquet", labels)

    [episode] = imported(tmp_path)

    assert episode.numbers == [0, 0, 1, 2, 2, 3]
    said = read_info(tmp_path / "dataset")["extensions"]["game_converter"]
    assert said["warnings"] == {"clip": ["its video is encoded anew: its frames are resampled to 30 a second"]}


def test_a_video_that_has_changed_is_left_out_and_named_and_the_others_go_on(tmp_path: Path) -> None:
    good, bad = (numbered_video(tmp_path / f"{name}.mp4", 20) for name in ("good", "bad"))
    for video in (good, bad):
        write_for(video, tmp_path / "labels", 20)
    bad.write_bytes(bad.read_bytes()[:-1])

    done = run_import(tmp_path)

    assert done.returncode == 1
    assert "bad.mp4: is not the video that was labelled, or has changed since. Label it again" in done.stdout
    assert [episode.session for episode in read_episodes(tmp_path / "dataset")] == ["good"]


def test_a_video_that_has_moved_is_found_by_its_name(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 20)
    write_for(video, tmp_path / "labels", 20)
    (tmp_path / "elsewhere").mkdir()
    video.rename(tmp_path / "elsewhere/clip.mp4")

    assert run_import(tmp_path).returncode == 1
    [episode] = imported(tmp_path, "--videos", str(tmp_path / "elsewhere"))
    assert len(episode.numbers) == 20


def test_the_same_command_again_does_nothing(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "clip.mp4", 20)
    write_for(video, tmp_path / "labels", 20)
    imported(tmp_path)
    before = tree(tmp_path / "dataset")

    done = run_import(tmp_path)

    assert done.returncode == 0
    assert tree(tmp_path / "dataset") == before


@pytest.mark.parametrize("strict", [False, True])
def test_labels_of_another_rate_do_not_go_into_the_same_dataset(tmp_path: Path, strict: bool) -> None:
    for name, fps in (("a", 30), ("b", 60)):
        write_for(numbered_video(tmp_path / f"{name}.mp4", 20), tmp_path / "labels", 20, fps=fps)

    done = run_import(tmp_path, *(["--strict"] if strict else []))

    assert done.returncode == 1
    assert "has other frames a second than the first labels: 60, not 30" in (done.stderr if strict else done.stdout)
    assert (tmp_path / "dataset").exists() is not strict
