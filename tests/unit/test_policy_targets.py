"""What a policy learns to say at each frame, what that counts, and what its batches are mixed of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.acted_sessions import tell_who_acted
from tests.support.conversions import convert
from tests.support.numbered_sessions import expected_action, write_numbered_session
from tests.support.training_datasets import numbered_dataset
from training.action_space import action_space_of
from training.data.clips import ChosenClips, ClipPlan
from training.data.dataset import GameDataset, open_training_dataset
from training.policy.batches import clips_of_parts
from training.policy.targets import ChunkTargets, task_names

LENGTHS = (12, 8)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> GameDataset:
    return open_training_dataset(numbered_dataset(tmp_path_factory.mktemp("numbered"), LENGTHS))


def targets_of(dataset: GameDataset, chunk: int = 4) -> ChunkTargets:
    return ChunkTargets(dataset, [0, 1], action_space_of(dataset.info), chunk=chunk)


def test_who_has_seen_frame_t_is_to_say_the_rows_from_t_plus_1_on(dataset: GameDataset) -> None:
    found = targets_of(dataset).gather(np.array([0, 1]), np.array([3, 0]))
    wanted = [[expected_action(frame) for frame in (4, 5, 6, 7)], [expected_action(frame) for frame in (1, 2, 3, 4)]]
    np.testing.assert_allclose(found.rows, np.array(wanted, np.float32), atol=1e-6)
    np.testing.assert_allclose(found.held, np.array([expected_action(3), expected_action(0)], np.float32), atol=1e-6)


def test_rows_behind_the_end_of_an_episode_count_nothing_and_the_next_episode_is_not_looked_into(
    dataset: GameDataset,
) -> None:
    found = targets_of(dataset).gather(np.array([0, 0, 0]), np.array([7, 9, 11]))
    assert found.weights[..., 0].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    last = np.array(expected_action(11), np.float32)
    np.testing.assert_allclose(found.rows[1, 1:], np.array([last, last, last]), atol=1e-6)


ALL = ("move", "attack", "heavy")
BOTH = [(), ("attack",), ALL, (), (), ("move", "attack"), (), ALL, ALL, ALL]


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> GameDataset:
    """Ten frames that an agent has played a part in, as `BOTH` says, and eight that it has not."""
    directory = tmp_path_factory.mktemp("corrected")
    tell_who_acted(write_numbered_session(directory / "sessions/a", len(BOTH)), ALL, BOTH)
    write_numbered_session(directory / "sessions/b", 8)
    convert(directory)
    return open_training_dataset(directory / "dataset")


def test_who_learns_from_the_player_alone_learns_no_value_on_which_the_agent_decided(corrected: GameDataset) -> None:
    space = action_space_of(corrected.info)
    targets = ChunkTargets(corrected, [0, 1], space, chunk=3, actors=["player"])
    found = targets.gather(np.array([0, 0, 1]), np.array([0, 6, 0]))
    assert found.weights.tolist() == [
        [[1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
    ]
    agents = ChunkTargets(corrected, [0, 1], space, chunk=3, actors=["agent"])
    assert agents.gather(np.array([0]), np.array([4])).weights.tolist() == [[[1, 1, 1, 0], [0] * 4, [1] * 4]]
    everybody = ChunkTargets(corrected, [0, 1], space, chunk=3, actors=["player", "agent"])
    assert everybody.gather(np.array([0]), np.array([0])).weights.min() == 1


def test_clips_of_which_nothing_is_learned_are_left_out_and_the_others_are_read_in_runs(corrected: GameDataset) -> None:
    targets = ChunkTargets(corrected, [0, 1], action_space_of(corrected.info), chunk=2, actors=["player"])
    plan = ClipPlan(corrected, [0, 1], window=2)
    episode, first = plan.locate(np.arange(len(plan)))
    counts = targets.count(episode, first + 1)
    # Frames 6 to 8 of the first episode are followed by the agent's alone, and its last frame by none.
    assert counts.tolist() == [True] * 5 + [False] * 4 + [True] * 6 + [False]
    chosen = ChosenClips(plan, counts)
    assert [chosen[clip] for clip in range(len(chosen))] == [(0, n) for n in range(5)] + [(1, n) for n in range(6)]
    assert chosen.fingerprint != plan.fingerprint
    everything = ChunkTargets(corrected, [0, 1], action_space_of(corrected.info), chunk=2)
    assert everything.count(episode, first + 1).all()


def test_where_nobody_tells_who_acted_it_was_the_player(dataset: GameDataset) -> None:
    space = action_space_of(dataset.info)
    player = ChunkTargets(dataset, [0, 1], space, chunk=4, actors=["player"])
    assert player.gather(np.array([0]), np.array([0])).weights.min() == 1
    agent = ChunkTargets(dataset, [0, 1], space, chunk=4, actors=["agent"])
    assert not agent.count(np.array([0, 1]), np.array([0, 0])).any()


def test_a_dataset_says_what_is_done_in_it(dataset: GameDataset) -> None:
    table = pq.read_table(dataset.path / "meta/tasks.parquet")
    assert len(task_names(dataset)) == table.num_rows == 1
    assert targets_of(dataset).gather(np.array([0]), np.array([0])).task.tolist() == [0]


def test_a_dataset_without_tasks_has_none(dataset: GameDataset, tmp_path: Path) -> None:
    bare = open_training_dataset(numbered_dataset(tmp_path, (8,)))
    (bare.path / "meta/tasks.parquet").unlink()
    assert task_names(bare) == ()


@pytest.mark.parametrize(
    ("weights", "batch", "counts"),
    [
        ([1.0], 8, (8,)),
        ([0.5, 0.5], 8, (4, 4)),
        ([0.75, 0.25], 8, (6, 2)),
        ([0.99, 0.01], 8, (7, 1)),
        ([0.34, 0.33, 0.33], 4, (2, 1, 1)),
    ],
)
def test_each_dataset_of_a_mix_has_its_share_of_a_batch(
    weights: list[float], batch: int, counts: tuple[int, ...]
) -> None:
    assert clips_of_parts(weights, batch) == counts
