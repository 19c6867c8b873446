"""Where an episode of a dataset lies in the recording that it was converted from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from playloom.environments.spec import ENVIRONMENT_FILE

AGREEMENT = 0.98
"""So much of an episode's actions must be the recording's for the two to be the same play."""


def recording_of(recordings: Path, session: str) -> Path | None:
    """The recording of a session by its name; None where it is not there."""
    directory = recordings / session
    inside = directory.resolve().is_relative_to(recordings.resolve())
    return directory if inside and (directory / ENVIRONMENT_FILE).is_file() else None


def first_step(episode: Sequence[Hashable], recording: Sequence[Hashable]) -> int | None:
    """At which step of a recording an episode begins: a leading idle part may be left out. None if it is of other play.

    Args:
        episode: what was held at each frame.
        recording: what was held at each step, in the same terms.
    """
    numbers = {action: number for number, action in enumerate(dict.fromkeys([*episode, *recording]))}
    wanted = np.array([numbers[action] for action in episode])
    there = np.array([numbers[action] for action in recording])
    for first in range(len(there) - len(wanted) + 1):
        if (there[first : first + len(wanted)] == wanted).mean() >= AGREEMENT:
            return first
    return None
