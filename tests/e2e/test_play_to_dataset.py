"""From a played game to a LeRobot dataset and back: each row holds what was seen and done, by another way than ours.

The pictures are those of the game, played again from the recorded actions; the actions are those that the game was
given, named here by hand. Nothing of the alignment, the encoding or the index of the video is used to check them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ale_py
import gymnasium
import numpy as np
import pyarrow.parquet as pq
import pytest
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from numpy.typing import NDArray

from capture_node.gym.verify import replay
from playloom.environments.catalogue import remake_environment
from playloom.environments.spec import read_environment
from playloom.environments.steps import read_steps

PROJECT = Path(__file__).parents[2]
PLAYLOOM = str(Path(sys.executable).with_name("playloom"))
SAMPLES = 30

PONG = {0: set(), 1: {"fire"}, 2: {"up"}, 3: {"down"}, 4: {"up", "fire"}, 5: {"down", "fire"}}
"""What the numbers that ALE's Pong takes mean on its joystick: right is up and left is down."""

DOOM = ("turn_left", "turn_right", "attack")
"""The buttons of VizDoom's defend_the_center.cfg, in its order."""


def playloom(*arguments: object) -> None:
    done = subprocess.run(
        [PLAYLOOM, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, cwd=PROJECT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def play(root: Path, game: str, player: str, device: str, steps: int, *more: object) -> Path:
    playloom(
        *("gym", "record", game, "-o", root, "--headless", "--agent", "scripted", "--max-steps", steps),
        *("--player", player, "--profile", player, "--input", device, "--seed", 5, *more),
    )
    (session,) = root.glob(f"*{player}*")
    return session


def convert(sessions: Path, output: Path, game: str, video: str, *more: object) -> LeRobotDataset:
    profiles = sorted((PROJECT / "examples" / "profiles").glob(f"{game}-*.yaml"))
    playloom(
        *("convert", "--session-root", sessions, "--output-root", output, "--repo-id", "local/play", "--task", "play"),
        *("--game-definition", PROJECT / "examples" / "games" / f"{game}.yaml", "--video", video, *more),
        *(part for profile in profiles for part in ("--action-mapping", profile)),
    )
    return LeRobotDataset("local/play", root=output, video_backend="pyav")


def episodes(dataset: LeRobotDataset) -> list[dict[str, Any]]:
    files = sorted(Path(dataset.root, "meta", "episodes").rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def pong_pictures(session: Path) -> Iterator[NDArray[np.uint8]]:
    """Pong played again with nothing but Gymnasium."""
    gymnasium.register_envs(ale_py)
    game = gymnasium.make("ALE/Pong-v5", frameskip=1, repeat_action_probability=0.0)
    image, _ = game.reset(seed=5)
    for action in read_steps(session / "steps.csv").actions:
        yield np.asarray(image)
        image, *_ = game.step(action)
    game.close()


def doom_pictures(session: Path) -> Iterator[NDArray[np.uint8]]:
    spec, _ = read_environment(session)
    game = remake_environment(spec)
    for _, image, difference in replay(game, read_steps(session / "steps.csv")):
        assert difference is None, difference
        if image is not None:
            yield image.copy()
    game.close()


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    error = float(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2))
    return 10 * np.log10(255**2 / max(error, 1e-6))


def check_pictures(dataset: LeRobotDataset, episode: dict[str, Any], played: list[NDArray[np.uint8]]) -> None:
    """Each picture is nearer to the one that the game showed then than to those before and after it."""
    first, start, length = (episode[key] for key in ("session_first_frame", "dataset_from_index", "length"))
    told_apart = 0
    for row in np.random.default_rng(1).choice(length, min(SAMPLES, length), replace=False):
        item: Any = dataset[int(start + row)]
        shown = item["observation.images.main"].permute(1, 2, 0).numpy() * 255
        frame = int(first + row)
        right = psnr(shown, played[frame])
        assert right > 28, f"frame {frame}: {right:.1f} dB"
        for other in (frame - 1, frame + 1):
            if 0 <= other < len(played) and psnr(played[frame], played[other]) < right:  # seen through the encoding
                assert right > psnr(shown, played[other]), f"frame {frame} looks like {other}"
                told_apart += 1
    assert told_apart > SAMPLES // 4


def held(dataset: LeRobotDataset, index: int) -> set[str]:
    row = dataset.hf_dataset[index]["action"].tolist()
    return {name for name, value in zip(dataset.meta.features["action"]["names"], row, strict=True) if value}


@pytest.fixture(scope="module")
def pong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[NDArray[np.uint8]]]]:
    root = tmp_path_factory.mktemp("pong")
    sessions = [play(root, "pong", "ada", "keyboard", 260), play(root, "pong", "grace", "gamepad", 200)]
    return root, {session.name: list(pong_pictures(session)) for session in sessions}


@pytest.mark.parametrize("video", ["copy", "transcode"])
def test_two_players_of_pong(video: str, pong: tuple[Path, dict[str, list[NDArray[np.uint8]]]], tmp_path: Path) -> None:
    root, played = pong

    dataset = convert(root, tmp_path / "dataset", "atari-pong", video, "--max-pre-action-seconds", 0)

    found = episodes(dataset)
    assert [episode["player"] for episode in found] == ["ada", "grace"]
    for episode in found:
        first, start = episode["session_first_frame"], episode["dataset_from_index"]
        steps = read_steps(root / episode["session"] / "steps.csv")
        assert episode["length"] == len(steps) - first
        for row in range(episode["length"]):
            assert held(dataset, start + row) == PONG[steps.actions[first + row]]
            assert dataset.hf_dataset[start + row]["next.reward"] == np.float32(steps.reward[first + row])
        assert len({frozenset(held(dataset, start + row)) for row in range(episode["length"])}) > 2
        check_pictures(dataset, episode, played[episode["session"]])


@pytest.mark.parametrize("video", ["copy", "transcode"])
def test_doom_on_a_gamepad(video: str, tmp_path: Path) -> None:
    session = play(tmp_path / "play", "VizdoomDefendCenter-v1", "grace", "gamepad", 150, "--size", "320x240")

    dataset = convert(tmp_path / "play", tmp_path / "dataset", "vizdoom-defend-the-center", video)

    (episode,) = episodes(dataset)
    steps = read_steps(session / "steps.csv")
    assert (episode["length"], episode["session_first_frame"]) == (len(steps), 0)
    for row, action in enumerate(steps.actions):
        assert isinstance(action, tuple)
        assert held(dataset, row) == {name for name, on in zip(DOOM, action, strict=True) if on}
    check_pictures(dataset, episode, list(doom_pictures(session)))
