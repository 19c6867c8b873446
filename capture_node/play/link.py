"""The line to a policy server, for a loop that may not wait.

The loop offers what it sees and takes what has come; everything that can take time happens on threads of the line.
One observation is under way at a time, and the newest that was offered goes next. Whatever goes wrong (no answer, a
lost connection, an answer that nobody may act on) ends the stream, is said once, and is tried again with growing waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import grpc

from playloom.client.access import ServerAccess
from playloom.play.errors import BadChunkError, PlayError
from playloom.play.policy_facts import ActionRows, PolicyFacts
from playloom.play.wire import MAX_MESSAGE_BYTES, Observed, facts_from, observation_message, rows_from
from protos import policy_pb2 as pb
from protos.policy_pb2_grpc import PolicyServerStub

SILENCE_S = 1.0
"""An answer that takes longer does not come: the server hangs, and is connected to anew."""

DESCRIBE_S, RETRY_S = 5.0, 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 3.0

_OPTIONS = [
    ("grpc.enable_http_proxy", 0),  # what the environment names for web pages is not for this
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class PolicyServerError(PlayError):
    """The server cannot be played by.

    Attributes:
        address: its HOST:PORT.
    """

    def __init__(self, address: str, problem: str, *, remedy: str | None = None) -> None:
        self.address = address
        super().__init__(f"the policy server at {address} {problem}", remedy=remedy)


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrival:
    """What has come since the loop asked last.

    Attributes:
        rows: the newest answer; None if none has come.
        lost: the line was lost in the meantime: what came before must not be acted on any more.
        compute_ms: what the policy took for the rows.
        batch: for how many players at once.
        round_s: from sending the observation to its answer.
    """

    rows: ActionRows | None = None
    lost: bool = False
    compute_ms: float = 0.0
    batch: int = 0
    round_s: float = 0.0


class PolicyLink:
    """A line to one policy server, from the block's begin to its end.

    Args:
        access: where the server is, with its token.
        tell: is told what a player should know, on any thread.
        silence_s: an answer that takes longer is none.

    Attributes:
        access: where the server is.
        facts: of the policy.
        next_frame: the number of the frame that is played next; it counts on from game to game, so that no answer is
            taken for one of another.

    Raises:
        PolicyServerError: it cannot be reached, refuses, or describes what cannot be played by.
    """

    def __init__(
        self, access: ServerAccess, tell: Callable[[str], object] = lambda _: None, *, silence_s: float = SILENCE_S
    ) -> None:
        self.access, self._tell, self._silence_s = access, tell, silence_s
        self._metadata = (("authorization", f"Bearer {access.token}"),) if access.token else ()
        if access.tls:
            authority = None if access.authority is None else access.authority.encode()
            credentials = grpc.ssl_channel_credentials(authority)
            self._channel = grpc.secure_channel(access.address, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(access.address, _OPTIONS)
        self._stub = PolicyServerStub(self._channel)
        self._changed = threading.Condition()
        self._next: Observed | None = None
        self._asked = -1
        self._asked_s = 0.0
        self._arrival = Arrival()
        self._stream = 0
        self._call: Any = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="policy-link", daemon=True)
        self.next_frame = 0
        self._outage = False
        self._other: PolicyFacts | None = None
        try:
            self.facts: PolicyFacts = self._describe(DESCRIBE_S)
        except grpc.RpcError as error:
            self._channel.close()
            raise self._failure(error) from error
        except PlayError:
            self._channel.close()
            raise

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed.set()
        self._end_stream()
        self._channel.close()
        self._thread.join()

    @property
    def is_lost(self) -> bool:
        """Whether the line was lost and has not given a good answer since."""
        return self._outage

    def offer(self, observed: Observed) -> None:
        """See that this is sent as soon as nothing is under way, unless a newer one is offered before. Never waits."""
        with self._changed:
            silent = self._asked >= 0 and time.monotonic() - self._asked_s > self._silence_s
            self._next = observed
            self._changed.notify_all()
        if silent:
            self._lose(f"does not answer within {self._silence_s:g} s")

    def take(self) -> Arrival:
        """What has come since the last call. Never waits."""
        with self._changed:
            found, self._arrival = self._arrival, Arrival()
            return found

    def _describe(self, timeout_s: float) -> PolicyFacts:
        return facts_from(self._stub.Describe(pb.DescribeRequest(), timeout=timeout_s, metadata=self._metadata))

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closed.is_set():
            answered, problem = self._play_stream()
            if self._closed.is_set():
                return
            self._lose(problem)
            if answered:
                wait_s = FIRST_WAIT_S
            while not self._closed.wait(wait_s):
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                if self._is_back():
                    break

    def _play_stream(self) -> tuple[bool, str]:
        """One stream until it ends; whether it gave a good answer, and why it ended."""
        with self._changed:
            self._stream += 1
            self._asked = -1
            stream = self._stream
        answered = False
        try:
            call: Any = self._stub.Act(self._observations(stream), metadata=self._metadata)
            with self._changed:
                self._call = call
            for message in call:
                with self._changed:
                    if stream != self._stream:
                        break
                    asked, round_s = self._asked, time.monotonic() - self._asked_s
                rows = rows_from(self.facts, message, asked=asked)  # it may be long, and the loop does not wait
                with self._changed:
                    if stream != self._stream:
                        break
                    self._asked = -1
                    self._arrival = Arrival(
                        rows=rows,
                        lost=self._arrival.lost,
                        compute_ms=message.compute_ms,
                        batch=message.batch,
                        round_s=round_s,
                    )
                    self._changed.notify_all()
                answered = True
                self._found_again()
            return answered, "has ended the play"
        except BadChunkError as error:
            return answered, f"gives an answer that is not acted on: {error.problem}"
        except grpc.RpcError as error:
            return answered, self._failure(error).problem.removeprefix(f"the policy server at {self.access.address} ")
        except ValueError:  # gRPC's word for a channel that was closed
            return answered, "is not talked to any more"
        finally:
            self._end_stream()

    def _observations(self, stream: int) -> Iterator[pb.Observation]:
        """What goes out, on gRPC's own thread."""
        while True:
            with self._changed:
                while self._stream == stream and (self._asked >= 0 or self._next is None):
                    self._changed.wait()
                if self._stream != stream or self._next is None:
                    return
                observed, self._next = self._next, None
                self._asked, self._asked_s = observed.frame, time.monotonic()
            yield observation_message(observed)

    def _end_stream(self) -> None:
        with self._changed:
            call = self._leave_stream()
        if call is not None:
            call.cancel()

    def _leave_stream(self) -> Any:
        """Under the lock: nothing of the stream counts any more. Its call, to be cancelled."""
        self._stream += 1
        self._asked, self._next = -1, None
        call, self._call = self._call, None
        self._changed.notify_all()
        return call

    def _lose(self, problem: str) -> None:
        """Let the loop know that what it has must not be acted on, and end the stream."""
        with self._changed:
            self._arrival = Arrival(lost=True)
            call = self._leave_stream()
            first, self._outage = not self._outage, True
        if call is not None:
            call.cancel()
        if first:
            self._tell(f"The policy server {problem}: everything is let go, and it is tried again")

    def _found_again(self) -> None:
        with self._changed:
            was_away, self._outage = self._outage, False
        if was_away:
            self._tell("The policy server is there again")

    def _is_back(self) -> bool:
        """Whether the same policy, or one that plays like it, is there again."""
        try:
            facts = self._describe(RETRY_S)
        except (grpc.RpcError, PlayError, ValueError):
            return False
        if not facts.plays_like(self.facts):
            if facts != self._other:
                self._other = facts
                self._tell(f"The policy server serves {facts.label} now, which plays otherwise and is not followed")
            return False
        self.facts = facts
        return True

    def _failure(self, error: grpc.RpcError) -> PolicyServerError:
        assert isinstance(error, grpc.Call)
        address, details = self.access.address, (error.details() or "no reason given").split(";")[0][:400]
        match error.code():
            case grpc.StatusCode.UNAUTHENTICATED:
                remedy = "Name the server's token file with --token"
                return PolicyServerError(address, f"refuses: {details}", remedy=remedy)
            case grpc.StatusCode.UNAVAILABLE:
                remedy = "See that 'playloom policy serve' runs there, its address, and with TLS its certificate"
                return PolicyServerError(address, f"cannot be reached: {details}", remedy=remedy)
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return PolicyServerError(address, "does not answer in time", remedy="Look at its own output")
            case grpc.StatusCode.UNIMPLEMENTED:
                return PolicyServerError(address, "is no policy server", remedy="Name where 'playloom policy' listens")
            case grpc.StatusCode.FAILED_PRECONDITION | grpc.StatusCode.INVALID_ARGUMENT:
                return PolicyServerError(address, f"cannot answer: {details}")
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                return PolicyServerError(address, f"is full: {details}", remedy="Wait until somebody stops playing")
            case grpc.StatusCode.CANCELLED:
                return PolicyServerError(address, "was left")
            case _:
                return PolicyServerError(address, f"failed: {details}", remedy="Look at its own output")
