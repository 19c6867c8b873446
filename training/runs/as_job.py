"""A run as a job of the server: the program that a worker lets run in its cluster.

    python -m training.runs.as_job ORDER

It brings what the run needs (its dataset, the checkpoint that an earlier try left in the object store), begins
`playloom train` or `playloom label` as a person would, and sends every checkpoint to the store as soon as it is there.
So a run that is killed on one machine goes on upon another, from the last checkpoint that came there; the directory
below ``scratch`` only saves the way. What it tells the worker stands in its output, see `playloom.runs.program`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playloom.client.access import HOME_VARIABLE
from playloom.datasets.local_copy import LocalCopy
from playloom.datasets.opening import default_root
from playloom.datasets.pulling import pull_version
from playloom.datasets.stored_dataset import StoredDataset, StoredVersion
from playloom.errors import OutputError, PlayloomError
from playloom.figures import bytes_in_words, count_in_words
from playloom.file_lock import lock_for_this_program
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import ObjectStore, read_object
from playloom.objects.open_store import open_store
from playloom.runs.lineage import read_lineage
from playloom.runs.program import LOOK_S, ORPHANED_S, lifeline_key, tell, why_unwanted
from playloom.runs.pulling import pull_run
from playloom.runs.pushing import drop_checkpoints, local_steps, push_checkpoint, push_notes
from playloom.runs.stored_run import stored_steps

WATCH_S = 0.5
NOTES_S = 20.0
"""So often figures go to the store between checkpoints."""

LAST_LINES = 20
USERS_ERROR = "error: "

TRAIN, LABEL = "train", "label"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the worker wants.

    Attributes:
        program: our name in the cluster; another one for each try.
        kind: `TRAIN` or `LABEL`.
        run: the run's name in the store.
        task: what is trained, "idm".
        overrides: of the settings.
        store: the object store's address.
        scratch: for files, on this machine.
        dataset: of the server; what `StoredVersion` and `StoredDataset` are made of, and its name; None: none.
        inputs, output: of labelling.
    """

    program: str
    kind: str
    run: str
    task: str
    overrides: Sequence[str]
    store: str
    scratch: str
    dataset: Mapping[str, Any] | None = None
    inputs: Sequence[str] = ()
    output: str = ""

    @property
    def directory(self) -> Path:
        """Of the run, here."""
        if self.kind == LABEL:  # several may label with one model
            return Path(self.scratch) / "labels" / self.program.rpartition("-")[0] / self.run
        return Path(self.scratch) / "runs" / self.run

    @property
    def home(self) -> Path:
        """Of Playloom, for what we begin: datasets lie there as if they had been pulled."""
        return Path(self.scratch) / "home"


class _StopAskedError(BaseException):
    """Asked to end before there was anything to keep."""


@dataclass
class _Signals:
    """Ray's wish that we end at once. It tells what we have begun, too, which must hear it once: twice is a kill."""

    asked: bool = False
    has_begun: bool = False

    def listen(self) -> None:
        signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, *_: object) -> None:
        self.asked = True
        if not self.has_begun:
            raise _StopAskedError


def main(arguments: Sequence[str]) -> int:
    """Do it; gives the exit status. The outcome stands in the output."""
    order = Order(**json.loads(arguments[0]))
    signals = _Signals()
    signals.listen()
    try:
        return _Run(order, open_store(order.store), signals).do()
    except (ObjectStoreError, OutputError) as error:
        _say(tell(failed={"reason": str(error), "retry": True}))
    except PlayloomError as error:
        _say(tell(failed={"reason": str(error), "retry": False}))
    except _StopAskedError:
        _say("asked to stop before it had begun")
    return 1


