"""Steps of an experiment: each done once, again when what it does or what came before has changed, and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from playloom.errors import PlayloomError
from training.experiments.games import GAMES, find_experiment
from training.experiments.idm import IdmExperiment
from training.experiments.steps import Step, StepFailedError, Steps
from training.idm.options import PROGRAM
from training.runs.schema import IdmTraining


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def steps(tmp_path: Path, said: list[str]) -> Steps:
    return Steps(directory=tmp_path / "experiment", say=said.append)


def copy(tmp_path: Path, name: str, source: str, target: str, going_on: tuple[str, ...] | None = None) -> Step:
    """A program that writes one JSON file as another."""
    makes = tmp_path / target
    command = ("json.tool", str(tmp_path / source), str(makes))
    return Step(name=name, says=f"{source} becomes {target}", command=command, makes=makes, going_on=going_on)


def test_what_is_done_is_not_done_again(tmp_path: Path, steps: Steps, said: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    both = [copy(tmp_path, "one", "a", "b"), copy(tmp_path, "two", "b", "c")]
    steps.run(both)
    (tmp_path / "a").write_text("2")
    steps.run(both)
    assert (tmp_path / "c").read_text() == "1\n"
    assert said == [
        "1/2 a becomes b",
        "2/2 b becomes c",
        "1/2 a becomes b: done before",
        "2/2 b becomes c: done before",
    ]


def test_what_follows_a_step_that_has_changed_is_done_again(tmp_path: Path, steps: Steps, said: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "x").write_text("2")
    steps.run([copy(tmp_path, "one", "a", "b"), copy(tmp_path, "two", "b", "c")])
    steps.run([copy(tmp_path, "one", "x", "b"), copy(tmp_path, "two", "b", "c")])
    assert (tmp_path / "c").read_text() == "2\n"
    assert said[2:] == ["1/2 x becomes b", "2/2 b becomes c"]


def test_a_step_whose_result_was_removed_is_done_again(tmp_path: Path, steps: Steps, said: list[str]) -> None:
    (tmp_path / "a").write_text("1")
    one = [copy(tmp_path, "one", "a", "b")]
    steps.run(one)
    (tmp_path / "b").unlink()
    steps.run(one)
    assert (tmp_path / "b").exists()
    assert said == ["1/1 a becomes b"] * 2


def test_a_program_that_fails_is_named_and_what_it_left_is_removed_before_the_next_try(
    tmp_path: Path, steps: Steps
) -> None:
    (tmp_path / "a").write_text("no JSON")
    one = [copy(tmp_path, "one", "a", "b")]
    with pytest.raises(StepFailedError, match="'one' failed with status 1"):
        steps.run(one)
    (tmp_path / "b").write_text("half of it")
    (tmp_path / "a").write_text("1")
    steps.run(one)
    assert (tmp_path / "b").read_text() == "1\n"


def test_a_step_that_can_go_on_is_gone_on_with(tmp_path: Path, steps: Steps) -> None:
    (tmp_path / "a").write_text("no JSON")
    (tmp_path / "rest").write_text("3")
    going_on = ("json.tool", str(tmp_path / "rest"), str(tmp_path / "b"))
    one = [copy(tmp_path, "one", "a", "b", going_on)]
    with pytest.raises(StepFailedError):
        steps.run(one)
    (tmp_path / "b").write_text("half of it")
    steps.run(one)
    assert (tmp_path / "b").read_text() == "3\n"


def test_nobody_is_judged_on_a_seed_that_was_learned_from() -> None:
    for name, game in GAMES.items():
        train = {(play.seed + number) for play in game.train for number in range(play.episodes)}
        test = {(play.seed + number) for play in game.test for number in range(play.episodes)}
        assert not train & test, name


def test_a_game_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(PlayloomError) as caught:
        find_experiment("couriers")
    assert "courier" in (caught.value.remedy or "")


def test_the_quick_variant_plays_less_and_takes_the_smallest_model(tmp_path: Path) -> None:
    quick = IdmExperiment(name="pong", game=GAMES["pong"], directory=tmp_path, minutes=30, quick=True)
    words = [word for step in quick.steps() for word in step.command]
    assert "preset=debug" in words
    assert {words[place + 1] for place, word in enumerate(words) if word == "--episodes"} == {"2"}


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("preset", ["debug", "cpu"])
def test_the_model_of_an_experiment_is_one_that_can_be(name: str, preset: str) -> None:
    chain = IdmExperiment(
        name=name, game=GAMES[name], directory=Path("x"), minutes=1, quick=preset == "debug", overrides=()
    )
    (train,) = (step for step in chain.steps() if step.name == "train")
    said = [word for word in train.command if "=" in word]
    config = OmegaConf.to_object(PROGRAM.compose(said))
    assert isinstance(config, IdmTraining)
    config.model.check()
