"""A policy server that misbehaves as it is told, without a model: ``python -m tests.support.policy_server_child HOW``.

It plays Courier by holding the stick to the right, jumping and shielding. HOW is good, slow, nan, narrow (another
layout), flood, deaf (it never answers), other (it describes another game) or later (the next checkpoint); a file of
that name in the current directory, ``how``, is read anew with each observation. It prints its port.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from playloom.play.wire import chunk_message, description_message
from protos import policy_pb2 as pb
from protos.policy_pb2_grpc import PolicyServerServicer, add_PolicyServerServicer_to_server
from tests.support.play_facts import COURIER_HEADS, courier_facts

CHUNK = 8


class ChildService(PolicyServerServicer):
    """Answers as it is told."""

    def __init__(self, how: str, chunk: int = CHUNK) -> None:
        self._how, self._chunk = how, chunk
        self.seen: list[pb.Observation] = []

    @property
    def how(self) -> str:
        told = Path("how")
        return told.read_text().strip() if told.exists() else self._how

    def Describe(self, request: pb.DescribeRequest, context: Any) -> pb.PolicyDescription:  # noqa: N802
        facts = courier_facts(chunk=self._chunk)
        if self.how == "later":
            facts = replace(facts, label="test@2")
        return description_message(replace(facts, game_id="pong") if self.how == "other" else facts)

    def Act(self, request_iterator: Iterator[pb.Observation], context: Any) -> Iterator[pb.ActionChunk]:  # noqa: N802
        for observation in request_iterator:
            self.seen.append(observation)
            how = self.how
            if how == "deaf":
                context.add_callback(lambda: None)
                while context.is_active():
                    time.sleep(0.02)
                return
            if how == "slow":
                time.sleep(1.5)
            yield self._answer(observation.frame, how)
            if how == "flood":
                time.sleep(0.2)  # the first answer is a good one
            while how == "flood" and context.is_active():
                yield self._answer(observation.frame, how)

    def _answer(self, frame: int, how: str) -> pb.ActionChunk:
        values = np.zeros((self._chunk, 13 if how == "narrow" else 14), np.float32)
        values[:, 0], values[:, 4], values[:, 6] = 1.0, 0.5, 1.0
        if how == "nan":
            values[3, 2] = np.nan
        confidence = np.full((self._chunk, len(COURIER_HEADS)), 0.9, np.float32)
        return chunk_message(frame, values, confidence, compute_ms=1.0, batch=1)


def serve(how: str, port: int = 0, chunk: int = CHUNK) -> tuple[grpc.Server, int, ChildService]:
    """A server on loopback that takes every token; its port."""
    server = grpc.server(ThreadPoolExecutor(6), options=[("grpc.so_reuseport", 0)])
    service = ChildService(how, chunk)
    add_PolicyServerServicer_to_server(service, server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, port, service


if __name__ == "__main__":
    child, bound, _ = serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(bound, flush=True)
    child.wait_for_termination()
