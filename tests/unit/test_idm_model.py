"""The inverse dynamics model: what it looks at and what it says."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.support.action_spaces import EVERY_KIND, some_actions
from training.action_space import ActionSpace, Head, HeadKind
from training.errors import TrainingError
from training.idm.balance import class_balance
from training.idm.config import PRESETS, IdmConfig
from training.idm.losses import IdmLoss
from training.idm.model import InverseDynamicsModel
from training.trainer.machine import compiled

DEBUG = PRESETS["debug"]
BALANCE = class_balance([some_actions(200)], EVERY_KIND)


def clips(count: int, window: int, seed: int = 0) -> torch.Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, window, 32, 32, 3), dtype=torch.uint8, generator=made)


def rows(count: int, window: int) -> torch.Tensor:
    return torch.from_numpy(some_actions(count * window)).view(count, window, 9)


def model_of(config: IdmConfig = DEBUG, seed: int = 0) -> InverseDynamicsModel:
    torch.manual_seed(seed)
    return InverseDynamicsModel(config, EVERY_KIND, BALANCE)


def test_every_head_has_logits_for_every_frame() -> None:
    output = model_of()(clips(3, 4))
    assert {name: tuple(logits.shape) for name, logits in output.logits.items()} == {
        "move": (3, 4, 18),
        "jump": (3, 4, 1),
        "up|down": (3, 4, 3),
        "gas": (3, 4, 5),
        "aim": (3, 4, 18),
        "lean": (3, 4, 9),
    }
    assert {name: len(centres) for name, centres in output.centres.items()} == {
        "move": 9,
        "gas": 5,
        "aim": 9,
        "lean": 9,
    }


def test_every_head_and_every_weight_receives_gradient() -> None:
    model = model_of()
    for block in model.encoder.modules():  # blocks begin as nothing: their last layer holds zeros
        if isinstance(block, torch.nn.Conv2d):
            torch.nn.init.normal_(block.weight, std=0.05)
    IdmLoss(EVERY_KIND, DEBUG, BALANCE)(model(clips(4, 4)), rows(4, 4)).total.backward()
    gradient = model.read.weight.grad
    assert gradient is not None
    for output in model.outputs:
        assert (gradient[output.span].abs().sum(1) > 0).all(), output.head.name
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_each_head_alone_moves_the_pictures_encoder() -> None:
    for head in EVERY_KIND.heads:
        model = model_of()
        model(clips(2, 4)).logits[head.name].square().sum().backward()
        gradient = next(model.encoder.strides.parameters()).grad
        assert gradient is not None
        assert gradient.abs().sum() > 0, head.name


def test_a_later_frame_changes_what_is_said_of_earlier_ones() -> None:
    model = model_of().eval()
    frames = clips(1, 4)
    later = frames.clone()
    later[:, 3] = 255 - later[:, 3]
    before, after = model(frames).logits["jump"], model(later).logits["jump"]
    assert (before[0, :3] != after[0, :3]).all()


def test_a_window_of_two_sees_the_pair_and_nothing_else() -> None:
    pair = dataclasses.replace(DEBUG, window=2)
    model = model_of(pair).eval()
    said = model(clips(3, 2)).logits["jump"]
    alone = torch.cat([model(clips(3, 2)[one : one + 1]).logits["jump"] for one in range(3)])
    assert torch.allclose(said, alone, atol=1e-5)
    assert said.shape == (3, 2, 1)
    changed = clips(3, 2)
    changed[:, 1] = 255 - changed[:, 1]
    assert (model(changed).logits["jump"][:, 0] != said[:, 0]).all()


def test_the_last_frame_holds_the_base_rates_as_no_picture_shows_what_it_did() -> None:
    model = model_of().eval()
    output = model(clips(2, 4))
    assert torch.equal(output.logits["jump"][:, -1], model.read.bias[18:19].expand(2, 1))
    held = BALANCE.held["jump"][0] / BALANCE.frames
    assert output.logits["jump"][0, -1].sigmoid().item() == pytest.approx(held, rel=1e-4)


def test_a_model_begins_with_how_often_things_are_done() -> None:
    said = model_of()(clips(2, 4)).logits["up|down"][0, 0].softmax(0)
    counted = torch.tensor([*BALANCE.held["up|down"], 0]) / BALANCE.frames
    counted[2] = 1 - counted.sum()
    assert torch.allclose(said, counted, atol=0.05)


def test_shorter_clips_than_the_window_are_taken() -> None:
    assert model_of()(clips(1, 3)).logits["jump"].shape == (1, 3, 1)


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        (torch.zeros(1, 4, 16, 32, 3, dtype=torch.uint8), "32x32 pictures"),
        (torch.zeros(1, 4, 32, 32, 3), "float32"),
        (torch.zeros(1, 9, 32, 32, 3, dtype=torch.uint8), "2 to 4 frames, and was given 9"),
        (torch.zeros(1, 1, 32, 32, 3, dtype=torch.uint8), "was given 1"),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames: torch.Tensor, problem: str) -> None:
    with pytest.raises(TrainingError, match=problem):
        model_of()(frames)


def test_a_space_from_a_checkpoint_takes_the_weights() -> None:
    model = model_of()
    space = ActionSpace.from_document(EVERY_KIND.to_document())
    opened = InverseDynamicsModel(DEBUG, space)
    opened.load_state_dict(model.state_dict())
    said, again = model(clips(1, 4)), opened(clips(1, 4))
    assert torch.equal(said.logits["aim"], again.logits["aim"])
    assert again.centres["aim"][-1].item() == pytest.approx(BALANCE.mouse_scales["aim"])


def test_it_runs_in_bfloat16_and_says_float32() -> None:
    model = model_of()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(clips(2, 4))
    assert output.logits["move"].dtype == torch.float32
    report = IdmLoss(EVERY_KIND, DEBUG, BALANCE)(output, rows(2, 4))
    report.total.backward()
    exact = IdmLoss(EVERY_KIND, DEBUG, BALANCE)(model(clips(2, 4)), rows(2, 4))
    assert report.total.item() == pytest.approx(exact.total.item(), rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"frame_differences": False},
        {"shift_reach": 0},
        {"depth": 0},
        {"channels": [8], "shift_reach": 0},
        {"blocks": 2},
    ],
)
def test_each_part_can_be_left_out(change: dict[str, object]) -> None:
    config = dataclasses.replace(DEBUG, **change)
    assert model_of(config)(clips(1, 4)).logits["jump"].isfinite().all()


@pytest.mark.parametrize("name", ["debug", "cpu", "h100"])
def test_presets_are_models(name: str) -> None:
    PRESETS[name].check()
    with torch.device("meta"):
        InverseDynamicsModel(PRESETS[name], EVERY_KIND)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"window": 1}, "window is 1"),
        ({"window": 33}, "window is 33"),
        ({"picture_width": 30}, "pictures of 30x32 cannot be halved 2 times"),
        ({"channels": []}, "channels are"),
        ({"channels": [8]}, "shift_reach is 3 and there is one stage"),
        ({"heads": 3}, "a width of 32 cannot be shared by 3 heads"),
        ({"bins": 8}, "bins is 8"),
        ({"balance": 2.0}, "balance is 2.0"),
    ],
)
def test_configs_of_no_model_are_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(TrainingError, match=problem):
        dataclasses.replace(DEBUG, **change).check()


def test_a_press_is_learned_from_what_it_does() -> None:
    """A picture slides right while jump is held: pairs tell it within a few steps."""
    torch.manual_seed(0)
    space = ActionSpace(
        game_id="test", layout_version=1, names=("jump",),
        heads=(Head(name="jump", kind=HeadKind.DIGITAL, places=(0,)),),
    )  # fmt: skip
    small = IdmConfig(
        window=2, picture_width=16, picture_height=16, channels=[4, 8], width=16, depth=0, heads=1, shift_reach=2
    )
    ground = torch.randint(0, 256, (64, 64, 3), dtype=torch.uint8)

    def play(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        held = torch.rand(count, 2, 1) < 0.5
        places = torch.randint(2, 40, (count, 2)).tolist()
        moves = (2 * held[:, 0, 0]).tolist()
        frames = [
            torch.stack([ground[y : y + 16, x - move : x - move + 16] for move in (0, moved)])
            for (y, x), moved in zip(places, moves, strict=True)
        ]
        return torch.stack(frames), held.float()

    balance = class_balance([play(50)[1].view(-1, 1).numpy()], space)
    model, loss = InverseDynamicsModel(small, space, balance), IdmLoss(space, small, balance)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(25):
        frames, held = play(32)
        report = loss(model(frames), held)
        optimizer.zero_grad()
        report.total.backward()
        optimizer.step()
    frames, held = play(200)
    said = model.eval()(frames).logits["jump"][:, 0] > 0
    assert (said == (held[:, 0] > 0)).float().mean() > 0.95


def test_it_can_be_compiled() -> None:
    """Traced, that is; to build it for the machine takes a minute."""
    model = model_of(dataclasses.replace(DEBUG, shift_reach=1)).eval()
    compiled_model = compiled(model, backend="eager", dynamic=False)
    with torch.no_grad():
        said, plain = compiled_model(clips(1, 4)), model(clips(1, 4))
    assert torch.allclose(said.logits["move"], plain.logits["move"], atol=1e-4)