@dataclass
class _Run:
    """One try of a run."""

    order: Order
    store: ObjectStore
    signals: _Signals
    last_lines: list[str] = field(default_factory=list)

    def do(self) -> int:
        self.order.directory.parent.mkdir(parents=True, exist_ok=True)
        with (self.order.directory.parent / f".{self.order.run}.lock").open("wb") as lock:
            if not lock_for_this_program(lock):
                raise OutputError(self.order.directory, "another program works on this run here")
            return self._do()

    def _do(self) -> int:
        _say(f"{self.order.program} begins on {socket.gethostname()}, in {self.order.directory}")
        os.environ[HOME_VARIABLE] = str(self.order.home)
        self._bring_dataset()
        self._bring_run()
        self.signals.has_begun = True
        child = subprocess.Popen(
            [sys.executable, "-m", "playloom", *self._command()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "120"},
        )
        if self.signals.asked:  # in the moment between
            child.terminate()
        reading = threading.Thread(target=self._pass_on, args=(child,), daemon=True)
        reading.start()
        status = self._watch(child)
        reading.join(5)
        return self._end(status)

    def _bring_dataset(self) -> None:
        wanted = self.order.dataset
        if wanted is None:
            return
        found = StoredVersion(
            number=int(wanted["version"]),
            manifest_key=wanted["manifest_key"],
            manifest_sha256=wanted["manifest_sha256"],
        )
        remote = StoredDataset(store=self.store, found=found, readable=wanted["readable"])
        came = pull_version(remote, LocalCopy(default_root(wanted["name"])))
        _say(
            f"the dataset '{wanted['name']}', version {found.number}: "
            f"{count_in_words(came.new_files, 'new file')}, {bytes_in_words(came.new_bytes)}"
        )

    def _bring_run(self) -> None:
        there = stored_steps(self.store, self.order.run)
        if self.order.kind == LABEL or (there and there[-1] > max(local_steps(self.order.directory), default=-1)):
            came = pull_run(self.store, self.order.run, self.order.directory)
            _say(f"the checkpoint of step {came[-1] if came else there[-1]} was brought from the store")

    def _command(self) -> list[str]:
        order = self.order
        if order.kind == LABEL:
            output = order.output or str(Path(order.scratch) / "labels" / order.run)
            return ["label", str(order.directory), *order.inputs, "-o", output, *order.overrides]
        if local_steps(order.directory):
            return ["train", order.task, "--resume", str(order.directory)]
        data = (
            []
            if order.dataset is None
            else [f"data.path={order.dataset['name']}", f"data.version={order.dataset['version']}"]
        )
        return ["train", order.task, f"run.directory={order.directory}", *data, *order.overrides]

    def _pass_on(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            text = line.rstrip()
            if text:
                _say(text)
                self.last_lines.append(text)
                del self.last_lines[:-LAST_LINES]

    def _watch(self, child: subprocess.Popen[str]) -> int:
        """Send what comes until it ends; gives its status."""
        lifeline = _Lifeline(self.store, self.order)
        noted_s = looked_s = time.monotonic()
        while True:
            status = child.poll()
            with suppress(ObjectStoreError):  # what was not sent is sent with the next one
                noted_s = self._send(noted_s, at_end=status is not None)
            if status is not None:
                return status
            if time.monotonic() - looked_s > LOOK_S:
                looked_s = time.monotonic()
                reason = lifeline.why_to_end()
                if reason is not None and not self.signals.asked:
                    _say(f"it ends: {reason}")
                    self.signals.asked = True
                    child.terminate()
            time.sleep(WATCH_S)

    def _send(self, noted_s: float, *, at_end: bool) -> float:
        """Send new checkpoints, and now and then the figures; gives when those went."""
        order = self.order
        if order.kind != TRAIN:
            return noted_s
        local = local_steps(order.directory)
        there = set(stored_steps(self.store, order.run)) if at_end or time.monotonic() - noted_s > 2 else set(local)
        new = [step for step in local if step not in there]
        for step in new:
            with suppress(FileNotFoundError):  # a newer one has taken its place meanwhile
                sent_bytes = push_checkpoint(self.store, order.run, step, local[step])
                _say(f"the checkpoint of step {step} is in the store ({bytes_in_words(sent_bytes)} sent)")
                lineage = read_lineage(order.directory)
                _say(tell(stored={"step": step, "sources": lineage.sources, "parents": lineage.parents}))
        if new or at_end or time.monotonic() - noted_s > NOTES_S:
            push_notes(self.store, order.run, order.directory)
            drop_checkpoints(self.store, order.run, there - set(local_steps(order.directory)))
            _say_progress(order.directory)
            return time.monotonic()
        return noted_s

    def _end(self, status: int) -> int:
        if self.signals.asked and self._summary().get("state") != "finished":
            _say("it was asked to stop; the last checkpoint is kept")
            return 1
        if status == 0:
            _say(tell(result=self._result()))
            return 0
        reason = next((line for line in reversed(self.last_lines) if line.startswith(USERS_ERROR)), None)
        if reason is not None and status > 0:
            _say(tell(failed={"reason": reason.removeprefix(USERS_ERROR), "retry": False}))
        else:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
            _say(tell(failed={"reason": f"its process {how}: {' '.join(self.last_lines[-1:])}", "retry": True}))
        return 1

    def _result(self) -> dict[str, Any]:
        order = self.order
        if order.kind == LABEL:
            return {"run": order.run, "output": self._command()[-1 - len(order.overrides)]}
        return {"run": order.run, "step": max(local_steps(order.directory), default=0), "summary": self._summary()}

    def _summary(self) -> dict[str, Any]:
        try:
            return json.loads((self.order.directory / "summary.json").read_bytes())
        except (OSError, ValueError):
            return {}


class _Lifeline:
    """Whether somebody still wants this program, by what the worker writes into the store."""

    def __init__(self, store: ObjectStore, order: Order) -> None:
        self._store, self._program = store, order.program
        self._last, self._heard_s = b"", time.monotonic()

    def why_to_end(self) -> str | None:
        """None: it goes on."""
        with suppress(ObjectStoreError):
            content = read_object(self._store, lifeline_key(self._program), end=4096)
            if content != self._last:
                self._last, self._heard_s = content, time.monotonic()
        reason = why_unwanted(self._last, self._program)
        if reason is None and time.monotonic() - self._heard_s > ORPHANED_S:
            return f"no worker has asked for it for {ORPHANED_S / 60:.0f} minutes"
        return reason


def _say_progress(directory: Path) -> None:
    progress = progress_of(directory)
    if progress is not None:
        _say(tell(progress=progress))


def progress_of(directory: Path) -> tuple[float, str] | None:
    """How far a run is, 0 to 1 and in words, by its settings and its last line of figures."""
    from training.runs.reading import read_run

    run = read_run(directory)
    return None if run is None or run.share is None else (run.share, run.progress)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
