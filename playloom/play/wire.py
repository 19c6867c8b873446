"""A policy's facts, observations and chunks as messages, each way beside the other; what comes in is not believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.play.errors import PlayError
from playloom.play.policy_facts import KINDS, ActionHead, ActionRows, PolicyFacts, checked_rows
from protos import policy_pb2 as pb

MAX_MESSAGE_BYTES = 64 << 20
"""Sixteen pictures of 1024 x 1024, and more."""

_MOST = {"fps": 1000, "picture_width": 4096, "picture_height": 4096, "history": 256, "frame_step": 256, "chunk": 1024}
_MOST_ACTIONS = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """What a player sees and holds.

    Attributes:
        frame: of the newest picture, as the player counts.
        pictures: uint8[history, height, width, 3], oldest first.
        held: float32[width of the action vector], at the newest picture.
        task: what to do; "" for none.
        seed: of what is drawn at random.
    """

    frame: int
    pictures: NDArray[np.uint8]
    held: NDArray[np.float32]
    task: str
    seed: int


def description_message(facts: PolicyFacts) -> pb.PolicyDescription:
    """What `facts_from` reads."""
    return pb.PolicyDescription(
        label=facts.label,
        kind=facts.kind,
        game_id=facts.game_id,
        layout_version=facts.layout_version,
        action_names=facts.action_names,
        heads=[pb.ActionHead(name=head.name, kind=head.kind, places=head.places) for head in facts.heads],
        fps=facts.fps,
        picture_width=facts.picture_size[0],
        picture_height=facts.picture_size[1],
        history=facts.history,
        frame_step=facts.frame_step,
        chunk=facts.chunk,
        tasks=facts.tasks,
    )


def facts_from(message: pb.PolicyDescription) -> PolicyFacts:
    """A policy's facts.

    Raises:
        PlayError: they cannot be.
    """
    for name, most in _MOST.items():
        value = getattr(message, name)
        if not 1 <= value <= most:
            raise PlayError(f"the server describes a policy whose {name.replace('_', ' ')} is {value}")
    picture_bytes = message.history * message.picture_width * message.picture_height * 3
    if picture_bytes > MAX_MESSAGE_BYTES:
        raise PlayError(f"the server describes a policy that looks at {picture_bytes} bytes of pictures at once")
    if strange := sorted({head.kind for head in message.heads} - KINDS):
        raise PlayError(f"the server describes a policy with actions of an unknown kind: {', '.join(strange)[:200]}")
    names = tuple(message.action_names)
    places = sorted(place for head in message.heads for place in head.places)
    if not 1 <= len(names) <= _MOST_ACTIONS or places != list(range(len(names))):
        raise PlayError(f"the server describes a policy whose heads do not make up its {len(names)} action values")
    return PolicyFacts(
        label=message.label,
        kind=message.kind,
        game_id=message.game_id,
        layout_version=message.layout_version,
        action_names=names,
        heads=tuple(ActionHead(name=one.name, kind=one.kind, places=tuple(one.places)) for one in message.heads),
        fps=message.fps,
        picture_size=(message.picture_width, message.picture_height),
        history=message.history,
        frame_step=message.frame_step,
        chunk=message.chunk,
        tasks=tuple(message.tasks),
    )


def observation_message(observed: Observed) -> pb.Observation:
    """What `observation_from` reads."""
    return pb.Observation(
        frame=observed.frame,
        pictures=observed.pictures.tobytes(),
        held=observed.held.tolist(),
        task=observed.task,
        seed=observed.seed,
    )


def observation_from(facts: PolicyFacts, message: pb.Observation) -> Observed:
    """What a player says that it sees and holds.

    Raises:
        PlayError: it does not fit the policy; says in what.
    """
    width, height = facts.picture_size
    if len(message.pictures) != facts.picture_bytes:
        raise PlayError(
            f"{facts.label} looks at {facts.history} pictures of {width}x{height}, {facts.picture_bytes} bytes, and "
            f"{len(message.pictures)} were sent"
        )
    held = np.array(message.held, np.float32)
    if len(held) != facts.width or not np.isfinite(held).all():
        raise PlayError(f"{facts.label} has {facts.width} action values, and what is held is not so many numbers")
    if message.task and message.task not in facts.tasks:
        raise PlayError(f"{facts.label} does not know the task '{message.task[:200]}'")
    pictures = np.frombuffer(message.pictures, np.uint8).reshape(facts.history, height, width, 3)
    return Observed(frame=message.frame, pictures=pictures, held=held, task=message.task, seed=message.seed)


def chunk_message(
    frame: int, values: NDArray[np.float32], confidence: NDArray[np.float32], *, compute_ms: float, batch: int
) -> pb.ActionChunk:
    """What `rows_from` reads; float32[rows, width] and float32[rows, heads]."""
    return pb.ActionChunk(
        frame=frame,
        rows=len(values),
        values=values.ravel().tolist(),
        confidence=confidence.ravel().tolist(),
        compute_ms=compute_ms,
        batch=batch,
    )


def rows_from(facts: PolicyFacts, message: pb.ActionChunk, *, asked: int) -> ActionRows:
    """An answer's rows.

    Args:
        asked: the frame of the observation that waits for an answer; -1: none does.

    Raises:
        BadChunkError: nobody may act on it.
    """
    return checked_rows(facts, message.frame, message.rows, message.values, message.confidence, asked=asked)
