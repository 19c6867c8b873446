"""Recording episodes that agents play, in this process or in several."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from capture_node.gym.episode import EpisodeReport, play_episode
from capture_node.gym.interrupts import children_unmoved
from capture_node.gym.options import RecordOptions, session_name
from capture_node.gym.players import Player, SimulatedClock, agent_player
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import load_preset
from playloom.environments.spec import EnvironmentSpec
from playloom.errors import OutputError, ProcessError

STEP_POLL = 32
"""A worker asks for an interrupt every so many steps: asking goes through the kernel."""


type Watch = Callable[[Player, EnvironmentSpec, RecordOptions], Player]
"""Makes a player one that can be watched."""


def record_agent(
    options: RecordOptions, workers: int, is_stopped: Callable[[], bool], *, watch: Watch | None = None
) -> Iterator[EpisodeReport]:
    """Record the agent's episodes, each as soon as it is done; with ``workers`` processes the sessions are the same.

    Args:
        watch: for showing the agent at play; one process only.

    Raises:
        OutputError: a session that would be recorded exists already; nothing has been recorded then.
        PlayloomError: the environment, the agent or the preset does not exist.
        ProcessError: a worker process died.
    """
    assert options.agent is not None
    assert options.episodes is not None
    game = find_game(options.environment)
    names = [_agent_session(options, game.game_id, index) for index in range(options.episodes)]
    for name in names:
        if (options.root / name).exists():
            raise OutputError(
                options.root / name,
                "exists already",
                remedy="Choose another --seed, --player or output directory, or remove it",
            )
    if workers == 1 or options.episodes == 1 or watch is not None:
        for index in range(options.episodes):
            if is_stopped():
                return
            yield _record_one(options, index, is_stopped, watch)
        return
    yield from _record_parallel(options, min(workers, options.episodes), is_stopped)


def _agent_session(options: RecordOptions, game_id: str, index: int) -> str:
    seed = options.of_episode(index).seed
    detail = f"{seed}" if options.player == options.agent else f"{options.agent}-{seed}"
    return session_name(game_id, options.player, detail)


def _record_one(
    options: RecordOptions, index: int, is_stopped: Callable[[], bool], watch: Watch | None
) -> EpisodeReport:
    assert options.agent is not None
    settings = options.of_episode(index)
    game = find_game(options.environment)
    environment = make_environment(game, settings, informed=options.agent == "scripted")
    try:
        preset = load_preset(environment.spec, options.preset_files)
        player: Player = agent_player(options.agent, environment, preset, options.device or InputDevice.KEYBOARD)
        if watch is not None:
            player = watch(player, environment.spec, options)
        return play_episode(
            environment,
            player,
            preset,
            options,
            name=_agent_session(options, game.game_id, index),
            clock=SimulatedClock(options.video_fps(environment.spec)),
            first_image=environment.reset(),
            is_stopped=is_stopped,
        )
    finally:
        environment.close()


class _WorkerStop:
    """Asks the parent's event whether to stop, every few steps."""

    event: Any = None

    def __init__(self) -> None:
        self._asked = 0

    def __call__(self) -> bool:
        self._asked += 1
        return self._asked % STEP_POLL == 1 and bool(self.event.is_set())


def _begin_worker(event: Any) -> None:
    # Where a signal cannot be kept from a process that starts (`children_unmoved`), at least from here on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _WorkerStop.event = event


def _record_in_worker(options: RecordOptions, index: int) -> EpisodeReport:
    return _record_one(options, index, _WorkerStop(), None)


def _record_parallel(options: RecordOptions, workers: int, is_stopped: Callable[[], bool]) -> Iterator[EpisodeReport]:
    context = multiprocessing.get_context("spawn")
    event = context.Event()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(event,)) as pool:
        with children_unmoved():
            futures = [pool.submit(_record_in_worker, options, index) for index in range(options.episodes or 0)]
        try:
            for future in _finished(futures, event, is_stopped):
                yield future.result()
        except CancelledError:
            pass
        except BrokenProcessPool as error:
            raise ProcessError(
                "a worker process died", remedy="Try fewer --workers; unfinished sessions hold no session.json"
            ) from error
        finally:
            event.set()
            pool.shutdown(cancel_futures=True)


def _finished(
    futures: list[Future[EpisodeReport]], event: Any, is_stopped: Callable[[], bool]
) -> Iterator[Future[EpisodeReport]]:
    """The futures as they end; when asked to stop, those that have not begun never do."""
    left = set(futures)
    while left:
        if is_stopped() and not event.is_set():
            event.set()
            left -= {future for future in left if future.cancel()}
        try:
            for future in as_completed(left, timeout=0.2):
                left.discard(future)
                yield future
                if is_stopped():
                    break
        except TimeoutError:
            continue
