from __future__ import annotations

from capture_node.recorder.tick_grid import TickGrid

SECOND_NS = 1_000_000_000


def test_ticks_do_not_drift() -> None:
    grid = TickGrid(60, 5)
    due = []
    for _ in range(121):
        due.append(grid.due_ns)
        grid.advance()
    assert due[:4] == [5, 16_666_671, 33_333_338, 50_000_005]
    assert (due[60], due[120]) == (SECOND_NS + 5, 2 * SECOND_NS + 5)


def test_a_tick_is_late_once_the_next_one_is_due() -> None:
    grid = TickGrid(10, 0)
    assert (grid.is_late(0), grid.is_late(100_000_000), grid.is_late(100_000_001)) == (False, False, True)


def test_ticks_missed_by_little_are_caught_up_with_and_old_ones_are_dropped() -> None:
    grid = TickGrid(60, 0)
    assert grid.drop_missed(100_000_000) == 0
    assert grid.due_ns == 0
    assert grid.drop_missed(SECOND_NS) == 60
    assert grid.due_ns == SECOND_NS
    assert grid.drop_missed(SECOND_NS) == 0


def test_a_grid_that_is_moved_keeps_its_period_and_counts_no_tick_as_missed_for_that() -> None:
    grid = TickGrid(60, 0)
    grid.shift_ns = 5_000_000
    due = []
    for _ in range(3):
        due.append(grid.due_ns)
        grid.advance()
    assert due == [5_000_000, 21_666_666, 38_333_333]
    grid.shift_ns = -5_000_000
    assert grid.due_ns == 45_000_000
    assert grid.drop_missed(45_000_000) == 0
