"""A policy server as a program: from the checkpoint to the last player."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np

from playloom.listen_address import parse_address
from playloom.play.server_token import policy_directory
from playloom.token_file import TOKEN_FILE, own_token
from training.policy.acting import ActingPolicy
from training.serving.batching import MAX_BATCH, MAX_WAIT_S, Batcher
from training.serving.server import PolicyGrpcServer, TlsFiles
from training.serving.service import PolicyService, facts_of


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How to serve.

    Attributes:
        run: a run's directory, or a checkpoint's.
        listen: HOST:PORT.
        device: auto, cpu or cuda.
        threads: of the CPU for the model; 0: PyTorch's choice.
        max_batch, max_wait_s: as `Batcher` has them.
        token_directory: where the token file lies; None: the user's own.
        tls: certificate and key, needed elsewhere than on loopback.
    """

    run: Path
    listen: str
    device: str = "auto"
    threads: int = 0
    max_batch: int = MAX_BATCH
    max_wait_s: float = MAX_WAIT_S
    token_directory: Path | None = None
    tls: tuple[Path, Path] | None = None


def serve_policy(options: ServeOptions, say: Callable[[str], object]) -> None:
    """Serve until Ctrl-C or a polite kill.

    Raises:
        PlayloomError: the checkpoint holds no policy, or the server cannot listen; says why and what to do.
    """
    import torch

    from training.policy.loading import load_policy

    address = parse_address(options.listen)
    tls = None if options.tls is None else TlsFiles.read(*options.tls)
    if options.threads:
        torch.set_num_threads(options.threads)
    policy = load_policy(options.run, options.device)
    facts = facts_of(policy)
    _warm_up(policy)
    directory = options.token_directory or policy_directory()
    with Batcher(policy, max_batch=options.max_batch, max_wait_s=options.max_wait_s) as batcher:
        server = PolicyGrpcServer(PolicyService(facts, batcher), own_token(directory), address=address, tls=tls)
        ended = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            del number, frame
            ended.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        server.start()
        try:
            width, height = facts.picture_size
            say(f"{facts.label} plays {facts.game_id} at {facts.fps} frames a second, {policy.device}")
            say(f"  it looks at {facts.history} pictures of {width}x{height} and says {facts.chunk} frames at once")
            if policy.lineage.notice:
                say(policy.lineage.notice)
            say(f"It listens at {server.address}; its token is in {directory / TOKEN_FILE}. Ctrl-C ends it.")
            say(f"next, in another terminal: playloom play GAME --server {server.address}")
            while not ended.wait(0.5):
                pass
        finally:
            server.stop()
            for number, handler in before.items():
                signal.signal(number, handler)


def _warm_up(policy: ActingPolicy) -> None:
    """Ask once before anybody plays: the first answer takes long, and spoiled weights are found.

    Raises:
        PolicyError: it cannot act.
    """
    width, height = policy.picture_size
    policy.act(
        np.zeros((1, policy.history, height, width, 3), np.uint8),
        held=np.zeros((1, policy.space.width), np.float32),
        tasks=[""],
        seeds=[0],
    )
