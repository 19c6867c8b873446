"""sync.csv: when each frame was on the screen.

The file is parsed as bytes, a column at a time with numpy, because Python's csv module and `np.loadtxt` take up to a
second for an hour of frames. Rows that are not plain numbers are looked at one by one, to say which row is wrong.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playloom.errors import RecordingError
from playloom.recording.damage import Damage

SYNC_HEADER = "frame_index,monotonic_ns,pts,repeated"
"""What Playloom writes; readers need only the first three."""

AGENT_COLUMN = "agent"
"""Follows where an agent played a part; see `playloom.recording.acting_log`."""

MAX_SYNC_BYTES = 1 << 30
"""More than 5,000 hours at 60 frames a second, or not a sync.csv."""

_REQUIRED = ("frame_index", "monotonic_ns", "pts")
_MOST_COLUMNS = 1000
_MOST_DIGITS = 18  # every number of that many digits fits an int64
_INT64_MAX = (1 << 63) - 1
_NUMBER = re.compile(rb"[+-]?[0-9]{1,30}")
_NEWLINE, _RETURN, _COMMA, _SPACE = b"\n\r, "
_ZERO = np.uint8(ord("0"))


@dataclass(frozen=True, kw_only=True)
class SyncTable:
    """One row a frame, in the order of the file.

    Attributes:
        frame_index: int64[n], as recorded.
        monotonic_ns: int64[n], when the frame was captured, on the clock that the inputs share.
        pts_ns: int64[n], the frame's time in the video.
        repeated: bool[n], True where the screen had not changed; None if the recorder did not say.
        agent: int64[n], the actions that an agent decided on as bits; None where no agent played, or nobody asked.
    """

    frame_index: NDArray[np.int64]
    monotonic_ns: NDArray[np.int64]
    pts_ns: NDArray[np.int64]
    repeated: NDArray[np.bool_] | None = None
    agent: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.monotonic_ns)


def encode_sync_row(
    frame_index: int, monotonic_ns: int, pts_ns: int, *, repeated: bool, agent: int | None = None
) -> str:
    """One line of sync.csv with its end; with ``agent`` of one that has the column."""
    more = "" if agent is None else f",{agent}"
    return f"{frame_index},{monotonic_ns},{pts_ns},{repeated:d}{more}\n"


def read_sync(path: Path, *, agent: bool = False) -> tuple[SyncTable, list[Damage]]:
    """Read a sync.csv.

    A last row that was cut off is left out. Times that repeat or go backwards stay as they are: which of the frames
    to believe is for the caller to decide. All of it is reported.

    Args:
        path: the file.
        agent: whether to read who acted; what another recorder calls so is nobody's business otherwise.

    Raises:
        RecordingError: the file is missing or empty, has no header or no rows, or a row in it is not made of numbers.
    """
    lines = _Lines(path, _content(path), agent=agent)
    damage: list[Damage] = []
    lines.drop_cut_end(damage)
    if not len(lines):
        raise RecordingError(path, "has no rows", remedy="The recording holds no frames; record it again")
    pts_ns = lines.column("pts", limit=False)
    untimed = pts_ns < 0
    if untimed.any():
        damage.append(lines.fault(np.flatnonzero(untimed), "have no time in the video"))
    table = SyncTable(
        frame_index=lines.column("frame_index"),
        monotonic_ns=lines.column("monotonic_ns"),
        pts_ns=pts_ns,
        repeated=lines.column("repeated") != 0 if "repeated" in lines.columns else None,
        agent=lines.column(AGENT_COLUMN) if AGENT_COLUMN in lines.columns else None,
    )
    steps = np.diff(table.monotonic_ns)
    for wrong, problem in (
        (steps < 0, "are earlier than the row before"),
        (steps == 0, "have the same time as the row before"),
        (np.diff(table.frame_index) != 1, "do not count on from the frame_index of the row before"),
    ):
        if wrong.any():
            damage.append(lines.fault(np.flatnonzero(wrong) + 1, problem))
    return table, damage


class _Lines:
    """The file's rows and where their fields are.

    Attributes:
        columns: the place of each named column.
    """

    def __init__(self, path: Path, content: bytes, *, agent: bool = False) -> None:
        self.path = path
        whole = content.rstrip(b"\0")
        self._holes = len(content) - len(whole)
        header, _, body = whole.partition(b"\n")
        self.columns = _columns(path, header, agent=agent)
        self._ended = whole.endswith(b"\n")
        self._data = np.frombuffer(body + b"\n", np.uint8)
        stops = np.flatnonzero(self._data == _NEWLINE)
        starts = np.concatenate([[0], stops[:-1] + 1])
        stops = stops - ((stops > starts) & (self._data[stops - 1] == _RETURN))
        filled = np.flatnonzero(stops > starts)
        spaced = filled[self._data[starts[filled]] <= _SPACE]
        blank = [line for line in spaced.tolist() if not self._data[starts[line] : stops[line]].tobytes().strip()]
        filled = np.setdiff1d(filled, blank, assume_unique=True) if blank else filled
        self._numbers = filled + 2  # as an editor counts: from 1, and the header is line 1
        self._starts, self._stops = starts[filled], stops[filled]
        self._commas = np.flatnonzero(self._data == _COMMA)
        self._first_comma = np.searchsorted(self._commas, self._starts)
        self._comma_count = np.searchsorted(self._commas, self._stops) - self._first_comma

    def __len__(self) -> int:
        return len(self._starts)

    def drop_cut_end(self, damage: list[Damage]) -> None:
        """Leave out a last row that was cut off, and say so."""
        if self._holes:
            place = f"line {self._numbers[-1]}" if len(self) else "line 2"
            damage.append(
                Damage(file=self.path, place=place, problem=f"{self._holes} bytes of nothing follow; left out")
            )
        if self._ended or not len(self):
            return
        if self._comma_count[-1] >= max(self.columns.values()) and not self._last_value_looks_cut():
            return
        damage.append(
            Damage(file=self.path, place=f"line {self._numbers[-1]}", problem="the last row is cut short; left out")
        )
        for name in ("_numbers", "_starts", "_stops", "_first_comma", "_comma_count"):
            setattr(self, name, getattr(self, name)[:-1])

    def _last_value_looks_cut(self) -> bool:
        """Whether the file ends in a number that is none, or in a pts below the one before it."""
        last = len(self) - 1
        final = max(self.columns, key=self.columns.__getitem__)
        text = self._text(last, self.columns[final])
        if not _NUMBER.fullmatch(text):
            return True
        before = self._text(last - 1, self.columns[final]) if final == "pts" and last else b""
        return bool(_NUMBER.fullmatch(before)) and int(text) < int(before)

    def column(self, name: str, *, limit: bool = True) -> NDArray[np.int64]:
        """A column's numbers. With ``limit``, one below 0 or beyond int64 is an error; without, it becomes -1."""
        place = self.columns[name]
        short = np.flatnonzero(self._comma_count < place)
        if len(short):
            row = int(short[0])
            fields = f"{self._comma_count[row] + 1} of the {max(self.columns.values()) + 1} fields"
            raise RecordingError(self.path, f"has only {fields} needed", place=f"line {self._numbers[row]}")
        rows = np.arange(len(self))
        starts, stops = self._bounds(rows, place)
        values = np.zeros(len(self), np.int64)
        lengths = stops - starts
        plain = np.zeros(len(self), np.bool_)
        # Numbers of one length are read together; a column has few lengths.
        for digits in np.flatnonzero(np.bincount(np.clip(lengths, 0, _MOST_DIGITS + 1))[: _MOST_DIGITS + 1]).tolist():
            chosen = np.flatnonzero(lengths == digits)
            if digits:
                windows = np.lib.stride_tricks.sliding_window_view(self._data, digits)[starts[chosen]] - _ZERO
                plain[chosen] = (windows <= 9).all(axis=1)  # what is below "0" has wrapped round
                values[chosen] = windows @ 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
        for row in np.flatnonzero(~plain).tolist():
            values[row] = self._odd_number(row, name, limit=limit)
        return values

    def fault(self, rows: NDArray[np.intp], problem: str) -> Damage:
        """What is wrong with some rows, placed at the first."""
        count = "this row" if len(rows) == 1 else f"{len(rows)} rows here or later"
        verb = problem.replace("have", "has", 1).replace("are", "is", 1).replace("do ", "does ", 1)
        return Damage(
            file=self.path,
            place=f"line {self._numbers[rows[0]]}",
            problem=f"{count} {verb if len(rows) == 1 else problem}",
        )

    def _bounds(self, rows: NDArray[np.intp], place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        first = self._first_comma[rows]
        starts = self._starts[rows] if place == 0 else self._commas[first + place - 1] + 1
        closed = self._comma_count[rows] > place
        if not len(self._commas):
            return starts, self._stops[rows]
        stops = self._commas[np.minimum(first + place, len(self._commas) - 1)]
        return starts, np.where(closed, stops, self._stops[rows])

    def _text(self, row: int, place: int) -> bytes:
        if self._comma_count[row] < place:
            return b""
        starts, stops = self._bounds(np.array([row]), place)
        return self._data[starts[0] : stops[0]].tobytes().strip()

    def _odd_number(self, row: int, name: str, *, limit: bool) -> int:
        text = self._text(row, self.columns[name])
        if not _NUMBER.fullmatch(text):
            shown = text[:40].decode("utf-8", "replace")
            raise RecordingError(
                self.path,
                f"{name} is '{shown}', not a whole number",
                place=f"line {self._numbers[row]}",
                remedy="Restore the file, or remove the line together with its frame",
            )
        value = int(text)
        if 0 <= value <= _INT64_MAX:
            return value
        if limit:
            raise RecordingError(
                self.path, f"{name} is {value}, outside 0 to {_INT64_MAX}", place=f"line {self._numbers[row]}"
            )
        return -1


def _content(path: Path) -> bytes:
    try:
        if (size_bytes := path.stat().st_size) > MAX_SYNC_BYTES:
            raise RecordingError(path, f"has {size_bytes} bytes, more than any recording needs")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RecordingError(path, "is missing") from error
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from error
    if not content:
        raise RecordingError(path, "is empty", remedy="The recording holds no frames; record it again")
    return content.removeprefix(codecs.BOM_UTF8)


def _columns(path: Path, header: bytes, *, agent: bool = False) -> dict[str, int]:
    """The places of the columns that are read."""
    names = [name.strip().strip(b'"').decode("utf-8", "replace") for name in header.split(b",")[:_MOST_COLUMNS]]
    for name in _REQUIRED:
        if name not in names:
            raise RecordingError(
                path,
                f"has no column '{name}'",
                place="line 1",
                remedy=f"The first line must be {','.join(_REQUIRED)}, further columns may follow",
            )
    wanted = (*_REQUIRED, "repeated", *((AGENT_COLUMN,) if agent else ()))
    return {name: names.index(name) for name in wanted if name in names}
