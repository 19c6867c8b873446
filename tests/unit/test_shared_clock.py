"""The time by which leases go: it follows a clock that is set back and forth, and never jumps itself."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from coordinator.clock import SECOND_NS
from coordinator.database.shared_clock import SharedClock

NOON_NS = 1_800_000_000 * SECOND_NS
HOUR_S = 3600


@dataclass
class Machine:
    """Its calendar and its clock that cannot be set."""

    unix_ns: int = NOON_NS
    monotonic_ns: int = 5 * SECOND_NS

    def passes(self, seconds: float) -> None:
        self.unix_ns += int(seconds * SECOND_NS)
        self.monotonic_ns += int(seconds * SECOND_NS)

    def is_set(self, by_s: float) -> None:
        self.unix_ns += int(by_s * SECOND_NS)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> SharedClock:
    return SharedClock(lambda: machine.unix_ns, monotonic_ns=lambda: machine.monotonic_ns)


def test_it_tells_the_machines_time(machine: Machine, clock: SharedClock) -> None:
    assert clock() == NOON_NS
    machine.passes(90)
    assert clock() == NOON_NS + 90 * SECOND_NS


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, 24 * HOUR_S, -24 * HOUR_S])
def test_a_calendar_that_is_set_changes_a_minute_by_a_second_at_most(
    machine: Machine, clock: SharedClock, by_s: float
) -> None:
    before = clock()
    machine.is_set(by_s)
    assert clock() == before
    machine.passes(50)
    assert clock() - before == (51 if by_s > 0 else 49) * SECOND_NS


def test_it_comes_to_the_calendar_s_new_time(machine: Machine, clock: SharedClock) -> None:
    machine.is_set(2)
    machine.passes(100)
    assert clock() == machine.unix_ns
    machine.is_set(-2)
    for _ in range(200):
        machine.passes(1)
        clock()
    assert clock() == machine.unix_ns
