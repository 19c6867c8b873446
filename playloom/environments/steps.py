"""``steps.csv``: what each step of an episode was and did, one row a step.

Row k belongs to frame k: its hashes are of what was on the screen (and in the console's memory) before the step, its
action took frame k to frame k + 1, its reward and ends are what that brought. Reading needs no game installed.
"""

from __future__ import annotations

import csv
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from playloom.environments.environment import EnvironmentAction
from playloom.environments.hashes import HASH_DIGITS
from playloom.errors import OutputError, RecordingError

STEPS_FILE = "steps.csv"
COLUMNS = ("step", "action", "reward", "terminated", "truncated", "frame_hash", "ram_hash")
FLUSH_INTERVAL_S = 1.0
"""Rows reach the system at least this often: what a crash may cost."""
LARGEST_FILE_BYTES = 1 << 30
"""Two days of play. A larger file is not one of ours; read whole, it would only fill the memory."""
LARGEST_NUMBER = (1 << 31) - 1
"""Of an action's numbers: a pad's buttons as bits need the most."""
_FLAGS = {"0": False, "1": True}


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """One step.

    Attributes:
        action: what the environment was given.
        reward: what it earned.
        terminated: the game was over after it.
        truncated: the environment's time limit ended it.
        frame_hash: of the picture before the step (`hashes.frame_hash`).
        ram_hash: of the console's memory before the step, "" where it is not compared.
    """

    action: EnvironmentAction
    reward: float
    terminated: bool
    truncated: bool
    frame_hash: str
    ram_hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of an episode, as columns of equal length.

    Attributes:
        actions: what the environment was given.
        reward: float64[n].
        terminated: bool[n].
        truncated: bool[n].
        frame_hashes: of the pictures before each step.
        ram_hashes: "" where the memory is not compared.
        cut_off: whether the file ended within a row, which was left out.
    """

    actions: Sequence[EnvironmentAction]
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    frame_hashes: Sequence[str]
    ram_hashes: Sequence[str]
    cut_off: bool = False

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, step: int) -> StepRecord:
        return StepRecord(
            action=self.actions[step],
            reward=float(self.reward[step]),
            terminated=bool(self.terminated[step]),
            truncated=bool(self.truncated[step]),
            frame_hash=self.frame_hashes[step],
            ram_hash=self.ram_hashes[step],
        )


@dataclass
class StepWriter:
    """Appends to ``steps.csv``; a context manager.

    Raises:
        OutputError: the file exists, or cannot be written.
    """

    path: Path
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        try:
            self._file: IO[str] = self.path.open("x", encoding="utf-8", newline="", buffering=1 << 16)
        except OSError as error:
            raise OutputError(self.path, f"cannot be created: {error.strerror}") from error
        self._flushed_s = time.monotonic()
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, step: StepRecord) -> None:
        action = json.dumps(step.action, separators=(",", ":"))
        ends = (int(step.terminated), int(step.truncated))
        try:
            self._rows.writerow((self.count, action, repr(step.reward), *ends, step.frame_hash, step.ram_hash))
            if time.monotonic() - self._flushed_s >= FLUSH_INTERVAL_S:
                self._file.flush()
                self._flushed_s = time.monotonic()
        except OSError as error:
            raise self._cannot_write(error) from error
        self.count += 1

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> OutputError:
        return OutputError(
            self.path,
            f"cannot be written: {error.strerror}",
            remedy=f"Make room, then keep what was recorded: playloom recover {self.path.parent}",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_steps(path: Path) -> Steps:
    """Read ``steps.csv``. A last row that was cut off by a crash is left out.

    Raises:
        RecordingError: the file is missing or a row is not valid, with the row's number (the header is row 1).
    """
    text = _text_of(path)
    whole, _, rest = text.rpartition("\n")
    rows = csv.reader(whole.split("\n"))
    header = next(rows, [])
    if tuple(header[: len(COLUMNS)]) != COLUMNS:
        raise RecordingError(path, f"does not begin with the columns {', '.join(COLUMNS)}", place="row 1")
    records: list[StepRecord] = []
    try:
        for step, row in enumerate(rows):
            records.append(_record(path, step, row))
    except csv.Error as error:
        raise RecordingError(path, str(error), place=f"row {len(records) + 2}") from error
    return Steps(
        actions=tuple(record.action for record in records),
        reward=np.array([record.reward for record in records], np.float64),
        terminated=np.array([record.terminated for record in records], np.bool_),
        truncated=np.array([record.truncated for record in records], np.bool_),
        frame_hashes=tuple(record.frame_hash for record in records),
        ram_hashes=tuple(record.ram_hash for record in records),
        cut_off=rest != "",
    )


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise RecordingError(path, "is no file" if os.path.lexists(path) else "is missing")
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise RecordingError(path, f"is larger than {LARGEST_FILE_BYTES >> 30} GiB, which no such file is")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(path, "is not UTF-8 text", place=f"byte {error.start}") from error


def _record(path: Path, step: int, row: list[str]) -> StepRecord:
    place = f"row {step + 2}"
    if len(row) < len(COLUMNS):
        raise RecordingError(path, f"has {len(row)} columns where {len(COLUMNS)} belong", place=place)
    if row[0] != str(step):
        raise RecordingError(path, f"is step '{row[0]}' where step {step} belongs", place=place)
    try:
        reward = float(row[2])
    except ValueError:
        reward = math.nan
    if not math.isfinite(reward):
        raise RecordingError(path, f"'{row[2]}' is not a reward", place=place)
    if row[3] not in _FLAGS or row[4] not in _FLAGS:
        raise RecordingError(path, "terminated and truncated must be 0 or 1", place=place)
    for digest in (row[5], row[6]):
        if digest and (len(digest) != HASH_DIGITS or not set(digest) <= set("0123456789abcdef")):
            raise RecordingError(path, f"'{digest}' is not a hash", place=place)
    return StepRecord(
        action=_action(path, place, row[1]),
        reward=reward,
        terminated=_FLAGS[row[3]],
        truncated=_FLAGS[row[4]],
        frame_hash=row[5],
        ram_hash=row[6],
    )


def _action(path: Path, place: str, text: str) -> EnvironmentAction:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and abs(item) <= LARGEST_NUMBER for item in value
    ):
        return tuple(value)
    raise RecordingError(path, f"'{text[:40]}' is not an action", place=place)
