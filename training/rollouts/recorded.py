"""What recorded players have reached: the scores of their sessions, to hold a policy beside those it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from playloom.environments.spec import EnvironmentSpec, read_environment
from playloom.environments.steps import STEPS_FILE, read_steps
from playloom.errors import PlayloomError, RecordingError
from playloom.recording.session import find_sessions
from training.rollouts.episode import Episode

RECORDED = "recorded"


def recorded_episodes(root: Path, spec: EnvironmentSpec, max_steps: int) -> tuple[list[Episode], Mapping[str, str]]:
    """The episodes of a game that lie below a directory, each counted up to the same length as those that are played.

    Args:
        root: what `playloom gym record` wrote.
        spec: of the game as it is played now.
        max_steps: of an episode.

    Returns:
        The episodes, one a seed; what was left out, with the reasons.

    Raises:
        PlayloomError: there is none.
    """
    found: dict[int, Episode] = {}
    left_out: dict[str, str] = {}
    for session in find_sessions(root):
        try:
            recorded, _ = read_environment(session)
            steps = read_steps(session / STEPS_FILE)
        except RecordingError as error:
            left_out[session.name] = error.problem
            continue
        reason = _why_not(recorded, spec)
        rewards = np.asarray(steps.reward, np.float64)[:max_steps]
        whole = len(steps) >= max_steps or (len(steps) > 0 and bool(steps.terminated[-1] or steps.truncated[-1]))
        if reason is None and not whole:
            reason = f"was broken off after {len(steps)} steps"
        if reason is None and recorded.seed in found:
            reason = f"is another session of seed {recorded.seed}"
        if reason is not None:
            left_out[session.name] = reason
            continue
        found[recorded.seed] = Episode(
            player=RECORDED,
            seed=recorded.seed,
            steps=len(rewards),
            score=round(float(rewards.sum()), 6),
            ended_by="max_steps" if len(steps) >= max_steps else "terminated",
            wall_s=0.0,
        )
    if not found:
        reasons = "; ".join(f"{name} {why}" for name, why in list(left_out.items())[:3])
        raise PlayloomError(
            f"{root}: holds no recorded episode of {spec.environment_id} that could be compared"
            + (f" ({reasons})" if reasons else ""),
            remedy="Record with the same settings and at least as many steps, or leave --recordings out",
        )
    return [found[seed] for seed in sorted(found)], left_out


def _why_not(recorded: EnvironmentSpec, spec: EnvironmentSpec) -> str | None:
    for name in _DECISIVE:
        then, now = getattr(recorded, name), getattr(spec, name)
        # The first mode and the lowest difficulty are the games' own, said or not.
        if then != now and {then, now} != {None, 0}:
            return f"has {name.replace('_', ' ')} {_told(then)}, not {_told(now)}"
    return None


_DECISIVE = ("environment_id", "frame_skip", "sticky_action_probability", "mode", "difficulty", "state")


def _told(value: Any) -> str:
    return "by default" if value is None else str(value)
