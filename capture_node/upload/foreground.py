"""Sessions sent while somebody watches, with a bar for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from capture_node.node.words import console_of_command, print_next
from capture_node.upload.bandwidth import Bandwidth
from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.part_sender import PartSender
from capture_node.upload.receipt import Receipt
from capture_node.upload.session_upload import upload_session
from capture_node.upload.settings import UploadSettings
from playloom.client.access import ServerAccess
from playloom.client.connection import Connection
from playloom.client.errors import ServerUnavailableError, ServerUntrustedError, TokenRefusedError
from playloom.errors import PlayloomError
from playloom.figures import bytes_in_words, count_in_words, one_line
from protos import coordinator_pb2 as pb

PATIENCE_S = 60.0
"""Somebody waits: a server that is away for longer is said to be."""

LINE_EVERY_S = 10.0
"""Where no bar can be drawn, a line comes so often."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Attributes: receipts: of what the server has; problems: why the others could not be sent."""

    receipts: dict[Path, Receipt] = field(default_factory=dict)
    problems: dict[Path, PlayloomError] = field(default_factory=dict)


@contextmanager
def line_to(access: ServerAccess, settings: UploadSettings, *, patience_s: float = PATIENCE_S) -> Iterator[UploadLine]:
    """A line to the server, until the block ends.

    Raises:
        ServerError: it is away.
    """
    sender = PartSender(access.authority, Bandwidth(settings.bytes_per_s), parts_at_once=settings.parts_at_once)
    with Connection(access, patience_s=patience_s) as connection:
        info = connection.call(connection.server.GetInfo, pb.GetServerInfoRequest())
        try:
            yield UploadLine(
                connection=connection,
                sender=sender,
                parts_at_once=settings.parts_at_once,
                server_id=info.server_id,
                ahead_ns=info.unix_ns - time.time_ns(),
                stop=threading.Event(),
            )
        finally:
            sender.close()


def send_sessions(
    paths: Sequence[Path], access: ServerAccess, settings: UploadSettings, *, show: bool = True
) -> Outcome:
    """Send sessions one after the other. What is wrong with one costs the others nothing.

    Args:
        paths: their directories.
        access: the server.
        settings: how.
        show: whether to say how far it is.

    Raises:
        ServerError: the server is away, or refuses this machine altogether.
    """
    console = console_of_command()
    console.quiet = not show
    outcome = Outcome()
    if not paths:
        return outcome
    with line_to(access, settings) as line:
        for path in paths:
            with _shown(console, path) as progress:
                try:
                    outcome.receipts[path] = upload_session(path, line, progress)
                except (ServerUnavailableError, ServerUntrustedError, TokenRefusedError):
                    raise
                except PlayloomError as error:
                    outcome.problems[path] = error
                except KeyboardInterrupt:
                    line.stop.set()
                    console.print("Stopped. The same command goes on where it was.")
                    raise
            if path in outcome.problems:
                console.print(f"{one_line(path.name)}: {outcome.problems[path]}", style="red", markup=False)
            else:
                receipt = outcome.receipts[path]
                console.print(f"{one_line(path.name)} is there as {receipt.session_id}", style="green", markup=False)
                if receipt.has_other_info:
                    words = "the same recording was there already, with another session.json: that one stays"
                    console.print(f"{one_line(path.name)}: {words}", style="yellow", markup=False)
    done = count_in_words(len(outcome.receipts), "session")
    failed = f", {len(outcome.problems)} could not be sent" if outcome.problems else ""
    console.print(f"{access.address} has {done}{failed}.", markup=False)
    print_next(console, "playloom sessions list" if not failed else "see to what is said above, then the same command")
    return outcome


@contextmanager
def _shown(console: Console, path: Path) -> Iterator[Callable[[UploadProgress], None]]:
    name = one_line(path.name)
    if not console.is_terminal:
        yield _Lines(console, name)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda progress: bars.update(bar, completed=progress.sent_bytes, total=progress.size_bytes)


class _Lines:
    """Says how far it is in lines, seldom."""

    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name = console, name
        self._due_s = time.monotonic() + LINE_EVERY_S

    def __call__(self, progress: UploadProgress) -> None:
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + LINE_EVERY_S
        words = f"{bytes_in_words(progress.sent_bytes)} of {bytes_in_words(progress.size_bytes)}"
        self._console.print(f"{self._name}: {words}", markup=False)
