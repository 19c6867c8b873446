from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest
import torch
from rich.console import Console

from tests.support.toy_training import ToyTask, toy_options, toy_trainer
from training.errors import CheckpointError, NonFiniteLossError, TrainingError
from training.runs.checkpoint import MODEL, checkpoints, read_checkpoint
from training.runs.directory import RunDirectory
from training.runs.logging import MetricsFile, read_metrics
from training.trainer.optimizer import learning_rate
from training.trainer.stopping import StopRequest
from training.trainer.trainer import Ending


def names(run: Path) -> list[str]:
    return [path.name for path in checkpoints(run / "checkpoints")]


def latest(run: Path) -> Path:
    found = RunDirectory(path=run).latest()
    assert found is not None
    return found


def test_a_run_that_goes_on_has_the_losses_of_one_that_was_left_alone(tmp_path: Path) -> None:
    whole = ToyTask()
    toy_trainer(whole, tmp_path / "whole", accumulate=2).run()
    begun = ToyTask()
    toy_trainer(begun, tmp_path / "begun", accumulate=2, max_steps=12).run()
    resumed = ToyTask()
    trainer = toy_trainer(resumed, tmp_path / "resumed", accumulate=2)
    trainer.resume(read_checkpoint(tmp_path / "begun/checkpoints/step-000005"))
    outcome = trainer.run()
    assert begun.losses == whole.losses
    assert len(whole.losses) == 24
    assert resumed.losses == whole.losses[10:]
    assert outcome.step == 12
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)


def test_lines_of_figures_over_several_steps_are_the_same_when_a_run_went_on_between_them(tmp_path: Path) -> None:
    toy_trainer(ToyTask(), tmp_path / "whole", log_every=4).run()
    trainer = toy_trainer(ToyTask(), tmp_path / "resumed", log_every=4)
    trainer.resume(read_checkpoint(tmp_path / "whole/checkpoints/step-000005"))
    trainer.run()
    losses = [
        {
            line["step"]: line["train/loss"]
            for line in read_metrics(tmp_path / run / "metrics.jsonl")
            if "train/loss" in line
        }
        for run in ("whole", "resumed")
    ]
    assert list(losses[0]) == [4, 8, 12]
    assert losses[1] == {8: losses[0][8], 12: losses[0][12]}


def test_a_loss_that_is_no_number_stops_with_the_step_the_frames_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLossError) as caught:
        toy_trainer(ToyTask(broken=[6]), tmp_path).run()
    assert caught.value.step == 7
    assert caught.value.parts == ("jump",)
    text = str(caught.value)
    assert text.startswith("the loss is nan in step 7, by jump; its batch was of episode 7 frames 24–27. Look at")
    assert "trainer.learning_rate" in text
    assert text.endswith("the last checkpoint, step-000005, is whole")
    assert all(value.isfinite().all() for value in read_checkpoint(latest(tmp_path)).tensors[MODEL].values())


def test_so_many_steps_without_a_number_are_left_out_as_is_allowed(tmp_path: Path) -> None:
    outcome = toy_trainer(ToyTask(broken=[2, 6]), tmp_path, skip_nonfinite=2).run()
    assert (outcome.step, outcome.skipped) == (12, 2)
    with pytest.raises(NonFiniteLossError, match="in step 8"):
        toy_trainer(ToyTask(broken=[2, 6, 7]), tmp_path / "more", skip_nonfinite=2).run()


def test_memory_that_does_not_suffice_says_what_to_lower(tmp_path: Path) -> None:
    class Greedy(ToyTask):
        def loss(self, model: torch.nn.Module, batch: torch.Tensor) -> None:  # type: ignore[override]
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")

    with pytest.raises(TrainingError) as caught:
        toy_trainer(Greedy(), tmp_path).run()
    assert str(caught.value) == "out of memory in step 1. Lower data.batch (it is 4)"


def test_the_best_checkpoint_stays_beside_the_newest_ones(tmp_path: Path) -> None:
    outcome = toy_trainer(ToyTask(scores=[0.1, 0.9, 0.2, 0.3, 0.4, 0.5]), tmp_path, validate_every=2, keep=2).run()
    assert outcome.best_step == 4
    assert names(tmp_path) == ["step-000004", "step-000010", "step-000012"]
    assert RunDirectory(path=tmp_path).best() == tmp_path / "checkpoints/step-000004"
    assert latest(tmp_path).name == "step-000012"


def test_asked_to_stop_a_run_ends_behind_its_step_with_a_checkpoint(tmp_path: Path) -> None:
    class Interrupted(ToyTask):
        def where(self, batch: torch.Tensor) -> str:
            raise AssertionError

        def size(self, batch: torch.Tensor):
            if int(batch[0]) == 4 * 6:
                os.kill(os.getpid(), signal.SIGINT)
            return super().size(batch)

    outcome = toy_trainer(Interrupted(), tmp_path).run()
    assert (outcome.ending, outcome.step) == (Ending.INTERRUPTED, 7)
    assert latest(tmp_path).name == "step-000007"


def test_a_second_signal_ends_the_program_at_once() -> None:
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_clock_ends_a_run_too(tmp_path: Path) -> None:
    outcome = toy_trainer(ToyTask(), tmp_path, max_steps=10**9, max_minutes=0.002, log_every=1000).run()
    assert outcome.ending is Ending.FINISHED
    assert 0.002 <= outcome.elapsed_s / 60 < 1


def test_a_finished_run_goes_on_when_it_is_given_more_steps(tmp_path: Path) -> None:
    toy_trainer(ToyTask(), tmp_path).run()
    trainer = toy_trainer(ToyTask(), tmp_path, max_steps=15)
    trainer.resume(read_checkpoint(latest(tmp_path)))
    assert trainer.run().step == 15


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    toy_trainer(ToyTask(), tmp_path).run()
    other = ToyTask()
    other.model = torch.nn.Linear(2, 2)
    with pytest.raises(CheckpointError, match="cannot be gone on from"):
        toy_trainer(other, tmp_path).resume(read_checkpoint(latest(tmp_path)))


def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    options = toy_options(learning_rate=1.0, final_rate=0.1, warmup_steps=4)
    rates = [learning_rate(options, step, progress) for step, progress in ((0, 0), (1, 0), (3, 0), (50, 0.5), (99, 1))]
    assert rates == pytest.approx([0.25, 0.5, 1.0, 0.55, 0.1])


def test_figures_are_told_while_it_trains(tmp_path: Path) -> None:
    told = io.StringIO()
    toy_trainer(ToyTask(), tmp_path, console=Console(file=told, width=200, color_system=None)).run()
    lines = told.getvalue().splitlines()
    assert lines[0] == "video 3 is broken"
    assert lines[1].startswith("step 1  loss 0.")
    assert "% data wait" in lines[1]
    assert "step 5  validation: loss 0" in [line.replace("-0", "0") for line in lines]
    figures = read_metrics(tmp_path / "metrics.jsonl")[0]
    assert {"train/loss", "train/loss/jump", "speed/samples_s", "speed/data_wait", "speed/left_s"} <= set(figures)


def test_figures_of_steps_that_did_not_come_to_be_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 4, "x": 1}\n{"step": 5, "x": 2}\n{"step": 6, "x": 3}\n{"step": 7, "x')
    file = MetricsFile(path, from_step=5)
    file.write(6, {"x": 4.0, "y": float("nan")})
    file.close()
    assert [(line["step"], line["x"]) for line in read_metrics(path)] == [(4, 1), (5, 2), (6, 4)]
    assert read_metrics(path)[-1]["y"] is None
