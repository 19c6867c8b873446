"""Where players play: opens a policy once, sets games up, and plays episode after episode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from playloom.environments.agents.hands import make_hands
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.environment import Environment
from playloom.environments.presets import Preset, load_preset
from playloom.environments.row_hands import RowHands
from training.rollouts.episode import Episode, play_episode
from training.rollouts.hands import AgentHand, Hand, Policy, PolicyHand
from training.rollouts.settings import GameSettings, Machine, Player

INFORMED = "scripted"
"""The agent that sees more than the picture, where a game can show it."""

type Opener = Callable[[Path, str], Policy]
"""Opens the policy of a checkpoint on a device."""


def open_policy(path: Path, device: str) -> Policy:
    """The policy of a checkpoint.

    Raises:
        PlayloomError: it is no policy's, or not whole.
    """
    from training.policy.loading import load_policy

    return load_policy(path, device=device)


@dataclass
class PlayerRoom:
    """Plays episodes in this process.

    Attributes:
        game: what is played.
        machine: where policies compute.
        opener: of checkpoints.
    """

    game: GameSettings
    machine: Machine
    opener: Opener = open_policy
    _policies: dict[Path, Policy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.machine.threads:
            import torch

            torch.set_num_threads(self.machine.threads)

    def play(self, player: Player, seed: int) -> Episode:
        """One episode.

        Raises:
            PlayloomError: the game, the agent or the policy cannot be had; the policy says what is no number.
        """
        environment = make_environment(
            find_game(self.game.environment), self.game.of_episode(seed), informed=player.name == INFORMED
        )
        try:
            preset = load_preset(environment.spec, self.game.preset_files)
            hand = self._hand(player, environment, preset)
            return play_episode(environment, hand, preset, player=player.name, seed=seed, max_steps=self.game.max_steps)
        finally:
            environment.close()

    def _hand(self, player: Player, environment: Environment, preset: Preset) -> Hand:
        if player.checkpoint is None:
            return AgentHand(make_hands(player.name, environment, preset, self.game.device))
        policy = self._policy(player.checkpoint, player.task)
        return PolicyHand(
            policy,
            RowHands(environment, preset, self.game.device, policy.space.names),
            seed=environment.spec.seed,
            execute=player.execute,
            delay=player.delay,
            task=player.task,
        )

    def _policy(self, checkpoint: Path, task: str) -> Policy:
        if checkpoint not in self._policies:
            policy = self._policies[checkpoint] = self.opener(checkpoint, self.machine.device)
            width, height = policy.picture_size
            # The first chunk is slow whatever the model: what a machine makes ready once is no latency of play.
            policy.act(
                np.zeros((1, policy.history, height, width, 3), np.uint8),
                held=np.zeros((1, policy.space.width), np.float32),
                tasks=[task],
                seeds=[0],
            )
        return self._policies[checkpoint]
