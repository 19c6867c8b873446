"""How full the spool is, measured now and then: a status is asked for more often than files can be counted."""

from __future__ import annotations

import time
from pathlib import Path

from capture_node.node.spooled import session_size_bytes
from playloom.errors import RecordingError
from playloom.recording.session import find_sessions

USAGE_S = 5.0
"""The spool is measured anew so often at most."""


class SpoolUsage:
    """Measures one spool. May be asked on any thread."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._measured: tuple[float, int, int] | None = None

    def measure(self) -> tuple[int, int]:
        """Bytes and sessions, as they were some seconds ago."""
        measured = self._measured
        if measured is None or time.monotonic() - measured[0] > USAGE_S:
            try:
                paths = find_sessions(self._spool) if self._spool.exists() else []
            except RecordingError:  # whoever records there is told; a status is given in any case
                paths = []
            measured = self._measured = (time.monotonic(), sum(map(session_size_bytes, paths)), len(paths))
        return measured[1], measured[2]

    def forget(self) -> None:
        """Measure anew when asked next."""
        self._measured = None
