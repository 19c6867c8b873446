"""How often and how much at once one caller may ask."""

from __future__ import annotations

import pytest

from coordinator.errors import LimitError
from coordinator.players.scopes import Caller, Scope
from coordinator.rpc import limits as module
from coordinator.rpc.limits import Limits, Rate
from coordinator.settings import CallLimits


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def taken(rate: Rate, caller: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            rate.take(caller)
        except LimitError:
            continue
        count += 1
    return count


def test_a_burst_comes_at_once_and_then_so_many_a_second() -> None:
    clock = Clock()
    rate = Rate(2.0, 5, clock)
    assert taken(rate, "ada", 10) == 5
    assert taken(rate, "bob", 10) == 5
    clock.now_s += 1.5
    assert taken(rate, "ada", 10) == 3
    clock.now_s += 1000
    assert taken(rate, "ada", 10) == 5


def test_many_callers_do_not_fill_the_memory_and_busy_ones_stay_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BUCKETS", 100)
    clock = Clock()
    rate = Rate(1.0, 5, clock)
    for number in range(99):
        rate.take(f"old {number}")
    clock.now_s += 60
    assert taken(rate, "busy", 10) == 5
    rate.take("one more")  # the old ones are forgotten, the busy one is not
    assert taken(rate, "busy", 10) == 0
    assert len(rate._buckets) == 2


def test_calls_that_run_are_counted_until_they_end() -> None:
    limits = Limits(CallLimits(running_calls=2), Clock())
    ada = Caller(player_id="p", player_name="ada", scopes=frozenset({Scope.PLAYER}), token_id="t", node_id=None)
    too_many = pytest.raises(LimitError, match="2 calls of this token are being answered already")
    with limits.counted(ada), limits.counted(ada), too_many, limits.counted(ada):
        pass
    with limits.counted(ada), limits.counted(ada):
        pass
    assert not limits._running
