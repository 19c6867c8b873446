"""What counts in the loss, and what does not."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from tests.support.action_spaces import EVERY_KIND, some_actions
from training.action_space import ActionSpace, Head, HeadKind
from training.errors import TrainingError
from training.idm.balance import ClassBalance, class_balance
from training.idm.config import PRESETS
from training.idm.losses import IdmLoss
from training.idm.model import IdmOutput, InverseDynamicsModel

DEBUG = PRESETS["debug"]
BALANCE = class_balance([some_actions(200)], EVERY_KIND)
JUMP = ActionSpace(
    game_id="test", layout_version=1, names=("jump",),
    heads=(Head(name="jump", kind=HeadKind.DIGITAL, places=(0,)),),
)  # fmt: skip


def output_of(count: int, window: int = 4) -> IdmOutput:
    torch.manual_seed(1)
    model = InverseDynamicsModel(DEBUG, EVERY_KIND, BALANCE)
    return model(torch.randint(0, 256, (count, window, 32, 32, 3), dtype=torch.uint8))


def rows(count: int, window: int = 4) -> torch.Tensor:
    return torch.from_numpy(some_actions(count * window)).view(count, window, 9)


LOSS = IdmLoss(EVERY_KIND, DEBUG, BALANCE)


def test_the_total_is_the_sum_of_the_heads() -> None:
    report = LOSS(output_of(2), rows(2))
    assert list(report.per_head) == ["move", "jump", "up|down", "gas", "aim", "lean"]
    assert report.total.item() == pytest.approx(sum(part.item() for part in report.per_head.values()), rel=1e-5)


def test_the_last_frame_of_a_clip_does_not_count() -> None:
    said, truth = output_of(2), rows(2)
    changed = truth.clone()
    changed[:, -1] = torch.nan
    assert LOSS(said, changed).total.item() == LOSS(said, truth).total.item()


def test_frames_of_weight_0_do_not_count_whatever_they_hold() -> None:
    said, truth = output_of(2), rows(2)
    known = torch.ones(2, 4, dtype=torch.bool)
    known[0, 1] = False
    wrong = truth.clone()
    wrong[0, 1] = torch.nan
    other = truth.clone()
    other[0, 1] = 1
    assert LOSS(said, wrong, known).total.item() == LOSS(said, other, known).total.item()
    assert LOSS(said, wrong, known).total.isfinite()


def test_frames_of_weight_0_send_no_gradient() -> None:
    said, truth = output_of(2), rows(2)
    truth[0, 1] = torch.nan
    known = torch.ones(2, 4)
    known[0, 1] = 0
    for logits in said.logits.values():
        logits.retain_grad()
    LOSS(said, truth, known).total.backward()
    for name, logits in said.logits.items():
        assert logits.grad is not None
        assert logits.grad[0, 1].abs().sum() == 0, name
        assert logits.grad[:, -1].abs().sum() == 0, name
        assert logits.grad[1, 0].abs().sum() > 0, name


def test_a_batch_in_which_nothing_counts_costs_nothing() -> None:
    assert LOSS(output_of(1), rows(1), torch.zeros(1, 4)).total.item() == 0


def test_targets_that_are_no_numbers_are_refused_by_name_and_place() -> None:
    truth = rows(2)
    truth[1, 2, 7] = torch.inf
    with pytest.raises(TrainingError, match=r"'aim\.y' in frame 2 of clip 1 of the batch is no number"):
        LOSS(output_of(2), truth)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(TrainingError, match="3 values and the model predicts 9"):
        LOSS(output_of(2), torch.zeros(2, 4, 3))


def test_a_window_of_two_is_the_loss_of_the_plain_pair() -> None:
    said, truth = output_of(2, window=2), rows(2, window=2)
    logits = said.logits["jump"][:, 0, 0]
    plain = dataclasses.replace(DEBUG, balance=0.0)
    report = IdmLoss(EVERY_KIND, plain, BALANCE)(said, truth)
    by_hand = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth[:, 0, 2])
    assert report.per_head["jump"].item() == pytest.approx(by_hand.item(), rel=1e-5)


def jump_loss(logit: float, held: int, frames: int, power: float) -> float:
    """The mean loss over ``frames`` of which ``held`` are presses, all said alike."""
    balance = ClassBalance(frames=frames, held={"jump": (held,)}, histograms={}, mouse_scales={})
    truth = torch.zeros(1, frames + 1, 1)
    truth[0, :held] = 1
    said = IdmOutput(logits={"jump": torch.full((1, frames + 1, 1), logit)}, centres={})
    return IdmLoss(JUMP, dataclasses.replace(DEBUG, balance=power), balance)(said, truth).total.item()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_rare_presses_weigh_more_and_probabilities_stay_true(power: float) -> None:
    true = math.log(5 / 95)
    best = jump_loss(true, 5, 100, power)
    assert best < jump_loss(true - 0.2, 5, 100, power)
    assert best < jump_loss(true + 0.2, 5, 100, power)


def test_a_missed_press_costs_more_where_presses_are_rare() -> None:
    sure_of_nothing = -6.0
    assert jump_loss(sure_of_nothing, 5, 100, 0.5) > 2 * jump_loss(sure_of_nothing, 5, 100, 0.0)


def test_a_member_of_a_categorical_head_is_compared_with_the_others_and_none() -> None:
    truth = torch.zeros(1, 4, 9)
    truth[0, 0, 3] = 1
    truth[0, 1, 4] = 1
    right = torch.full((1, 4, 3), -20.0)
    for frame, chosen in enumerate((0, 1, 2)):
        right[0, frame, chosen] = 20.0
    said = output_of(1)
    report = LOSS(dataclasses.replace(said, logits={**said.logits, "up|down": right}), truth)
    assert report.per_head["up|down"].item() < 1e-6
