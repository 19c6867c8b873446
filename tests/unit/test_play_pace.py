from __future__ import annotations

import time

import pytest

from capture_node.play.pace import Pace


def test_a_beat_that_fell_far_behind_leaves_ticks_out_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda rest_s: now.__setitem__(0, now[0] + rest_s))
    pace = Pace(10)
    assert [pace.wait(), pace.wait()] == [0, 0]
    now[0] += 0.25
    assert [pace.wait(), pace.wait(), pace.wait()] == [0, 0, 0]  # a little late: it catches up
    assert pace.late == 1
    now[0] = 102.05
    assert pace.wait() == 15
    assert pace.late == 2
    assert pace.wait() == 0
    assert now[0] == pytest.approx(102.1)


def test_without_a_beat_nobody_waits() -> None:
    assert Pace(None).wait() == 0
