from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from playloom.cli import run
from playloom.errors import PlayloomError
from training.errors import TrainingError
from training.idm.config import PRESETS
from training.idm.options import PROGRAM, may_change, options_of
from training.runs.compose import OverrideError, read_yaml, write_yaml
from training.runs.schema import Device, SplitBy


def test_a_preset_chooses_the_model_and_how_it_is_trained() -> None:
    options = options_of(PROGRAM.compose(["data.path=ds", "preset=debug"]))
    assert options.model == PRESETS["debug"]
    assert (options.trainer.max_steps, options.data.batch) == (30, 8)


def test_without_a_preset_it_is_the_one_for_two_cores() -> None:
    options = options_of(PROGRAM.compose(["data.path=ds"]))
    assert options.model == PRESETS["cpu"]
    assert options.trainer.max_minutes == 30


@pytest.mark.parametrize("preset", ["debug", "cpu", "h100"])
def test_every_preset_can_be_trained_with(preset: str) -> None:
    options_of(PROGRAM.compose(["data.path=ds", f"preset={preset}"]))


def test_an_override_goes_before_the_preset() -> None:
    config = PROGRAM.compose(
        ["model.window=5", "model.channels=[8,16]", "data.path=ds", "preset=h100", "model=debug", "trainer.device=cpu"]
    )
    options = options_of(config)
    assert (options.model.window, options.model.width, options.model.channels) == (5, 32, [8, 16])
    assert options.trainer.device is Device.cpu


def test_lists_of_lists_and_choices_are_read() -> None:
    options = options_of(
        PROGRAM.compose(["data.path=ds", "data.categorical=[[left,right],[up,down]]", "data.split.by=player"])
    )
    assert options.data.categorical == [["left", "right"], ["up", "down"]]
    assert options.data.split.by is SplitBy.player


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("window=5", "window=5: there is no such key. Did you mean model.window?"),
        (
            "trainer.lerning_rate=1",
            "trainer.lerning_rate=1: there is no such key. Did you mean trainer.learning_rate?",
        ),
        ("trainer.batch_size=1", "trainer.batch_size=1: there is no such key. Did you mean data.batch?"),
        (
            "preset=deubg",
            "preset=deubg: there is no preset of this name. Did you mean debug? There are cpu, debug, h100",
        ),
        ("model=large", "model=large: there is no model of this name. There are cpu, debug, h100"),
        ("trainer.device=gpu", "trainer.device is one of auto, cpu, cuda"),
        ("data.split.by=playr", "data.split.by is one of player, session, seed, game"),
        ("trainer.learning_rate=fast", "trainer.learning_rate is a number"),
        ("data.batch=2.5", "data.batch is a whole number"),
        ("trainer.compile=maybe", "trainer.compile is true or false"),
        ("model.channels=3", "model.channels is a list, such as [1,2]"),
        ("data.batch=null", "data.batch is a whole number"),
        ("trainer.max_minutes=long", "trainer.max_minutes is a number or null"),
        ("ds", "ds: is no override. Write key=value"),
        ("max_minutes", "Write key=value, such as trainer.max_minutes=…"),
        ("+foo=1", "keys can be changed, and neither added nor taken away"),
        ("~data.batch", "keys can be changed, and neither added nor taken away"),
        ("trainer.seed=1,2", "several values are a sweep. Add -m"),
        (
            "data.path=/a=b(c",
            "cannot be read. Put a value with signs of its own in quotes twice: 'data.path=\"/a=b(c\"'",
        ),
    ],
)
def test_a_wrong_override_says_what_is_near_and_what_may_be(override: str, told: str) -> None:
    with pytest.raises(OverrideError) as caught:
        PROGRAM.compose([override])
    assert told in str(caught.value)
    assert override[:20] in str(caught.value)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.batch=0", "data.batch=0: cannot be. Choose 1 to 65536"),
        ("trainer.max_steps=-3", "trainer.max_steps=-3: cannot be"),
        ("data.split.validation=1.5", "data.split.validation=1.5: cannot be. Choose 0 to 1"),
        ("model.window=1", "window is 1"),
    ],
)
def test_a_value_out_of_its_range_is_refused(override: str, told: str) -> None:
    with pytest.raises(PlayloomError) as caught:
        options_of(PROGRAM.compose(["data.path=ds", override]))
    assert told in str(caught.value)


