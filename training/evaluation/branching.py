"""The pixel ceiling of a model's own test play: its recordings are played again, branched, and its answers held against
what they would have done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.environments.catalogue import remake_environment
from playloom.environments.environment import BranchingEnvironment, EnvironmentAction
from playloom.environments.spec import EnvironmentSpec, Platform, read_environment
from playloom.environments.steps import STEPS_FILE, read_steps
from training.action_space import ActionSpace
from training.data.dataset import GameDataset
from training.errors import TrainingError
from training.evaluation.alignment import first_step, recording_of
from training.metrics.ceiling import Branches, PixelCeiling, branches_of, ceiling_of
from training.metrics.rows import HELD, Rows

MOST_EPISODES = 8
STATES_AN_EPISODE = 40
FRESH_STATES = 12
"""Where the game is begun anew for each: that takes a second."""

FIRST_STEP_S = 1.0
"""Games begin with a second in which nothing works."""


def ceiling_on(recordings: Path, rows: Rows, dataset: GameDataset, *, window: int) -> PixelCeiling:
    """Branch the recordings of the episodes that were tested.

    Args:
        recordings: the folder in which `playloom gym record` put the sessions, by their names.
        rows: what a model says of the episodes.
        dataset: theirs.
        window: of the model.

    Raises:
        TrainingError: none of the recordings is there, or can be branched.
        RecordingError: one cannot be read.
    """
    branches: list[Branches] = []
    spec: EnvironmentSpec | None = None
    reason = f"in {recordings} there is no recording of an episode that was tested"
    for number in np.unique(rows.episode).tolist():
        session = recording_of(recordings, dataset.episode(number).session)
        if session is None:
            continue
        if len(branches) >= MOST_EPISODES * STATES_AN_EPISODE:
            break
        of_session, _ = read_environment(session)
        if of_session.platform not in (Platform.ATARI, Platform.VIZDOOM):
            reason = f"{of_session.environment_id} has sticks, and countless actions: its ceiling is not counted"
            continue
        spec = of_session
        environment = remake_environment(spec)
        try:
            if not isinstance(environment, BranchingEnvironment):
                continue
            play = list(read_steps(session / STEPS_FILE).actions)
            mine = rows.only(rows.episode == number)
            answers = _answers(environment, mine, dataset.actions(number), play)
            if answers is None:
                reason = f"{session} is not what episode {number} was converted from"
                continue
            begin = round(FIRST_STEP_S * spec.steps_per_second)
            branches += branches_of(
                environment,
                play,
                window=window,
                states=FRESH_STATES if environment.saving_moves_on else STATES_AN_EPISODE,
                first_step=begin,
                answers=answers,
                anew=partial(_branching, of_session),
            )
        finally:
            environment.close()
    if spec is None or not branches:
        raise TrainingError(reason, remedy="Name the folder that 'playloom gym record' wrote")
    return ceiling_of(spec, branches, window=window)


def _branching(spec: EnvironmentSpec) -> BranchingEnvironment:
    environment = remake_environment(spec)
    assert isinstance(environment, BranchingEnvironment)
    return environment


def _answers(
    environment: BranchingEnvironment, said: Rows, truth: NDArray[np.float32], play: Sequence[EnvironmentAction]
) -> list[EnvironmentAction | None] | None:
    """What is said at each step of the recording; None if the episode is not of this recording."""
    held = environment_actions(environment, said.space, truth)
    first = first_step(held, play)
    if first is None:
        return None
    answers: list[EnvironmentAction | None] = [None] * len(play)
    told = environment_actions(environment, said.space, said.values)
    for frame, action in zip(said.frame.tolist(), told, strict=True):
        answers[first + frame] = action
    return answers


def environment_actions(
    environment: BranchingEnvironment, space: ActionSpace, values: NDArray[np.float32]
) -> list[EnvironmentAction]:
    """Rows of the action vector as the environment takes them."""
    known = set(environment.spec.action_names)
    found: dict[tuple[bool, ...], EnvironmentAction] = {}
    actions: list[EnvironmentAction] = []
    for row in (values >= HELD).tolist():
        key = tuple(row)
        if key not in found:
            names = frozenset(name for name, held in zip(space.names, row, strict=True) if held) & known
            found[key] = environment.action_for(names)
        actions.append(found[key])
    return actions
