"""The calls that players make of a policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import grpc

from playloom.play.errors import PlayError
from playloom.play.policy_facts import ActionHead, PolicyFacts
from playloom.play.wire import chunk_message, description_message, observation_from
from protos import policy_pb2 as pb
from protos.policy_pb2_grpc import PolicyServerServicer
from training.errors import PolicyError
from training.policy.acting import ActingPolicy
from training.serving.batching import Batcher

MAX_PLAYERS = 16


def facts_of(policy: ActingPolicy) -> PolicyFacts:
    """What players must know of a policy."""
    space = policy.space
    return PolicyFacts(
        label=policy.label,
        kind=policy.kind,
        game_id=policy.game_id,
        layout_version=space.layout_version,
        action_names=space.names,
        heads=tuple(ActionHead(name=head.name, kind=head.kind.value, places=head.places) for head in space.heads),
        fps=policy.fps,
        picture_size=policy.picture_size,
        history=policy.history,
        frame_step=policy.frame_step,
        chunk=policy.chunk,
        tasks=policy.tasks,
    )


class PolicyService(PolicyServerServicer):
    """Answers with what a batcher says.

    Args:
        facts: of the policy.
        batcher: that asks it.
        max_players: so many streams at once.
    """

    def __init__(self, facts: PolicyFacts, batcher: Batcher, *, max_players: int = MAX_PLAYERS) -> None:
        self._facts, self._batcher = facts, batcher
        self._room = threading.BoundedSemaphore(max_players)
        self._max_players = max_players

    def Describe(self, request: pb.DescribeRequest, context: Any) -> pb.PolicyDescription:  # noqa: N802 -- gRPC's name
        del request, context
        return description_message(self._facts)

    def Act(self, request_iterator: Iterator[pb.Observation], context: Any) -> Iterator[pb.ActionChunk]:  # noqa: N802
        if not self._room.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{self._max_players} players are playing already")
        self._batcher.join()
        try:
            for message in request_iterator:
                yield self._answer(message, context)
        finally:
            self._batcher.leave()
            self._room.release()

    def _answer(self, message: pb.Observation, context: Any) -> pb.ActionChunk:
        try:
            observed = observation_from(self._facts, message)
        except PlayError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        try:
            found = self._batcher.ask(observed)
        except PolicyError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise
        return chunk_message(
            observed.frame, found.values, found.confidence, compute_ms=found.compute_ms, batch=found.batch
        )
