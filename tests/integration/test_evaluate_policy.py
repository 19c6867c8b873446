"""`playloom evaluate policy` and `playloom compare` on policies that have learned nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from playloom.errors import PlayloomError
from tests.support.command import PLAYLOOM
from tests.support.idm_checkpoints import untaught_checkpoint
from tests.support.policy_checkpoints import untaught_policy
from tests.support.toy_policies import courier_space
from tests.support.training_datasets import courier_dataset
from training.action_space import ActionSpace, Head, HeadKind
from training.rollouts.cli import compare, policy

SHORT = ("--max-steps", "20", "--size", "32x32", "--quiet")


def told(command: Callable[..., None], *words: str | Path) -> str:
    """What a command says; it ends well."""
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, list(map(str, words)))
    if done.exception is not None:
        raise done.exception
    return done.stdout


def refused(command: Callable[..., None], *words: str | Path) -> str:
    """What a command says that refuses."""
    with pytest.raises(PlayloomError) as caught:
        told(command, *words)
    return str(caught.value)


def test_two_policies_play_beside_those_who_know_nothing_and_what_was_played_is_not_played_again(
    tmp_path: Path,
) -> None:
    one = untaught_policy(tmp_path / "one", space=courier_space())
    two = untaught_policy(tmp_path / "two", space=courier_space(), seed=1)
    said = told(policy, one, two, "--episodes", "3", *SHORT)
    assert "no difference shown" in said
    assert f"The report is {one}/rollouts/courier/results.md, with videos in {one}/rollouts/courier/videos." in said
    place = one / "rollouts/courier"
    results = json.loads((place / "results.json").read_text())
    assert [player["name"] for player in results["players"]] == [
        "untaught@7", "untaught@7#2", "random", "noop", "scripted",
    ]  # fmt: skip
    assert results["players"][0]["latency"]["chunks"] == 3 * 10
    assert all(set(player["scores"]) == {"100000", "100001", "100002"} for player in results["players"])
    assert len(results["videos"]) == 6
    assert all((place / video["file"]).stat().st_size > 1000 for video in results["videos"])
    assert {path.name for path in place.iterdir()} >= {"results.md", "scores.png", "episodes"}

    kept = {path: path.stat().st_mtime_ns for path in place.glob("episodes/*/*.json")}
    again = json.loads(told(policy, one, "--episodes", "4", "--json", "--no-videos", *SHORT))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(again["players"][0]["scores"]) == 4

    told(policy, two, "--episodes", "3", "--no-videos", *SHORT)
    compared = told(compare, one, two, "-o", tmp_path / "scores.png")
    assert "untaught@7#2" in compared
    assert (tmp_path / "scores.png").stat().st_size > 1000
    longer = (*SHORT[2:], "--max-steps", "21", "--against", "none", "-o", tmp_path / "longer")
    told(policy, two, "--episodes", "3", "--no-videos", *longer)
    assert "played different games: max steps 20 and 21" in refused(compare, one, tmp_path / "longer")
    assert "set up in another way (max_steps)" in refused(policy, two, "--max-steps", "21", *SHORT[2:])
    assert "keeps no evaluation of pong" in refused(compare, one, two, "--game", "pong")


def test_actors_play_what_one_program_plays(tmp_path: Path) -> None:
    run = untaught_policy(tmp_path / "run", space=courier_space())
    scores = []
    for workers in ("0", "2"):
        said = told(
            policy, run, "--episodes", "2", "--workers", workers, "--json", "--no-videos", "--threads", "1",
            "--against", "scripted", "-o", tmp_path / workers, "--max-steps", "60", "--size", "32x32",
        )  # fmt: skip
        scores.append([player["scores"] for player in json.loads(said)["players"]])
    assert scores[0] == scores[1]
    rows = [sorted((tmp_path / workers).glob("episodes/untaught@7/*.npy")) for workers in ("0", "2")]
    assert [one.read_bytes() for one in rows[0]] == [other.read_bytes() for other in rows[1]]


def test_a_stopped_evaluation_goes_on(tmp_path: Path) -> None:
    run = untaught_policy(tmp_path / "run", space=courier_space())
    words = (run, "--episodes", "400", "--no-videos", "-o", tmp_path / "out", *SHORT)
    with subprocess.Popen(
        [PLAYLOOM, "evaluate", "policy", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        deadline = time.monotonic() + 120
        while not list((tmp_path / "out").glob("episodes/scripted/*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert f"Stopped; what was played is in {tmp_path / 'out'}. The same command goes on." in said
    kept = len(list((tmp_path / "out").glob("episodes/untaught@7/*.json")))
    assert 1 <= kept < 400
    told(policy, *["1" if word == "400" else word for word in words])
    assert len(list((tmp_path / "out").glob("episodes/untaught@7/*.json"))) == kept


def test_recorded_players_stand_beside_up_to_the_same_length(tmp_path: Path) -> None:
    courier_dataset(tmp_path, episodes=2, steps=25, size=(32, 32))
    run = untaught_policy(tmp_path / "run", space=courier_space())
    said = told(
        policy, run, "--episodes", "2", "--seed", "1", "--against", "none", "--no-videos",
        "--recordings", tmp_path / "recordings", "--json", *SHORT,
    )  # fmt: skip
    player, recorded = json.loads(said)["players"]
    assert recorded["name"] == "recorded"
    assert recorded["steps"] == 20
    assert set(recorded["scores"]) == set(player["scores"]) == {"1", "2"}
    problem = refused(
        policy, run, "--episodes", "1", "--max-steps", "30", "--against", "none",
        "--no-videos", "--recordings", tmp_path / "recordings", "-o", tmp_path / "other",
    )  # fmt: skip
    assert "was broken off after 25 steps" in problem


@pytest.mark.parametrize(
    ("changes", "options", "problem"),
    [
        ({}, ("--game", "pong"), "was trained to play courier, not atari-pong. Let it play courier"),
        ({}, ("--game", "couriers"), "there is no game 'couriers'. Did you mean Playloom/Courier-v0"),
        ({}, ("--frame-skip", "2"), "was trained on 30 rows a second"),
        ({"fps": 25}, (), "was trained on 25 rows a second"),
        ({}, ("--delay", "4"), "says 4 rows at once: behind a delay of 4 frames none is left"),
        ({}, ("--execute", "4", "--delay", "1"), "Choose an --execute up to 3"),
        ({}, ("--task", "Dance"), "does not know the task 'Dance'. It knows 'Deliver the parcels'"),
        ({}, ("--against", "genius"), "there is no agent 'genius'"),
        ({"spoiled": True}, (), "is no number"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(
    changes: dict[str, object], options: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    run = untaught_policy(tmp_path / "run", **{"space": courier_space(), **changes})
    words = ("--episodes", "1", "--no-videos", "-o", tmp_path / "out", "--max-steps", "8", *options)
    assert problem in refused(policy, run, *words)


def test_a_policy_of_another_layout_is_refused_by_the_names_of_its_actions(tmp_path: Path) -> None:
    space = ActionSpace(
        game_id="courier", layout_version=1, names=("fire", "jump"),
        heads=tuple(
            Head(name=name, kind=HeadKind.DIGITAL, places=(place,)) for place, name in enumerate(("fire", "jump"))
        ),
    )  # fmt: skip
    problem = refused(policy, untaught_policy(tmp_path / "run", space=space))
    assert "presses fire, which Playloom/Courier-v0 does not have; it has move.x" in problem


def test_a_model_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    assert "holds an inverse dynamics model" in refused(policy, untaught_checkpoint(tmp_path / "idm"))
    assert "holds no checkpoint" in refused(policy, tmp_path / "nothing")
    assert "keeps no evaluation" in refused(compare, untaught_policy(tmp_path / "run"), tmp_path / "nothing")
