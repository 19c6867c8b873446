"""The policy's network: every part of it learns, and what it learns is what was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.support.action_spaces import EVERY_KIND, some_actions
from training.action_space import ActionSpace, Head, HeadKind
from training.errors import TrainingError
from training.idm.balance import class_balance
from training.policy.coding import REST, ActionCoding
from training.policy.config import PRESETS, Buttons, EncoderConfig, HeadChoice, PolicyConfig
from training.policy.flow import FlowHead, draw_times, walk
from training.policy.loading import policy_config, policy_document
from training.policy.losses import PolicyLoss, draw_noise
from training.policy.model import PolicyModel, chunk_noise
from training.policy.options import PROGRAM, options_of


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small things take longer on many."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


BALANCE = class_balance([some_actions(200)], EVERY_KIND)
DEBUG = PRESETS["debug"]

STEPS_TO_SEE = 150


def model_of(config: PolicyConfig, seed: int = 0) -> PolicyModel:
    torch.manual_seed(seed)
    return PolicyModel(config, EVERY_KIND, tasks=2, balance=BALANCE)


def loss_of(
    model: PolicyModel, rows: torch.Tensor, weights: torch.Tensor | None = None, pictures: torch.Tensor | None = None
) -> torch.Tensor:
    count, config = len(rows), model.config
    made = torch.Generator().manual_seed(1)
    if pictures is None:
        pictures = torch.randint(0, 256, (count, config.history, 32, 32, 3), dtype=torch.uint8, generator=made)
    coded = model.coding.encode(rows)
    noise = draw_noise(model, coded, config.draws) if model.flow is not None else None
    given = () if noise is None else (noise.noisy, noise.time)
    held = model.tell_held(rows[:, 0], torch.ones(count, dtype=torch.bool))
    output = model(pictures, torch.arange(count) % 3, held, *given)
    counts = torch.ones_like(rows) if weights is None else weights
    return PolicyLoss(model, BALANCE)(output, coded, counts, noise)[0]


def chunks(count: int, rows: int = 4) -> torch.Tensor:
    return torch.from_numpy(some_actions(count * rows)).view(count, rows, 9)


@pytest.mark.parametrize(
    ("head", "buttons"),
    [(HeadChoice.flow, Buttons.flow), (HeadChoice.flow, Buttons.bce), (HeadChoice.bc, Buttons.flow)],
)
def test_every_weight_receives_gradient(head: HeadChoice, buttons: Buttons) -> None:
    config = dataclasses.replace(DEBUG, head=head, buttons=buttons, held_dropout=0.5)
    model = model_of(config)
    for weight in model.parameters():  # what begins as nothing hides what lies before it
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.1)
    loss_of(model, chunks(6)).backward()
    without = [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_what_does_not_count_does_not_matter() -> None:
    rows, weights = chunks(4), torch.ones(4, 4, 9)
    weights[:, 2:] = 0
    model = model_of(dataclasses.replace(DEBUG, head=HeadChoice.bc))
    spoiled = rows.clone()
    spoiled[:, 2:] = 0.9
    assert torch.equal(loss_of(model, rows, weights), loss_of(model, spoiled, weights))
    assert not torch.equal(loss_of(model, rows), loss_of(model, spoiled))
    assert float(loss_of(model_of(DEBUG), rows, torch.zeros(4, 4, 9)).detach()) == 0


def test_actions_come_back_as_they_were() -> None:
    coding = ActionCoding(EVERY_KIND, BALANCE)
    rows = torch.from_numpy(some_actions(64))
    pushed = (rows[:, [5, 8]].abs() > REST).all(-1) & (rows[:, :2].norm(dim=-1) > REST)
    rows = rows[pushed]
    coded = coding.encode(rows)
    assert coded.abs().max() <= 1
    np.testing.assert_allclose(
        coding.decode(coded)[:, [0, 1, 2, 3, 4, 5, 8]], rows[:, [0, 1, 2, 3, 4, 5, 8]], atol=1e-5
    )
    fastest = BALANCE.mouse_scales["aim"]
    slow = rows[:, 6:8].abs() <= fastest
    np.testing.assert_allclose(coding.decode(coded)[:, 6:8][slow], rows[:, 6:8][slow], atol=1e-2)


def test_what_hardly_leaves_its_place_is_at_rest() -> None:
    coding, coded = ActionCoding(EVERY_KIND), torch.full((1, 9), -1.0)
    stick, trigger = (EVERY_KIND.of_kind(kind)[0].places for kind in (HeadKind.STICK, HeadKind.TRIGGER))
    for pushed, held in ((0.03, 0.0), (0.06, 0.06)):
        coded[0, list(stick)] = torch.tensor([pushed, 0.01])
        coded[0, trigger[0]] = pushed * 2 - 1
        rows = coding.decode(coded)[0]
        np.testing.assert_allclose(rows[list(stick)], [held, 0.01 if held else 0.0], atol=1e-6)
        np.testing.assert_allclose(rows[trigger[0]], held, atol=1e-6)
    coded[0, stick[0]] = torch.nan
    assert coding.decode(coded)[0, stick[0]].isnan()


def test_chunks_that_are_about_the_same_frames_are_made_of_the_same_noise() -> None:
    first, next_one = chunk_noise([7, 8], 5, 3)
    assert torch.equal(first[1:], next_one[:4])
    whole = chunk_noise(range(0, 4000, 5), 5, 3).flatten(0, 1)
    assert float(whole.mean().abs()) < 0.03
    assert abs(float(whole.std()) - 1) < 0.03
    assert float((whole[1:] * whole[:-1]).mean().abs()) < 0.03  # and each row stands for itself


def test_at_most_one_of_a_categorical_head_is_held() -> None:
    coded = torch.full((1, 9), 0.5)
    coded[0, 4] = 0.7
    assert ActionCoding(EVERY_KIND).decode(coded)[0, 3:5].tolist() == [0.0, 1.0]
    assert ActionCoding(EVERY_KIND).decode(-coded)[0, 3:5].tolist() == [0.0, 0.0]


def test_the_flow_goes_left_or_right_where_the_mean_would_go_straight_on() -> None:
    """One scene, and whoever played it went left or right for all of the chunk: there is no right answer between."""
    torch.manual_seed(0)
    config = PolicyConfig(chunk=3, width=16, depth=1, heads=2, encoder=EncoderConfig(channels=[8]))
    head = FlowHead(config, 1)
    optimizer = torch.optim.Adam(head.parameters(), 5e-3)
    tokens, whole = torch.zeros(256, 1, 16), torch.zeros(256, 16)
    for _ in range(150):
        chunk = (torch.randint(0, 2, (128, 1, 1, 1)).float() * 2 - 1).expand(-1, 1, 3, 1)
        noise, time = torch.randn(128, 1, 3, 1), draw_times(128, 1, torch.device("cpu"))
        share = time.view(-1, 1, 1, 1)
        way = head((1 - share) * noise + share * chunk, time, tokens[:128], whole[:128])
        optimizer.zero_grad()
        ((way - (chunk - noise)) ** 2).mean().backward()
        optimizer.step()
    with torch.no_grad():
        found, _ = walk(head, chunk_noise(range(256), 3, 1), tokens, whole, 8)
    rows = found.squeeze(-1)
    one_way = (rows.sign() == rows[:, :1].sign()).all(-1) & (rows.abs() > 0.5).all(-1)
    assert one_way.float().mean() > 0.85
    assert 0.3 < float((rows[:, 0] > 0).float().mean()) < 0.7


def learn(
    model: PolicyModel,
    loss_of_it: PolicyLoss,
    optimizer: torch.optim.Optimizer,
    scene: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    rows: torch.Tensor,
) -> None:
    """One step. Args: scene: pictures, tasks and what is held; rows: what was played there."""
    coded = model.coding.encode(rows)
    noise = draw_noise(model, coded, 4) if model.flow is not None else None
    output = model(*scene, *(() if noise is None else (noise.noisy, noise.time)))
    optimizer.zero_grad()
    loss_of_it(output, coded, torch.ones_like(rows), noise)[0].backward()
    optimizer.step()


def test_both_heads_learn_what_the_picture_shows() -> None:
    space = ActionSpace(
        game_id="t", layout_version=1, names=("right",), heads=(Head(name="right", kind=HeadKind.DIGITAL, places=(0,)),)
    )
    bright = torch.arange(16) % 2
    pictures = (bright * 255).view(-1, 1, 1, 1, 1).expand(-1, 2, 32, 32, 3).to(torch.uint8).contiguous()
    rows = bright.float().view(-1, 1, 1).expand(-1, 4, 1).contiguous()
    balance = class_balance([rows[:, 0].numpy()], space)
    for head in (HeadChoice.flow, HeadChoice.bc):
        torch.manual_seed(0)
        model = PolicyModel(dataclasses.replace(DEBUG, head=head), space, tasks=0, balance=balance)
        loss_of_it, optimizer = PolicyLoss(model, balance), torch.optim.Adam(model.parameters(), 3e-3)
        held, task = model.tell_held(rows[:, 0], torch.zeros(16, dtype=torch.bool)), torch.zeros(16, dtype=torch.int64)
        for _ in range(120):
            learn(model, loss_of_it, optimizer, (pictures, task, held), rows)
        with torch.no_grad():
            said, sure = model.eval().chunk(pictures, task, held, chunk_noise(range(16), 4, 1))
        assert (said == rows).float().mean() > 0.95, head
        assert sure.mean() > 0.7, head


def test_both_heads_soon_see_where_a_small_thing_is() -> None:
    space = ActionSpace(
        game_id="t", layout_version=1, names=("down",), heads=(Head(name="down", kind=HeadKind.DIGITAL, places=(0,)),)
    )
    balance = class_balance([np.array([[0.0], [1.0]], np.float32)], space)
    rows_of_pixels = torch.arange(32)

    def played(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A spot of 2x2, and to go down in the even rows of a chunk where it is below the middle, else in the odd."""
        left, top = torch.randint(0, 30, (2, count, 1))
        on = (((rows_of_pixels - top) // 2 == 0)[:, :, None] & ((rows_of_pixels - left) // 2 == 0)[:, None])[:, None]
        pictures = torch.where(on, 220, 40).unsqueeze(-1).expand(-1, 2, -1, -1, 3).to(torch.uint8).contiguous()
        return pictures, ((top > 14) ^ (torch.arange(4) % 2 == 1)).float().unsqueeze(-1)

    for head in (HeadChoice.flow, HeadChoice.bc):
        torch.manual_seed(0)
        config = dataclasses.replace(DEBUG, head=head, width=64)
        model = PolicyModel(config, space, tasks=0, balance=balance)
        loss_of_it, optimizer = PolicyLoss(model, balance), torch.optim.Adam(model.parameters(), 2e-3)
        for _ in range(STEPS_TO_SEE):
            pictures, rows = played(32)
            held, task = (
                model.tell_held(rows[:, 0], torch.zeros(32, dtype=torch.bool)),
                torch.zeros(32, dtype=torch.int64),
            )
            learn(model, loss_of_it, optimizer, (pictures, task, held), rows)
        pictures, rows = played(128)
        held, task = (
            model.tell_held(rows[:, 0], torch.zeros(128, dtype=torch.bool)),
            torch.zeros(128, dtype=torch.int64),
        )
        with torch.no_grad():
            said, _ = model.eval().chunk(pictures, task, held, chunk_noise(range(128), 4, 1))
        assert (said == rows).float().mean() > 0.9, head


@pytest.mark.parametrize("preset", ["debug", "cpu"])
def test_a_shape_is_read_as_it_was_written(preset: str) -> None:
    assert policy_config(policy_document(PRESETS[preset])) == PRESETS[preset]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["model.chunk=0"], "chunk is 0"),
        (["model.history=0"], "history is 0"),
        (["model.width=190"], "width of 190 cannot be shared by 4 heads"),
        (["model.picture_width=60"], "pictures of 60x64 cannot be halved so often"),
        (["model.encoder.frozen=true"], "conv and frozen"),
        (["encoder=siglip2", "model.picture_width=60"], "no whole patches of 16"),
        (["model.held_dropout=1.5"], "held_dropout is 1.5"),
        (["model.encoder.weights=here"], "no published weights"),
    ],
)
def test_a_shape_of_which_no_policy_can_be_made_is_refused(overrides: list[str], problem: str) -> None:
    with pytest.raises(TrainingError, match=problem):
        options_of(PROGRAM.compose(["data.path=ds", *overrides]))


