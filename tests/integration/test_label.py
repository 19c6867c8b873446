"""`playloom label` with a model that has learned nothing, on videos whose frames show their numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from playloom.errors import OutputError
from playloom.labels.labels_file import Labels, read_labels
from playloom.labels.reasons import Reason
from tests.support.conversions import read_episodes, read_info, tree
from tests.support.dataset_videos import numbered_video
from tests.support.idm_checkpoints import SPACE, untaught_checkpoint
from tests.support.importing import Done, run_playloom
from tests.support.numbered_sessions import NumberedVideo, write_numbered_session, write_numbered_video
from tests.support.ray_clusters import cluster, home_with_token
from training.labelling import labeller

KEEP_ALL = (
    "filters.confidence.on=false", "filters.disagreement.on=false", "filters.plain.on=false", "filters.idle.on=false",
    "filters.cuts.on=false", "filters.duplicates.on=false", "filters.min_episode_s=0.1",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untaught_checkpoint(tmp_path_factory.mktemp("run"), terms=("For research only",))


def label(model: Path, tmp_path: Path, *arguments: str | Path, keep_all: bool = True) -> Done:
    filters = KEEP_ALL if keep_all else ()
    return run_playloom(
        "label", model, "runners.workers=0", "model.threads=1", *filters, *arguments, "-o", tmp_path / "out", "--quiet"
    )


def labels_in(tmp_path: Path) -> list[Labels]:
    return [read_labels(path) for path in sorted((tmp_path / "out/labels").glob("*.parquet"))]


def test_videos_become_a_dataset_with_labels_confidence_and_where_they_come_from(model: Path, tmp_path: Path) -> None:
    for name, count in (("one", 80), ("two", 50)):
        numbered_video(tmp_path / f"{name}.mp4", count)

    done = label(model, tmp_path, tmp_path / "one.mp4", tmp_path / "two.mp4")

    assert done.returncode == 0, done.stderr
    episodes = read_episodes(tmp_path / "out/dataset")
    assert [episode.numbers for episode in episodes] == [list(range(79)), list(range(49))]  # the last has no next
    one, two = labels_in(tmp_path)
    assert np.array_equal(episodes[0].action, one.action[:79])
    assert np.allclose(np.array(episodes[1].columns["action.confidence"]), two.confidence[:49])
    assert one.reasons.tolist() == [0] * 79 + [int(Reason.END)]
    assert set(np.unique(one.action[:, 2])) <= {0.0, 1.0}
    assert one.action[:, 3:5].sum(axis=1).max() <= 1
    info = read_info(tmp_path / "out/dataset")
    assert info["features"]["action"]["names"] == list(SPACE.names)
    said = info["extensions"]["game_converter"]
    assert (said["copied_sessions"], said["label_sources"], said["game_id"]) == (2, ["idm:untaught@7"], "test_game")
    assert said["labelled"]["labeller"]["lineage"]["datasets"][0]["name"] == "local/test"
    assert "For research only" in (tmp_path / "out/dataset/NOTICE").read_text()
    report = (tmp_path / "out/report.html").read_text()
    assert "130 rows; 128 of them" in report.replace("\n", " ")
    assert report.count("data:image/png;base64") >= 5
    assert "terms: For research only" in done.stdout


def test_the_same_command_again_does_nothing_twice(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered_video(tmp_path / "one.mp4", 60)
    assert label(model, tmp_path, tmp_path / "one.mp4").returncode == 0
    before = tree(tmp_path / "out/dataset")
    monkeypatch.setattr(labeller.VideoLabeller, "look", None)

    done = label(model, tmp_path, tmp_path / "one.mp4")

    assert done.returncode == 0, done.stderr
    assert "1 of them done before" in done.stdout
    assert tree(tmp_path / "out/dataset") == before


def test_other_filters_need_no_second_look_of_the_model(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered_video(tmp_path / "one.mp4", 60)
    assert label(model, tmp_path, tmp_path / "one.mp4").returncode == 0
    monkeypatch.setattr(labeller, "row_chunks", None)

    done = label(model, tmp_path, tmp_path / "one.mp4", "filters.min_episode_s=5")

    assert done.returncode == 0, done.stderr
    assert "nothing is kept" in done.stdout


def test_a_run_that_stopped_in_the_middle_of_a_video_goes_on_to_the_same_labels(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered_video(tmp_path / "one.mp4", 400)
    monkeypatch.setattr(labeller, "PART_ROWS", 100)
    options = (tmp_path / "one.mp4", "model.batch=8", "dataset.make=false")
    assert label(model, tmp_path, *options).returncode == 0
    [whole] = labels_in(tmp_path)
    shutil.rmtree(tmp_path / "out")
    real, calls = labeller._Kept.part, []

    def dying(*arguments: object) -> None:
        calls.append(arguments)
        real(*arguments)  # type: ignore[arg-type]
        if len(calls) == 2:
            raise OutputError(tmp_path, "the disk is full")

    monkeypatch.setattr(labeller._Kept, "part", dying)
    assert label(model, tmp_path, *options).returncode == 1
    looked: list[int] = []
    chunks = labeller.row_chunks

    def counting(*arguments: object, **more: object):
        for chunk in chunks(*arguments, **more):  # type: ignore[arg-type]
            looked.append(len(chunk.pictures))
            yield chunk

    monkeypatch.setattr(labeller, "row_chunks", counting)

    assert label(model, tmp_path, *options).returncode == 0

    [resumed] = labels_in(tmp_path)
    for name in ("action", "confidence", "disagreement", "reasons"):
        assert np.array_equal(getattr(resumed, name), getattr(whole, name)), name
    assert sum(looked) < 220


def test_a_video_that_is_no_video_is_named_and_the_others_go_on(model: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    numbered_video(tmp_path / "videos/good.mp4", 50)
    (tmp_path / "videos/bad.mp4").write_bytes(b"no video" * 100)

    done = label(model, tmp_path, tmp_path / "videos", "--json")

    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert [video["rows"] for video in said["videos"]] == [50]
    [(path, reason)] = said["skipped"].items()
    assert path.endswith("bad.mp4")
    assert "MP4" in reason
    assert "bad.mp4" in (tmp_path / "out/report.html").read_text()


def test_a_video_of_which_nothing_is_kept_is_told_of_and_no_failure(model: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    numbered_video(tmp_path / "videos/long.mp4", 60)
    times_ns = [frame * 1_000_000_000 // 30 for frame in range(60)]
    write_numbered_video(tmp_path / "videos/still.mp4", [7] * 60, times_ns, NumberedVideo(), 30)

    done = label(model, tmp_path, tmp_path / "videos", "filters.duplicates.on=true", "--json")

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    still = next(video["name"] for video in said["videos"] if video["name"].startswith("still"))
    assert f"Nothing is kept of 1 of 2 videos: {still}." in said["notes"]
    assert (said["dataset"]["episodes"], said["dataset"]["skipped"]) == (1, {})


def test_frames_that_do_not_decode_are_left_out(model: Path, tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "one.mp4", 100)
    from playloom.recording.mp4_index import index_video

    index = index_video(path)
    content = bytearray(path.read_bytes())
    for frame in (40, 41, 42):
        start, size = int(index.offset[frame]), int(index.size_bytes[frame])
        content[start + 4 : start + size] = bytes(size - 4)
    path.write_bytes(content)

    done = label(model, tmp_path, path, "dataset.make=false")

    assert done.returncode == 0, done.stderr
    [labels] = labels_in(tmp_path)
    damaged = np.flatnonzero(labels.reasons & Reason.DAMAGED)
    assert damaged.size
    assert damaged.min() in (39, 40)
    assert damaged.max() < 50  # the next keyframe


def test_video_of_another_rate_is_laid_onto_the_models(model: Path, tmp_path: Path) -> None:
    numbered_video(tmp_path / "one.mp4", 120, fps=60)

    assert label(model, tmp_path, tmp_path / "one.mp4").returncode == 0

    [episode] = read_episodes(tmp_path / "out/dataset")
    assert episode.numbers == list(range(0, 118, 2))
    assert read_info(tmp_path / "out/dataset")["fps"] == 30


def test_sessions_with_input_are_not_guessed_unless_asked_for(model: Path, tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions/played", 60)
    write_numbered_session(tmp_path / "sessions/watched", 60)
    (tmp_path / "sessions/watched/actions.bin").write_bytes(b"")

    done = label(model, tmp_path, tmp_path / "sessions", "dataset.make=false")

    assert "its input was recorded: nothing has to be guessed" in done.stdout
    assert [labels.header.name.rpartition("-")[0] for labels in labels_in(tmp_path)] == ["watched"]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    for name in ("one", "two", "three"):
        numbered_video(tmp_path / f"videos/{name}.mp4", 60)
    return tmp_path / "videos"


def label_on_actors(model: Path, videos: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """In a program of its own: this process may be part of another test's cluster."""
    words = ["label", model, videos, "model.threads=1", *KEEP_ALL, "dataset.make=false", "runners.workers=2"]
    return subprocess.run(
        [sys.executable, "-m", "playloom", *map(str, words), *options, "-o", str(output), "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )


def assert_same(one: list[Labels], other: list[Labels]) -> None:
    assert [labels.header.name for labels in one] == [labels.header.name for labels in other]
    for left, right in zip(one, other, strict=True):
        assert np.array_equal(left.action, right.action)


def test_ray_actors_label_several_videos_to_the_same_labels(
    model: Path, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (videos / "bad.mp4").write_bytes(b"no video" * 100)
    assert label(model, tmp_path, videos, "dataset.make=false").returncode == 1
    here = labels_in(tmp_path)
    shutil.rmtree(tmp_path / "out")

    with tempfile.TemporaryDirectory() as ray_directory:  # short: it is part of sockets' names
        monkeypatch.setenv("RAY_TMPDIR", ray_directory)
        (Path(ray_directory) / "ray").mkdir()
        (Path(ray_directory) / "ray/ray_current_cluster").write_text("127.0.0.1:9")  # somebody else's, not asked for
        done = label_on_actors(model, videos, tmp_path / "out", "runners.cpus=0.5")

    assert done.returncode == 1, done.stderr
    assert "bad.mp4" in done.stdout, done.stderr
    assert_same(here, labels_in(tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["disabled", "token"])
def test_actors_of_a_cluster_that_runs_label_whether_it_asks_for_a_token_or_not(
    model: Path, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    assert label(model, tmp_path, videos, "dataset.make=false").returncode == 0
    here = labels_in(tmp_path)
    shutil.rmtree(tmp_path / "out")

    home_with_token(tmp_path, monkeypatch)
    with cluster(mode=mode) as address:
        monkeypatch.chdir(tmp_path)  # the cluster stands elsewhere
        done = label_on_actors(model, Path("videos"), Path("out"), "runners.cpus=0.5", "--ray-address", address)

    assert done.returncode == 0, done.stderr
    assert_same(here, labels_in(tmp_path))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.repoid=a/b", "Did you mean dataset.repo_id"),
        ("model.overlap=0", "model.overlap=0: cannot be"),
        ("video.masks=[[0,0,2,1]]", "is no rectangle of the picture"),
        ("filters.screens.examples=nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_is_told(model: Path, tmp_path: Path, override: str, said: str) -> None:
    numbered_video(tmp_path / "one.mp4", 50)

    done = label(model, tmp_path, tmp_path / "one.mp4", override)

    assert done.returncode == 1
    assert said in done.stderr + done.stdout
