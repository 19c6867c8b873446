"""From the X server's time to this machine's: milliseconds in 32 bits that wrap every 49.7 days.

A server on the same machine counts by the same monotonic clock: then its times are taken as they are, and being told
late does not make an event late. A server with a clock of its own (another machine, another system) is compared with
ours again and again.
"""

from __future__ import annotations

import struct

from capture_node.clock import now_ns
from capture_node.sources.x11_display import X11Display

_NS_PER_MS = 1_000_000
_WRAP_MS = 1 << 32

# The server's time is cut to whole milliseconds: in the mean an event came half of one later.
_HALF_MS_NS = _NS_PER_MS // 2

# A server may read a coarse clock that stands still between two ticks of the kernel.
_COARSE_CLOCK_NS = 5 * _NS_PER_MS


class ServerClock:
    """Knows how far the server's clock is from ours.

    Attributes:
        offset_ns: ours less the server's; 0 while both are the same clock.
    """

    def __init__(self) -> None:
        self.offset_ns = 0

    def compare(self, server_ms: int, before_ns: int, after_ns: int) -> None:
        """Learn from one reading of the server's clock.

        Args:
            server_ms: what it said, all of its bits or the lower 32.
            before_ns, after_ns: our clock before it was asked and after it had answered.
        """
        same_clock_ns = self._extended_ns(server_ms, after_ns, 0)
        if before_ns - _NS_PER_MS - _COARSE_CLOCK_NS <= same_clock_ns <= after_ns:
            self.offset_ns = 0
            return
        said_ns = self._extended_ns(server_ms, after_ns, self.offset_ns) + _HALF_MS_NS
        self.offset_ns += (before_ns + after_ns) // 2 - said_ns

    def to_monotonic_ns(self, server_ms: int, read_ns: int) -> int:
        """When something happened, on our clock.

        Args:
            server_ms: the server's time of it.
            read_ns: our time when we heard of it; nothing is heard of before it happens.
        """
        return min(self._extended_ns(server_ms, read_ns, self.offset_ns) + _HALF_MS_NS, read_ns)

    def _extended_ns(self, server_ms: int, near_ns: int, offset_ns: int) -> int:
        """The moment next to `near_ns` that those 32 bits can mean."""
        near_ms = (near_ns - offset_ns) // _NS_PER_MS
        difference_ms = (server_ms - near_ms + _WRAP_MS // 2) % _WRAP_MS - _WRAP_MS // 2
        return (near_ms + difference_ms) * _NS_PER_MS + offset_ns


class ServerTime:
    """The server's clock, asked directly: the counter SERVERTIME of the extension SYNC."""

    def __init__(self, display: X11Display) -> None:
        """Args: display: opened after `load_extensions`."""
        import xcffib.sync

        self._connection = display.connection
        self._counter: int | None = None
        if display.has_extension("SYNC"):
            self._sync = display.connection(xcffib.sync.key)
            self._sync.Initialize(3, 1).reply()
            self._counter = self._find_counter()

    def compare(self, clock: ServerClock) -> None:
        """Tell the clock what the server's says; without the extension it must be ours."""
        if self._counter is None:
            return
        before_ns = now_ns()
        value = self._sync.QueryCounter(self._counter).reply().counter_value
        clock.compare(value.lo, before_ns, now_ns())

    def _find_counter(self) -> int | None:
        # xcffib forgets the padding between counters.
        said = bytes(self._connection.wait_for_reply(self._sync.ListSystemCounters().sequence).buf)
        (count,) = struct.unpack_from("=I", said, 8)
        place = 32
        for _ in range(count):
            counter, _, _, length = struct.unpack_from("=IiIH", said, place)
            if said[place + 14 : place + 14 + length] == b"SERVERTIME":
                return counter
            place += (14 + length + 3) // 4 * 4
        return None
