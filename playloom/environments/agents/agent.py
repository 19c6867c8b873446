"""What an agent is, and which there are for a game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from playloom.environments.environment import Environment, Image
from playloom.environments.spec import EnvironmentSpec
from playloom.errors import PlayloomError


class Agent(Protocol):
    """Decides which of the game's actions to hold. Made for one episode, and seeded, so that it can be repeated."""

    def act(self, image: Image, environment: Environment) -> frozenset[str]:
        """The actions to hold until the next picture.

        Args:
            image: what is on the screen.
            environment: for agents that look further than the screen (a console's memory, Doom's labels).
        """
        ...


AGENTS = {
    "scripted": "plays the game well, by rules of its own",
    "casual": "plays Courier so-so",
    "random": "holds random actions for random spans",
    "noop": "touches nothing",
}
"""The agents by name, with what they do."""


def _scripted() -> dict[str, Callable[[EnvironmentSpec, np.random.Generator], Agent]]:
    from playloom.environments.agents.breakout import BreakoutAgent
    from playloom.environments.agents.doom import BasicAgent, DefendCenterAgent, HealthGatheringAgent
    from playloom.environments.agents.pong import PongAgent

    return {
        "atari-pong": PongAgent,
        "atari-breakout": BreakoutAgent,
        "vizdoom-basic": BasicAgent,
        "vizdoom-defend-the-center": DefendCenterAgent,
        "vizdoom-health-gathering": HealthGatheringAgent,
    }


SCRIPTED_GAMES = frozenset(
    {
        "atari-pong",
        "atari-breakout",
        "vizdoom-basic",
        "vizdoom-defend-the-center",
        "vizdoom-health-gathering",
        "courier",
    }
)
"""The ids of the games that a scripted agent plays."""


def make_agent(name: str, spec: EnvironmentSpec) -> Agent:
    """An agent for one episode of ``spec``, seeded by the episode's seed.

    Raises:
        PlayloomError: there is no such agent, or none that plays this game.
    """
    from playloom.environments.agents.simple import NoopAgent, RandomAgent

    rng = np.random.default_rng([spec.seed, *name.encode()])
    match name:
        case "noop":
            return NoopAgent()
        case "random":
            return RandomAgent(spec, rng)
        case "scripted":
            if spec.game_id not in SCRIPTED_GAMES:
                raise PlayloomError(
                    f"no scripted agent plays {spec.environment_id}",
                    remedy=f"It plays {', '.join(sorted(SCRIPTED_GAMES))}; 'random' plays everything",
                )
            return _scripted()[spec.game_id](spec, rng)
        case "casual":
            raise PlayloomError(f"no casual agent plays {spec.environment_id}", remedy="It plays courier")
        case _:
            raise PlayloomError(f"there is no agent '{name}'", remedy=f"Choose one of {', '.join(AGENTS)}")
