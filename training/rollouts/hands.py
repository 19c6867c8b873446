"""The hands of those who play: a policy's, which come late and in chunks, and an agent's of the games' own."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playloom.environments.agents.hands import AgentHands
from playloom.environments.environment import Environment, Image
from playloom.environments.held import HeldControls
from playloom.environments.row_hands import RowHands
from playloom.errors import PlayloomError
from training.action_space import ActionSpace
from training.errors import TrainingError
from training.rollouts.chunks import ChunkSchedule
from training.rollouts.history import PictureHistory
from training.runs.lineage import Lineage


class Chunk(Protocol):
    """Attributes: values: float32[B, C, A], rows of the action vector."""

    @property
    def values(self) -> NDArray[np.float32]: ...


class Policy(Protocol):
    """What plays here: `training.policy.acting.ActingPolicy`."""

    @property
    def game_id(self) -> str: ...
    @property
    def fps(self) -> int: ...
    @property
    def picture_size(self) -> tuple[int, int]: ...
    @property
    def history(self) -> int: ...
    @property
    def frame_step(self) -> int: ...
    @property
    def chunk(self) -> int: ...
    @property
    def space(self) -> ActionSpace: ...
    @property
    def tasks(self) -> tuple[str, ...]: ...
    @property
    def label(self) -> str: ...
    @property
    def lineage(self) -> Lineage | None: ...

    def act(
        self,
        pictures: NDArray[np.uint8],
        *,
        held: NDArray[np.float32],
        tasks: list[str],
        seeds: list[int],
    ) -> Chunk:
        """The rows behind the last picture."""
        ...


class Hand(Protocol):
    """Plays one episode.

    Attributes:
        rows: of a policy what it held, a row a frame; empty for others.
        chunk_s: how long each chunk took, in seconds, from the picture to its rows.
    """

    rows: list[NDArray[np.float32]]
    chunk_s: list[float]

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        """What is held for the next step."""
        ...


class AgentHand:
    """An agent of the games' own."""

    def __init__(self, hands: AgentHands) -> None:
        self.rows: list[NDArray[np.float32]] = []
        self.chunk_s: list[float] = []
        self._hands = hands

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        return self._hands.hold(image, environment)


class PolicyHand:
    """A policy at play.

    Args:
        policy: it.
        hands: hold its rows.
        seed: of the episode; what is drawn at random depends on it and on the frame alone.
        execute, delay: see `ChunkSchedule`.
        task: what it is told to do.
    """

    def __init__(self, policy: Policy, hands: RowHands, *, seed: int, execute: int, delay: int, task: str) -> None:
        self.rows: list[NDArray[np.float32]] = []
        self.chunk_s: list[float] = []
        self._policy, self._hands, self._seed, self._task = policy, hands, seed, task
        self._schedule = ChunkSchedule(chunk=policy.chunk, width=policy.space.width, execute=execute, delay=delay)
        self._history = PictureHistory(policy.picture_size, history=policy.history, frame_step=policy.frame_step)

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        frame = len(self.rows)
        row = self._schedule.row(frame)
        begin_s = time.perf_counter()
        self._history.add(image)
        if self._schedule.wants_chunk(frame):
            try:
                chunk = self._policy.act(
                    self._history.pictures()[None],
                    held=row[None],
                    tasks=[self._task],
                    seeds=[act_seed(self._seed, frame)],
                )
            except PlayloomError as error:
                raise TrainingError(
                    f"{self._policy.label}, seed {self._seed}, frame {frame}: {error.problem}", remedy=error.remedy
                ) from error
            self._schedule.add(frame, chunk.values[0])
            self.chunk_s.append(time.perf_counter() - begin_s)
        self.rows.append(row)
        return self._hands.hold(row)


def act_seed(episode_seed: int, frame: int) -> int:
    """What a policy draws at random at a frame, the same wherever and in whatever company it plays.

    It counts on with the frames, as `training.policy.model.chunk_noise` wants it.
    """
    first = int(np.random.SeedSequence(episode_seed).generate_state(1)[0])
    return (first << 31) + frame
