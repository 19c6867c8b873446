"""Uploading by the real client to a Hub on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.fake_hub import FakeHub, fake_hub
from tests.support.gym_play import record

PLAYLOOM = str(Path(sys.executable).with_name("playloom"))


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        yield hub


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    # Random play: two episodes of an agent that decides by the picture can be the same to the byte.
    record(tmp_path / "recordings", "pong", agent="random", episodes=2, steps=90)
    return tmp_path / "recordings"


def playloom(
    hub: FakeHub, tmp_path: Path, *arguments: str, token: str | None = "hf_right"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PLAYLOOM, "gym", *arguments],
        env=hub.environment(tmp_path / "hf", token),
        capture_output=True,
        text=True,
        timeout=180,
    )


def front_matter(card: str) -> dict[str, object]:
    return YAML(typ="safe", pure=True).load(card.split("---\n")[1])


def test_sessions_arrive_whole_with_a_card(hub: FakeHub, tmp_path: Path, recordings: Path) -> None:
    done = playloom(hub, tmp_path, "push", str(recordings), "--repo", "ada/pong", "--private")
    assert done.returncode == 0, done.stderr
    assert f"Uploaded to {hub.url}/datasets/ada/pong" in done.stdout
    assert "names no licence yet" in done.stdout
    assert hub.repos["ada/pong"]["visibility"] == "private"
    assert hub.repos["ada/pong"]["type"] == "dataset"
    local = {str(file.relative_to(recordings)): file.read_bytes() for file in recordings.glob("*/*")}
    assert len(local) == 12
    card = hub.files.pop("README.md").decode()
    assert hub.files == local
    assert front_matter(card) == {
        "pretty_name": "ada/pong",
        "license": "other",
        "task_categories": ["reinforcement-learning"],
        "tags": ["playloom", "gameplay", "gymnasium", "atari", "atari-pong"],
    }
    assert "2 sessions, 180 frames, 0.00 hours." in card
    assert "| atari-pong-ada-random-3 | atari-pong | ada | 90 |" in card
    assert "ale-py (GPL-2.0)" in card
    assert "has not chosen a licence yet" in card


def test_an_upload_that_broke_off_goes_on_where_it_was(hub: FakeHub, tmp_path: Path, recordings: Path) -> None:
    large = [file.read_bytes() for name in ("capture.mp4", "actions.bin") for file in recordings.glob(f"*/{name}")]
    assert len(set(large)) == 4  # what is alike the Hub stores, and the client sends, once
    hub.fail_after_uploads = 2
    broken = playloom(hub, tmp_path, "push", str(recordings), "--repo", "ada/pong", "--license", "cc-by-4.0")
    assert broken.returncode == 1
    assert "error: the upload to ada/pong broke off" in broken.stderr
    assert "Run the same command again; what has arrived is not sent twice" in broken.stderr
    assert (hub.uploads, hub.commits) == (2, [])
    hub.fail_after_uploads = None
    done = playloom(hub, tmp_path, "push", str(recordings), "--repo", "ada/pong", "--license", "cc-by-4.0")
    assert done.returncode == 0, done.stderr
    assert hub.uploads == 4  # two videos and two inputs, each once
    assert len(hub.files) == 13
    assert front_matter(hub.files["README.md"].decode())["license"] == "cc-by-4.0"


def test_a_dataset_is_uploaded_as_one(hub: FakeHub, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    (dataset / "meta").mkdir(parents=True)
    (dataset / "data" / "chunk-000").mkdir(parents=True)
    (dataset / "data" / "chunk-000" / "file-000.parquet").write_bytes(b"PAR1")
    info = {
        "codebase_version": "v3.0",
        "fps": 60,
        "total_episodes": 2,
        "total_frames": 216000,
        "features": {"action": {"dtype": "float32", "shape": [3]}},
        "extensions": {"game_converter": {"game_id": "vizdoom-basic"}},
    }
    (dataset / "meta" / "info.json").write_text(json.dumps(info))
    (dataset / ".cache").mkdir()
    (dataset / ".cache" / "secret").write_text("not this")
    done = playloom(hub, tmp_path, "push", str(dataset), "--repo", "ada/doom")
    assert done.returncode == 0, done.stderr
    assert sorted(hub.files) == ["README.md", "data/chunk-000/file-000.parquet", "meta/info.json"]
    card = hub.files["README.md"].decode()
    assert "2 episodes, 216000 frames at 60 fps, 1.00 hours." in card
    assert "| action | float32 | [3] |" in card
    assert "ViZDoom" in card
    assert front_matter(card)["configs"] == [{"config_name": "default", "data_files": "data/*/*.parquet"}]


def test_recording_can_push_what_it_recorded(hub: FakeHub, tmp_path: Path) -> None:
    arguments = ["record", "pong", "--headless", "--agent", "random", "--max-steps", "60", "--seed", "1"]
    done = playloom(hub, tmp_path, *arguments, "-o", str(tmp_path / "new"), "--push", "ada/new")
    assert done.returncode == 0, done.stderr
    assert "atari-pong-random-1/capture.mp4" in hub.files


def test_without_a_token_nothing_is_played_or_sent(hub: FakeHub, tmp_path: Path, recordings: Path) -> None:
    done = playloom(hub, tmp_path, "push", str(recordings), "--repo", "ada/pong", token=None)
    assert done.returncode == 1
    assert "error: the environment variable HF_TOKEN holds no access token" in done.stderr
    arguments = ["record", "pong", "--headless", "--agent", "random", "-o", str(tmp_path / "new"), "--push", "ada/new"]
    assert playloom(hub, tmp_path, *arguments, token=None).returncode == 1
    assert not (tmp_path / "new").exists()
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("repo", "token", "problem"),
    [
        ("ada/pong", "hf_wrong", "the Hub refused the upload to ada/pong: it does not know the access token"),
        ("ada pong!", "hf_right", "'ada pong!' cannot be a repository's name. Write it as USER/NAME"),
    ],
)
def test_a_wrong_token_or_name_is_said(
    hub: FakeHub, tmp_path: Path, recordings: Path, repo: str, token: str, problem: str
) -> None:
    done = playloom(hub, tmp_path, "push", str(recordings), "--repo", repo, token=token)
    assert done.returncode == 1
    assert problem in done.stderr
    assert "hf_wrong" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_sessions_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = playloom(hub, tmp_path, "push", str(tmp_path / "empty"), "--repo", "ada/pong")
    assert done.returncode == 1
    assert "holds neither a session nor a dataset" in done.stderr