def test_the_dataset_has_to_be_named() -> None:
    with pytest.raises(TrainingError) as caught:
        options_of(PROGRAM.compose([]))
    assert str(caught.value) == ("data.path is missing. Say what to train on: playloom train idm data.path=DATASET")


def test_a_sweep_has_a_run_for_every_combination() -> None:
    assert PROGRAM.sweep(["trainer.seed=1,2", "data.path=ds", "preset=cpu,debug"]) == [
        ["trainer.seed=1", "data.path=ds", "preset=cpu"],
        ["trainer.seed=1", "data.path=ds", "preset=debug"],
        ["trainer.seed=2", "data.path=ds", "preset=cpu"],
        ["trainer.seed=2", "data.path=ds", "preset=debug"],
    ]


def test_a_configuration_that_was_written_down_is_read_as_it_was(tmp_path: Path) -> None:
    config = PROGRAM.compose(["data.path=my ds", "preset=debug", "data.mouse=[look]"])
    path = tmp_path / "config.yaml"
    path.write_text(write_yaml(config))
    assert options_of(PROGRAM.change(read_yaml(path), [])) == options_of(config)


def test_a_run_that_goes_on_takes_other_steps_and_keeps_its_model(tmp_path: Path) -> None:
    config = PROGRAM.compose(["data.path=ds", "preset=debug"])
    changed = PROGRAM.change(OmegaConf.create(write_yaml(config)), ["trainer.max_steps=99"])  # pyright: ignore[reportArgumentType]
    assert options_of(changed).trainer.max_steps == 99
    with pytest.raises(OverrideError, match="a run that goes on keeps its presets"):
        PROGRAM.change(config, ["preset=cpu"])
    with pytest.raises(OverrideError, match=r"trainer\.device is one of auto, cpu, cuda"):
        PROGRAM.change(config, ["trainer.device=gpu"])
    with pytest.raises(OverrideError, match=r"Did you mean trainer\.max_steps"):
        PROGRAM.change(config, ["max_steps=9"])
    assert may_change("trainer.max_steps")
    assert may_change("data.workers")
    assert not may_change("model.window")
    assert not may_change("data.batch")
    assert not may_change("trainer.seed")


def test_a_configuration_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with pytest.raises(PlayloomError, match=r"config\.yaml: cannot be read"):
        read_yaml(path)
    path.write_text("a: [")
    with pytest.raises(PlayloomError, match=r"config\.yaml: is no YAML"):
        read_yaml(path)
    path.write_text("- a")
    with pytest.raises(PlayloomError, match="holds no configuration"):
        read_yaml(path)


def test_every_option_tells_what_it_is() -> None:
    """Whoever reads --show finds each name in the docstring of its class, or of what it is made of."""
    from training.policy.schema import MixPart, PolicyDataOptions
    from training.runs import schema

    for options in (
        schema.SplitOptions,
        schema.DataOptions,
        schema.TrainerOptions,
        schema.RunOptions,
        schema.LoggingOptions,
        PolicyDataOptions,
        MixPart,
    ):
        described = "".join(one.__doc__ or "" for one in options.__mro__)
        for name in options.__dataclass_fields__:
            assert name == "split" or f"    {name}: " in described, f"{options.__name__}.{name}"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = run(["train", "idm", *arguments])
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def test_every_value_is_shown_without_training(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = told(capsys, "data.path=ds", "preset=debug", "--show")
    assert status == 0
    assert "  max_steps: 30\n" in text
    assert "  path: ds\n" in text


def test_the_help_teaches_presets_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = told(capsys, "--help")
    assert status == 0
    for words in (
        "preset=cpu",
        "trainer.max_minutes=30",
        "--resume runs/",
        "'data.categorical=[[left,right],[up,down]]'",
    ):
        assert words in text


def test_what_goes_on_is_one_run_and_keeps_what_it_sees(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert told(capsys, "--resume", str(tmp_path)) == (
        1,
        f"error: {tmp_path}: no run is here. 'playloom runs list' names them; give the run's directory\n",
    )
    (tmp_path / "config.yaml").write_text(write_yaml(PROGRAM.compose(["data.path=ds"])))
    assert "Take one of them" in told(capsys, "-m", "--resume", str(tmp_path))[1]
    status, text = told(capsys, "--resume", str(tmp_path), "model.window=3")
    assert status == 1
    assert "model.window: cannot change while a run goes on" in text
    assert f"run.initialize_from={tmp_path}" in text
