"""Ray Train with real processes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from playloom.errors import RecordingError
from tests.support.line_training import losses, refuse, train_line
from training.errors import TrainingError
from training.trainer.distributed import Alone
from training.trainer.ray_train import train_on_ranks

STEPS = 25


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # Ray warns of its own settings
def test_two_ranks_have_the_losses_of_one_process_with_twice_the_batch(tmp_path: Path) -> None:
    for name in ("two", "one"):
        (tmp_path / name).mkdir()
    interrupted = signal.getsignal(signal.SIGINT)
    two = {"run": str(tmp_path / "two"), "batch": 8, "steps": STEPS}
    train_on_ranks(train_line, two, processes=2, directory=tmp_path / "two", gpu=False)
    assert signal.getsignal(signal.SIGINT) is interrupted, "Ctrl-C is ours again"
    train_line({"run": str(tmp_path / "one"), "batch": 16, "steps": STEPS}, Alone(device=torch.device("cpu")))

    together, alone = losses(tmp_path / "two"), losses(tmp_path / "one")

    assert len(together) == len(alone) == STEPS
    assert together == pytest.approx(alone, rel=1e-4)
    assert not (tmp_path / "two/stop").exists()
    assert not (tmp_path / "two/.ray-train").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
def test_what_a_rank_says_to_people_is_said_by_the_command(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as raised:
        train_on_ranks(refuse, {"video": "play.mp4"}, processes=2, directory=tmp_path, gpu=False)
    assert str(raised.value) == str(
        RecordingError(Path("play.mp4"), "is damaged", place="frame 3", remedy="Leave it out")
    )
