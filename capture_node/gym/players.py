"""Who plays: an agent, or a person before a window. Both hold controls, and nothing else reaches the game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from capture_node.clock import now_ns
from playloom.environments.agents.hands import AgentHands, make_hands
from playloom.environments.environment import Environment, Image
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset
from playloom.recording.session_info import ClockKind

SIMULATED_START_NS = 1_000_000_000
"""Not 0, which in a recording is also what an empty record says."""


class Player(Protocol):
    """Plays one episode."""

    @property
    def pauses(self) -> Sequence[tuple[int, int]]:
        """The times, in nanoseconds, from and to which the play stood still."""
        ...

    def hold(self, image: Image, environment: Environment) -> HeldControls | None:
        """What is held for the next step, decided on this picture; None to end the episode."""
        ...


class FrameClock(Protocol):
    """Tells the time of each frame."""

    @property
    def kind(self) -> ClockKind: ...

    def time_ns(self, frame: int) -> int: ...


class SimulatedClock:
    """Frame k at k / fps after `SIMULATED_START_NS`, however long the computing takes, and the same every time."""

    kind = ClockKind.SIMULATED

    def __init__(self, fps: int) -> None:
        self._fps = fps

    def time_ns(self, frame: int) -> int:
        return SIMULATED_START_NS + round(frame * 1_000_000_000 / self._fps)


class RealClock:
    """The machine's own clock, which keys and pictures share."""

    kind = ClockKind.MONOTONIC

    def time_ns(self, frame: int) -> int:
        del frame
        return now_ns()


class AgentPlayer:
    """An agent, whose hands are on keys or a pad as a person's are."""

    pauses: Sequence[tuple[int, int]] = ()

    def __init__(self, hands: AgentHands) -> None:
        self._hands = hands

    def hold(self, image: Image, environment: Environment) -> HeldControls:
        return self._hands.hold(image, environment)


def agent_player(name: str, environment: Environment, preset: Preset, device: InputDevice) -> AgentPlayer:
    """The agent ``name`` at ``device``.

    Raises:
        PlayloomError: there is no such agent for this game.
    """
    return AgentPlayer(make_hands(name, environment, preset, device))