def test_buttons_as_probabilities_need_something_else_that_flows() -> None:
    space = ActionSpace(
        game_id="t", layout_version=1, names=("a",), heads=(Head(name="a", kind=HeadKind.DIGITAL, places=(0,)),)
    )
    with pytest.raises(TrainingError, match="has buttons only") as refused:
        PolicyModel(dataclasses.replace(DEBUG, buttons=Buttons.bce), space, tasks=0)
    assert refused.value.remedy == "Take model.buttons=flow, or the baseline: head=bc"


@pytest.mark.parametrize(
    ("mix", "problem"),
    [
        ("[{path:a,weight:0.5},{path:b,weight:0.3}]", r"the weights are 0.8 together \(0.5 \+ 0.3\)"),
        ("[{path:a,weight:1},{path:b,weight:0}]", "b has the weight 0"),
        ("[{path:a,weight:0.5},{path:b}]", "is missing"),
    ],
)
def test_a_mix_whose_weights_are_no_shares_is_refused(mix: str, problem: str) -> None:
    with pytest.raises(TrainingError, match=problem):
        options_of(PROGRAM.compose([f"data.mix={mix}"]))


def test_a_mix_that_does_not_add_up_is_told_what_would() -> None:
    with pytest.raises(TrainingError) as refused:
        options_of(PROGRAM.compose(["data.mix=[{path:a,weight:0.6},{path:b,weight:0.6}]"]))
    assert refused.value.remedy == "Let them add up to 1, such as 0.5, 0.5"


def test_something_must_be_trained_on_and_only_in_one_way() -> None:
    with pytest.raises(TrainingError, match=r"data\.path is missing"):
        options_of(PROGRAM.compose([]))
    with pytest.raises(TrainingError, match="are both given"):
        options_of(PROGRAM.compose(["data.path=a", "data.mix=[{path:b,weight:1}]"]))
