"""A policy that acts: the same for a player whoever else is there, and never what cannot be pressed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.idm_checkpoints import untaught_checkpoint
from tests.support.policy_checkpoints import POLICY_SPACE, untaught_policy
from training.errors import CheckpointError, PolicyError
from training.policy.acting import ActingPolicy, Chunk
from training.policy.config import HeadChoice
from training.policy.loading import load_policy

TASK = "Deliver the parcels"
OURS = (HeadChoice.flow, HeadChoice.bc)


def pictures(players: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (players, 2, 32, 32, 3), np.uint8)


def ask(policy: ActingPolicy, players: int, seed: int = 0) -> Chunk:
    held = np.zeros((players, 6), np.float32)
    return policy.act(pictures(players, seed), held=held, tasks=[TASK] * players, seeds=range(players))


@pytest.fixture(scope="module", params=OURS, ids=lambda head: head.name)
def policy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ActingPolicy:
    return load_policy(untaught_policy(tmp_path_factory.mktemp("run"), head=request.param), "cpu")


def test_its_facts_are_those_of_its_checkpoint(policy: ActingPolicy) -> None:
    assert (policy.game_id, policy.fps, policy.picture_size) == ("test_game", 30, (32, 32))
    assert (policy.history, policy.frame_step, policy.chunk) == (2, 1, 4)
    assert (policy.space, policy.tasks, policy.label) == (POLICY_SPACE, (TASK,), "untaught@7")
    assert policy.kind in ("policy", "bc")


def test_what_it_says_can_be_pressed(policy: ActingPolicy) -> None:
    chunk = ask(policy, 5)
    assert chunk.values.shape == (5, 4, 6)
    assert chunk.confidence.shape == (5, 4, 4)
    assert chunk.values.dtype == chunk.confidence.dtype == np.float32
    assert set(np.unique(chunk.values[..., 2:5])) <= {0.0, 1.0}
    assert (chunk.values[..., 3:5].sum(-1) <= 1).all()
    assert np.abs(chunk.values[..., :2]).max() <= 1
    assert chunk.values[..., 5].min() >= 0
    assert chunk.values[..., 5].max() <= 1
    assert chunk.confidence.min() >= 0
    assert chunk.confidence.max() <= 1


def test_a_player_is_told_the_same_whoever_else_is_in_the_batch(policy: ActingPolicy) -> None:
    together, seen = ask(policy, 6), pictures(6)
    for player in range(6):
        alone = policy.act(
            seen[player : player + 1], held=np.zeros((1, 6), np.float32), tasks=[TASK], seeds=[player]
        )  # fmt: skip
        np.testing.assert_allclose(alone.values[0], together.values[player], atol=1e-5)
        np.testing.assert_allclose(alone.confidence[0], together.confidence[player], atol=1e-5)


def test_other_pictures_get_other_chunks(policy: ActingPolicy) -> None:
    assert not np.allclose(ask(policy, 2, seed=0).values, ask(policy, 2, seed=1).values)


def test_another_seed_gives_another_chunk_of_the_flow(tmp_path: Path) -> None:
    policy = load_policy(untaught_policy(tmp_path), "cpu")
    seen, held = pictures(1), np.zeros((1, 6), np.float32)
    first, again, other = (policy.act(seen, held=held, tasks=[""], seeds=[seed]).values for seed in (3, 3, 4))
    assert (first == again).all()
    assert not np.allclose(first, other)


def test_a_task_that_it_does_not_know_is_refused_by_name(policy: ActingPolicy) -> None:
    with pytest.raises(PolicyError, match="does not know the task 'Win'") as refused:
        policy.act(pictures(1), held=np.zeros((1, 6), np.float32), tasks=["Win"], seeds=[0])
    assert refused.value.remedy == "It knows 'Deliver the parcels', or say none"


@pytest.mark.parametrize(
    ("seen", "held", "seeds", "problem"),
    [
        (np.zeros((1, 2, 32, 32, 3), np.float32), (1, 6), 1, r"was given float32\[1, 2, 32, 32, 3\]"),
        (np.zeros((1, 3, 32, 32, 3), np.uint8), (1, 6), 1, r"was given uint8\[1, 3, 32, 32, 3\]"),
        (np.zeros((1, 2, 32, 32, 3), np.uint8), (1, 5), 1, r"\[1, 5\] was given"),
        (np.zeros((1, 2, 32, 32, 3), np.uint8), (1, 6), 2, "1 players have 1 tasks and 2 seeds"),
    ],
)
def test_what_it_cannot_look_at_is_refused(
    policy: ActingPolicy, seen: np.ndarray, held: tuple[int, int], seeds: int, problem: str
) -> None:
    with pytest.raises(PolicyError, match=problem):
        policy.act(seen, held=np.zeros(held, np.float32), tasks=[""], seeds=range(seeds))


@pytest.mark.parametrize("head", OURS)
def test_what_is_no_number_is_an_error_and_no_action(tmp_path: Path, head: HeadChoice) -> None:
    with pytest.raises(PolicyError, match="is no number"):
        ask(load_policy(untaught_policy(tmp_path, head=head, spoiled=True), "cpu"), 2)


def test_who_is_told_what_is_held_says_other_things(tmp_path: Path) -> None:
    policy = load_policy(untaught_policy(tmp_path, held_dropout=0.5), "cpu")
    assert policy.looks_at_held
    at_rest, pressed = (
        policy.act(pictures(1), held=np.full((1, 6), value, np.float32), tasks=[""], seeds=[0]).values
        for value in (0, 1)
    )
    assert not np.allclose(at_rest, pressed)


def test_a_model_that_is_no_policy_is_refused_by_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds an inverse dynamics model") as refused:
        load_policy(untaught_checkpoint(tmp_path), "cpu")
    assert refused.value.remedy == "Name the run of a policy: 'playloom train policy'"
