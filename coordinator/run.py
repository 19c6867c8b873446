"""A coordinator as a program: from its greeting to the last call that it lets end."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from pathlib import Path

from coordinator.logs import begin_logging, end_logging
from coordinator.server import RunningServer, running
from coordinator.settings import CoordinatorSettings

type Beside = Callable[[RunningServer, asyncio.Event], AbstractAsyncContextManager[None]]
"""What runs beside a server; it is given an event that is set when nobody wants to wait any more."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def run_coordinator(
    settings: CoordinatorSettings,
    *,
    greet: Callable[[RunningServer], None],
    log_file: Path | None = None,
    migrates: bool = True,
    beside: Beside = lambda *_: nullcontext(),
) -> None:
    """Run until Ctrl-C, a polite kill or a closed terminal; calls that run then come to their end.

    Args:
        settings: of it.
        greet: told when it answers.
        log_file: where the log goes; None: standard error.
        migrates: whether an older database is brought up to date.
        beside: what else runs while the server does; it ends first.

    Raises:
        PlayloomError: it cannot start; says why and what to do.
    """
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = begin_logging(log_file)
    try:
        asyncio.run(_run(settings, greet, migrates, beside))
    finally:
        end_logging(handler)


async def _run(
    settings: CoordinatorSettings, greet: Callable[[RunningServer], None], migrates: bool, beside: Beside
) -> None:
    asked = asyncio.Event()
    again = asyncio.Event()
    with _signals_heard(lambda: again.set() if asked.is_set() else asked.set()):
        hurrying: asyncio.Task[None] | None = None
        try:
            async with running(settings, migrates=migrates) as server:
                greet(server)
                async with beside(server, again):
                    await asked.wait()
                hurrying = asyncio.create_task(_hurry(again, server))
        finally:
            if hurrying is not None:
                hurrying.cancel()


async def _hurry(again: asyncio.Event, server: RunningServer) -> None:
    """A second Ctrl-C waits for nobody."""
    await again.wait()
    await server.rpc.hurry()


@contextmanager
def _signals_heard(heard: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # as nohup wishes
    for number in numbers:
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(heard))
        else:
            loop.add_signal_handler(number, heard)
    try:
        yield
    finally:
        for number in numbers:
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)  # it is over: one more Ctrl-C is for nobody
