"""What a recorded episode of Courier truly was, frame by frame: played again from its steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.environment import CourierEnvironment, held_of
from playloom.environments.courier.game import Mode
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import ENVIRONMENT_FILE, Platform, read_environment
from playloom.environments.steps import STEPS_FILE, read_steps
from playloom.errors import RecordingError

MODES = tuple(Mode)


@dataclass(frozen=True, kw_only=True)
class CourierTruth:
    """Of each frame, in the recording's order; row k tells of the picture before step k, and of what step k did.

    Attributes:
        mode: int8[n], the place in `MODES` of what the picture shows.
        worked: by name of a button's action, bool[n]: it was pressed, and did something that can be seen.
        seen: by name of a button's action, bool[n]: it was held, and the next picture shows that it is.
        delivered: int64[n], parcels so far.
        area: int64[n], which area is shown.
    """

    mode: NDArray[np.int8]
    worked: dict[str, NDArray[np.bool_]]
    seen: dict[str, NDArray[np.bool_]]
    delivered: NDArray[np.int64]
    area: NDArray[np.int64]


def courier_truth(session: Path) -> CourierTruth:
    """Play a recorded episode again and look behind the pictures.

    Raises:
        RecordingError: it is no recording of Courier, or cannot be read.
    """
    spec, _ = read_environment(session)
    if spec.platform is not Platform.COURIER:
        raise RecordingError(session / ENVIRONMENT_FILE, f"is of {spec.environment_id}, not of Courier")
    steps = read_steps(session / STEPS_FILE)
    environment = CourierEnvironment(EnvironmentSettings.of(spec))
    mode = np.zeros(len(steps), np.int8)
    delivered, area = np.zeros(len(steps), np.int64), np.zeros(len(steps), np.int64)
    worked: dict[str, NDArray[np.bool_]] = {}
    seen: dict[str, NDArray[np.bool_]] = {}
    for place, action in enumerate(steps.actions):
        if not isinstance(action, tuple) or not environment.has_action(action):
            raise RecordingError(
                session / STEPS_FILE, "holds an action that Courier does not have", place=f"step {place}"
            )
        state = environment.game.state
        mode[place] = MODES.index(state.mode)
        delivered[place], area[place] = state.delivered, state.area
        for _ in range(spec.frame_skip):
            step = environment.game.step(held_of(action))
            for names, found in ((step.worked, worked), (step.seen, seen)):
                for what in names:
                    found.setdefault(what, np.zeros(len(steps), np.bool_))[place] = True
    return CourierTruth(mode=mode, worked=worked, seen=seen, delivered=delivered, area=area)
