from __future__ import annotations

import pytest

from capture_node.inputs.x11_clock import ServerClock

_MS = 1_000_000
_WRAP_MS = 1 << 32
_DAY_NS = 24 * 3600 * 1000 * _MS


def test_a_server_on_this_machine_counts_by_our_clock() -> None:
    clock = ServerClock()
    clock.compare(5_000, before_ns=5_000_200_000, after_ns=5_000_300_000)

    assert clock.offset_ns == 0
    assert clock.to_monotonic_ns(6_000, read_ns=6_010_000_000) == 6_000_500_000


def test_no_event_is_later_than_when_it_was_heard_of() -> None:
    assert ServerClock().to_monotonic_ns(6_000, read_ns=6_000_100_000) == 6_000_100_000


def test_an_event_that_was_read_late_keeps_its_time() -> None:
    assert ServerClock().to_monotonic_ns(6_000, read_ns=16_000 * _MS) == 6_000_500_000


@pytest.mark.parametrize("days", [49.6, 49.71, 49.72, 149.2])
def test_the_servers_32_bits_wrap_and_ours_do_not(days: float) -> None:
    happened_ms = int(days * 24 * 3600 * 1000)
    clock = ServerClock()

    assert clock.to_monotonic_ns(happened_ms % _WRAP_MS, read_ns=(happened_ms + 3) * _MS) == happened_ms * _MS + 500_000


def test_an_event_before_the_wrap_may_be_read_after_it() -> None:
    assert ServerClock().to_monotonic_ns(_WRAP_MS - 2, read_ns=(_WRAP_MS + 5) * _MS) == (_WRAP_MS - 2) * _MS + 500_000


def test_a_servers_own_clock_is_followed() -> None:
    clock = ServerClock()
    ours_ns = 2 * _DAY_NS
    clock.compare(77_000, before_ns=ours_ns, after_ns=ours_ns + _MS)

    # At 77.0005 s of the server's clock it was between the two.
    assert clock.to_monotonic_ns(77_250, read_ns=ours_ns + _DAY_NS) == ours_ns + 250 * _MS + 500_000


def test_drift_of_a_servers_own_clock_is_corrected_at_the_next_comparison() -> None:
    clock = ServerClock()
    clock.compare(77_000, before_ns=_DAY_NS, after_ns=_DAY_NS)
    clock.compare(87_000, before_ns=_DAY_NS + 10_020 * _MS, after_ns=_DAY_NS + 10_020 * _MS)

    assert clock.to_monotonic_ns(87_100, read_ns=2 * _DAY_NS) == _DAY_NS + 10_120 * _MS


def test_a_coarse_clock_of_the_kernel_is_still_ours() -> None:
    clock = ServerClock()
    clock.compare(4_997, before_ns=5_000_200_000, after_ns=5_000_300_000)

    assert clock.offset_ns == 0
