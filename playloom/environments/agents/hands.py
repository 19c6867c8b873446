"""An agent's hands: on the keys or the pad of a preset, or on a pad whose sticks know how far they are pushed."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from playloom.environments.agents.agent import Agent, make_agent
from playloom.environments.courier.agents import CourierAgent, Skill
from playloom.environments.courier.environment import CourierEnvironment
from playloom.environments.environment import Environment, Image
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset

_SKILLS = {"scripted": Skill.EXPERT, "casual": Skill.CASUAL, "random": Skill.RANDOM}


class AgentHands(Protocol):
    """Holds controls for one episode."""

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        """What is held for the next step, decided on this picture."""
        ...


class PresetHands:
    """What an agent decides, pressed as a person would: by the first key or button of a preset.

    Args:
        agent: decides.
        preset: says what to hold for that.
        device: what the agent's hands are on.
    """

    def __init__(self, agent: Agent, preset: Preset, device: InputDevice) -> None:
        self._agent, self._preset, self._device = agent, preset, device

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        return self._preset.press(self._agent.act(image, environment), self._device)


class CourierHands:
    """A player of Courier, who always plays with a pad."""

    def __init__(self, agent: CourierAgent) -> None:
        self._agent = agent

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        del image
        assert isinstance(environment, CourierEnvironment)
        return environment.game.buttons.press(self._agent.act(environment.game))


def make_hands(name: str, environment: Environment, preset: Preset, device: InputDevice) -> AgentHands:
    """The hands of the agent ``name``.

    Raises:
        PlayloomError: there is no such agent for this game.
    """
    if isinstance(environment, CourierEnvironment) and name in _SKILLS:
        seed = int(np.random.default_rng([environment.spec.seed, *name.encode()]).integers(2**31))
        return CourierHands(CourierAgent(seed, _SKILLS[name]))
    return PresetHands(make_agent(name, environment.spec), preset, device)
