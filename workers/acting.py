"""Who acted in each frame, the player or an agent: from a recording to the rows of a dataset.

A dataset that tells it has `features.AGENT_FEATURE`, which is false throughout where no agent played. One that does not
takes no session in which an agent acted: its play would pass for the player's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playloom.actions.layout import ActionLayout
from playloom.errors import RecordingError
from playloom.recording.acting_log import AGENT_KEY, Acted, read_acted
from playloom.recording.session import Session
from workers.episodes import Piece


def agent_names(layout: ActionLayout) -> tuple[str, ...]:
    """The elements of the feature: the actions of a vector, by their ids."""
    return tuple(slot.action_id for slot in layout.slots)


def tells_who_acted(session: Session) -> bool:
    """Whether an agent may have played a part in a session."""
    return session.info is not None and AGENT_KEY in session.info.extra


def acted_in(session: Session, *, is_kept: bool) -> Acted | None:
    """Who acted in a session; None where no agent played.

    Args:
        is_kept: whether the dataset tells who acted.

    Raises:
        RecordingError: an agent played, and the dataset would take its play for the player's; or a file is damaged.
    """
    if not tells_who_acted(session):
        return None
    acted = read_acted(session.path)
    if acted is None or is_kept or not acted.by_agent.any():
        return acted
    raise RecordingError(
        session.path,
        f"{acted.policy or 'an agent'} played a part in it, and the dataset does not tell who acted",
        remedy="Take a dataset that was created with --who-acted",
    )


def agent_rows(
    acted: Acted | None, layout: ActionLayout, pieces: Sequence[Piece], frames: Piece, delay_ns: int
) -> NDArray[np.bool_]:
    """The feature's values, bool[rows, actions], for the rows of all pieces, one after another.

    Args:
        acted: who acted.
        layout: of the action vector.
        pieces: the episodes.
        frames: all usable frames of the recording.
        delay_ns: rows take the inputs of so long before them, and so who made them.
    """
    names = agent_names(layout)
    rows = np.concatenate([piece.rows for piece in pieces])
    by_agent = np.zeros((len(rows), len(names)), np.bool_)
    if acted is None:
        return by_agent
    if delay_ns:
        times_ns = np.concatenate([piece.times_ns for piece in pieces]) - delay_ns
        place = np.searchsorted(frames.times_ns, times_ns, side="right") - 1
        rows = np.where(place < 0, -1, frames.rows[np.maximum(place, 0)])
    known = (rows >= 0) & (rows < len(acted.by_agent))
    for column, name in enumerate(names):
        if name in acted.actions:
            by_agent[known, column] = acted.by_agent[rows[known], acted.actions.index(name)]
    return by_agent
