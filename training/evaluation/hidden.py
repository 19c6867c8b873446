"""Which events of Courier no picture shows: its truth knows, and nobody can be blamed for missing them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.environments.courier.controls import DIGITAL, ButtonMap
from playloom.environments.courier.environment import HIDDEN_MAP, held_of
from playloom.environments.courier.truth import courier_truth
from playloom.environments.spec import read_environment
from playloom.environments.steps import STEPS_FILE, read_steps
from training.data.dataset import GameDataset
from training.evaluation.alignment import first_step, recording_of
from training.metrics.rows import Rows


def hidden_events(recordings: Path, rows: Rows, dataset: GameDataset) -> NDArray[np.bool_]:
    """bool[N, A] of digital actions: an event of this row would be of a button whose being held is not shown.

    A press is hidden if the picture after it shows neither the button nor what it did, a release if that was so of the
    last frame at which the button was held. Episodes whose recording is not there count as shown throughout.

    Args:
        recordings: the folder in which `playloom gym record` put the sessions, by their names.
        rows: of Courier.
        dataset: whose episodes they are.

    Raises:
        RecordingError: a recording is there and cannot be read.
    """
    hidden = np.zeros(rows.truth.shape, np.bool_)
    places = [rows.space.names.index(name) for name in DIGITAL]
    for number in np.unique(rows.episode).tolist():
        session = recording_of(recordings, dataset.episode(number).session)
        if session is None:
            continue
        held = _held(session)
        truth = dataset.actions(number)[:, places] >= 0.5
        first = first_step([tuple(row) for row in truth.tolist()], [tuple(row) for row in held.tolist()])
        if first is None:
            continue
        found = courier_truth(session)
        nowhere = np.zeros(len(held), np.bool_)
        shown = np.column_stack([found.seen.get(name, nowhere) | found.worked.get(name, nowhere) for name in DIGITAL])
        dark = held & ~shown
        dark[1:] |= ~held[1:] & held[:-1] & ~shown[:-1]
        mine = rows.episode == number
        hidden[np.flatnonzero(mine)[:, None], places] = dark[first + rows.frame[mine]]
    return hidden


def _held(session: Path) -> NDArray[np.bool_]:
    """bool[steps, buttons]: what was held at each step, by what it does."""
    spec, _ = read_environment(session)
    buttons = ButtonMap.hidden(spec.seed) if spec.mode == HIDDEN_MAP else ButtonMap()
    rows: list[list[bool]] = []
    for action in read_steps(session / STEPS_FILE).actions:
        held = buttons.read(held_of(action)).held if isinstance(action, tuple) else frozenset[str]()
        rows.append([name in held for name in DIGITAL])
    return np.array(rows, np.bool_).reshape(-1, len(DIGITAL))
