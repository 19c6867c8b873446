"""A trained policy that acts: pictures in, the rows to press next out. What servers, players and rollouts stand on.

The alignment is that of the dataset: row t is what is held at frame t, and shows from frame t + 1 on. Who has seen the
pictures up to frame t is told rows t + 1 … t + C: the first that can still be pressed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from training.action_space import ActionSpace
from training.errors import PolicyError
from training.runs.lineage import Lineage


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Rows for each of B players.

    Attributes:
        values: float32[B, C, A] in the dataset's units: digital 0 or 1, sticks within [−1, 1], triggers within [0, 1].
        confidence: float32[B, C, H] within [0, 1], one a head of the space. Of buttons that are read as probabilities
            it is the probability; of what flows out of noise, how early it was decided; of the baseline's sticks 1.
    """

    values: NDArray[np.float32]
    confidence: NDArray[np.float32]


class ChunkMaker(Protocol):
    """What `ActingPolicy` asks: a model that is ready to act."""

    def __call__(
        self, pictures: torch.Tensor, held: torch.Tensor, tasks: torch.Tensor, seeds: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Values [B, C, A] and confidence [B, C, H] of uint8[B, history, H, W, 3], float32[B, A] and int64[B] (0 for no
        task, then their numbers from 1)."""
        ...


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """What is to be known of a policy.

    Attributes:
        kind: "policy" (ours, by flow matching), "bc" (the baseline) or "lerobot".
        game_id: the game.
        fps: of the play that it was trained on: rows a second.
        picture_size: (width, height) of the pictures that it looks at.
        history: how many of them.
        frame_step: frames from one of them to the next; the last is the newest.
        chunk: rows that it says at once.
        space: what the values of a row mean.
        tasks: that it knows.
        label: "RUN@STEP".
        looks_at_held: whether what is held makes a difference to it.
        lineage: what it was trained on, and under which terms it may be used.
    """

    kind: str
    game_id: str
    fps: int
    picture_size: tuple[int, int]
    history: int
    frame_step: int
    chunk: int
    space: ActionSpace
    tasks: tuple[str, ...]
    label: str
    looks_at_held: bool
    lineage: Lineage


class ActingPolicy:
    """A policy with its averaged weights, in eval mode and without gradients; threads may share it.

    Its facts (`PolicyFacts`) are attributes of its own: ``policy.fps``.

    Args:
        facts: what is to be known of it.
        make: asks the model.
        device: where the model is.
    """

    def __init__(self, facts: PolicyFacts, make: ChunkMaker, *, device: torch.device) -> None:
        self.facts = facts
        self.kind, self.game_id, self.fps = facts.kind, facts.game_id, facts.fps
        self.picture_size, self.history, self.frame_step = facts.picture_size, facts.history, facts.frame_step
        self.chunk, self.space, self.tasks, self.label = facts.chunk, facts.space, facts.tasks, facts.label
        self.looks_at_held, self.lineage = facts.looks_at_held, facts.lineage
        self.device = device
        self._make = make
        self._lock = threading.Lock()
        self._numbers = {task: number for number, task in enumerate(facts.tasks, 1)}

    def act(
        self,
        pictures: NDArray[np.uint8],
        *,
        held: NDArray[np.float32],
        tasks: Sequence[str],
        seeds: Sequence[int],
    ) -> Chunk:
        """Say what to press next. The same for a player whoever else is in the batch.

        Args:
            pictures: uint8[B, history, height, width, 3], oldest first; where play has just begun the first one
                is repeated.
            held: float32[B, A], what is held at the newest picture.
            tasks: of each player, one of `tasks` or "" for none.
            seeds: of each player, any whole numbers; another seed may give another chunk that is as good.

        Raises:
            PolicyError: the inputs are of another shape, a task is not known, or what comes out is not finite.
        """
        self._check(pictures, held, tasks, seeds)
        with self._lock, torch.inference_mode():
            values, confidence = self._make(
                torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device),
                torch.from_numpy(np.ascontiguousarray(held, np.float32)).to(self.device),
                torch.tensor([self._number(task) for task in tasks], dtype=torch.int64, device=self.device),
                seeds,
            )
            found = Chunk(values=values.float().cpu().numpy(), confidence=confidence.float().cpu().numpy())
        if not (np.isfinite(found.values).all() and np.isfinite(found.confidence).all()):
            player, row = np.argwhere(~np.isfinite(found.values).all(-1) | ~np.isfinite(found.confidence).all(-1))[0]
            raise PolicyError(
                f"{self.label}: row {row} that it says for player {player} of the batch is no number",
                remedy="Its weights are spoiled: take another checkpoint of the run, or train it with a lower "
                "trainer.learning_rate",
            )
        return found

    def _number(self, task: str) -> int:
        if task and task not in self._numbers:
            known = ", ".join(f"'{one}'" for one in self.tasks) or "none"
            raise PolicyError(f"{self.label}: does not know the task '{task}'", remedy=f"It knows {known}, or say none")
        return self._numbers.get(task, 0)

    def _check(
        self, pictures: NDArray[np.uint8], held: NDArray[np.float32], tasks: Sequence[str], seeds: Sequence[int]
    ) -> None:
        width, height = self.picture_size
        wanted = (self.history, height, width, 3)
        if pictures.dtype != np.uint8 or pictures.ndim != 5 or pictures.shape[1:] != wanted:
            raise PolicyError(
                f"{self.label}: looks at {self.history} pictures of {width}x{height}, uint8[players, {self.history}, "
                f"{height}, {width}, 3], and was given {pictures.dtype}{list(pictures.shape)}",
                remedy="Scale what is seen to the policy's picture_size, and give as many pictures as its history",
            )
        players = len(pictures)
        if held.shape != (players, self.space.width):
            raise PolicyError(
                f"{self.label}: {players} players hold float32[{players}, {self.space.width}], and {list(held.shape)} "
                "was given",
                remedy="Give one value for each of the policy's action names",
            )
        if not np.isfinite(held).all():
            raise PolicyError(f"{self.label}: what is held is no number", remedy="Give 0 where nothing is held")
        if not players == len(tasks) == len(seeds) or not players:
            raise PolicyError(
                f"{self.label}: {players} players have {len(tasks)} tasks and {len(seeds)} seeds",
                remedy="Give one of each for each player, and at least one player",
            )
