"""Who acted when: the agent's actions, frame by frame, in a session that was played with it.

A session of which an agent played a part is recorded as any other; its sync.csv has one column more, `agent`, whose
bit k says whether the agent decided on action k in that frame, and its session.json names these actions and the
policy. A frame takes what was noted last at or before its time, as it does with inputs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.session import INFO_FILE, SYNC_FILE
from playloom.recording.session_info import read_session_info
from playloom.recording.sync_table import AGENT_COLUMN, read_sync

MOST_ACTIONS = 56
"""A number of sync.csv has at most 18 digits; what comes after the last action of a larger game shares its bit."""

AGENT_KEY = "agent"
_KEPT = 4096
"""Changes that may be asked for: frames are asked for within seconds."""


class ActingLog:
    """Notes who acts, on the loop's thread, and answers whoever writes frames, on another.

    Args:
        policy: who acts.
        actions: that it may hold, in the vector's order.
    """

    def __init__(self, policy: str, actions: Sequence[str]) -> None:
        self._policies, self.actions = [policy], tuple(actions)
        self._bits = {action: 1 << min(place, MOST_ACTIONS - 1) for place, action in enumerate(self.actions)}
        self._lock = Lock()
        self._times: list[int] = [0]
        self._masks: list[int] = [0]

    @property
    def policy(self) -> str:
        """Who acts; all who did, where one took another's place."""
        return ", ".join(self._policies)

    def take_over(self, policy: str) -> None:
        """From now on this one acts."""
        if policy not in self._policies:
            self._policies.append(policy)

    def note(self, monotonic_ns: int, acting: Collection[str]) -> None:
        """From this time on the agent decides on these actions, and no others."""
        mask = 0
        for action in acting:
            mask |= self._bits[action]
        with self._lock:
            if mask == self._masks[-1]:
                return
            self._times.append(max(monotonic_ns, self._times[-1]))
            self._masks.append(mask)
            if len(self._times) > 2 * _KEPT:
                del self._times[:_KEPT], self._masks[:_KEPT]

    def mask_at(self, monotonic_ns: int) -> int:
        """What the column says of a frame of this time."""
        with self._lock:
            return self._masks[max(0, bisect_right(self._times, monotonic_ns) - 1)]

    def to_document(self) -> dict[str, Any]:
        """As session.json holds it."""
        return {"policy": self.policy, "actions": list(self.actions)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Acted:
    """Who acted in a session.

    Attributes:
        policy: the run's name and step.
        actions: that the agent may have held.
        by_agent: bool[frames, actions]: it decided on this action in that frame.
    """

    policy: str
    actions: tuple[str, ...]
    by_agent: NDArray[np.bool_]


def read_acted(session: Path) -> Acted | None:
    """Who acted in a session, one row for each row of its sync.csv; None where no agent played.

    Raises:
        RecordingError: a file is missing or damaged.
    """
    info = read_session_info(session / INFO_FILE)
    said = info.extra.get(AGENT_KEY)
    if said is None:
        return None
    if not isinstance(said, Mapping) or not isinstance(said.get("actions"), list):
        raise RecordingError(session / INFO_FILE, f"'{AGENT_KEY}' is not what it should be")
    column = read_sync(session / SYNC_FILE, agent=True)[0].agent
    if column is None:
        raise RecordingError(session / SYNC_FILE, f"has no column '{AGENT_COLUMN}'", place="line 1")
    bits = np.minimum(np.arange(len(said["actions"])), MOST_ACTIONS - 1)
    return Acted(
        policy=str(said.get("policy", "")),
        actions=tuple(map(str, said["actions"])),
        by_agent=(column[:, None] >> bits & 1).astype(np.bool_),
    )
