"""What a session's sync.csv says of it in short, taken while the file passes by.

`playloom.recording.sync_table` reads all of it, and needs ten times its size of memory: too much for a server that
reads what strangers send. The rows in between are for the workers who convert the session.
"""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.errors import InvalidError
from playloom.recording.session import SYNC_FILE

MAX_LINE_BYTES = 16 << 10
_INT64_MAX = (1 << 63) - 1
_COLUMNS = (b"frame_index", b"monotonic_ns", b"pts")


@dataclass(frozen=True, kw_only=True)
class SyncSummary:
    """Attributes: frames: rows; first_ns, last_ns: of the first and the last row, on the session's clock."""

    frames: int
    first_ns: int
    last_ns: int

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return max(0, self.last_ns - self.first_ns) / 1e9


class SyncWatch:
    """Sees a sync.csv piece by piece."""

    def __init__(self) -> None:
        self._head, self._tail, self._lines = b"", b"", 0

    def see(self, chunk: bytes) -> None:
        if len(self._head) < 2 * MAX_LINE_BYTES:
            self._head += chunk[: 2 * MAX_LINE_BYTES - len(self._head)]
        self._lines += chunk.count(b"\n")
        self._tail = (self._tail + chunk)[-2 * MAX_LINE_BYTES :]

    def end(self) -> SyncSummary:
        """What was seen.

        Raises:
            InvalidError: it is no sync.csv, or one without a row.
        """
        header, *rows = self._head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        names = [name.strip().strip(b'"') for name in header.split(b",")]
        for name in _COLUMNS:
            if name not in names:
                raise InvalidError(SYNC_FILE, f"it has no column '{name.decode()}'")
        place = names.index(b"monotonic_ns")
        first = next((row for row in rows if row.strip(b"\0 \r")), None)
        tail = self._tail.rstrip(b"\0")
        last = [row for row in tail.split(b"\n") if row.strip()]
        # A recording that was cut off may end in half a row.
        cut = not tail.endswith(b"\n")
        if first is None or self._lines < 1 or (cut and self._lines < 2):
            raise InvalidError(SYNC_FILE, "it has no row", remedy="The recording holds no frames")
        last_row = last[-2] if cut and len(last) > 1 else last[-1]
        return SyncSummary(
            frames=self._lines - 1 if self._lines > 1 else 1,
            first_ns=_time_ns(first, place),
            last_ns=_time_ns(last_row, place),
        )


def _time_ns(row: bytes, place: int) -> int:
    fields = row.split(b",")
    text = fields[place].strip() if place < len(fields) else b""
    if not (text.isdigit() and len(text) < 20 and int(text) <= _INT64_MAX):
        raise InvalidError(SYNC_FILE, f"monotonic_ns is '{text[:40].decode(errors='replace')}', not a time")
    return int(text)
