from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from capture_node.recorder.quiet_phase import QuietPhase

TICK_NS = 16_000_000
"""A guard of 4 ms, a calm place from 5 ms on, 50 µs a tick, up to 8 ms away."""


def shifts_ms(rate_hz: float, *, first_ms: float, ticks: int, jitter_ms: float = 0.0) -> list[float]:
    """Where the grid is moved to, tick by tick, while a window is drawn at a rate, the first time so long after the
    first tick."""
    phase, shifts = QuietPhase(TICK_NS), list[float]()
    drawings = drawing_times_ns(1e9 / rate_hz, first_ms * 1e6, jitter_ms * 1e6)
    drawn_ns = next(drawings)
    for number in range(ticks):
        due_ns = number * TICK_NS + phase.shift_ns
        # The server reports the first of what was drawn since it was asked.
        reported_ns = None
        while drawn_ns <= due_ns:
            reported_ns = reported_ns or drawn_ns
            drawn_ns = next(drawings)
        shifts.append(phase.move(None if reported_ns is None else round(reported_ns - due_ns)) / 1e6)
    return shifts


def drawing_times_ns(period_ns: float, first_ns: float, jitter_ns: float) -> Iterator[float]:
    number = 0
    while True:
        yield first_ns + number * period_ns + jitter_ns * (number * 7 % 11) / 11
        number += 1


def test_a_window_drawn_just_after_the_tick_makes_the_grid_earlier_until_it_is_well_away() -> None:
    shifts = shifts_ms(62.5, first_ms=0.5, ticks=3000)
    assert shifts[:9] == [0.0] * 9
    assert (min(shifts), shifts[-1]) == (-4.5, -4.5)


def test_a_window_drawn_just_before_the_tick_makes_the_grid_later() -> None:
    shifts = shifts_ms(62.5, first_ms=-0.5, ticks=3000)
    assert (max(shifts), shifts[-1]) == (4.5, 4.5)


def test_a_window_drawn_far_from_the_tick_moves_nothing() -> None:
    for first_ms in (4.5, 8.0, 11.5):
        assert set(shifts_ms(62.5, first_ms=first_ms, ticks=3000)) == {0.0}


def test_a_window_drawn_at_half_the_rate_is_evaded_too() -> None:
    assert shifts_ms(31.25, first_ms=0.5, ticks=3000)[-1] == -4.5


def test_a_window_drawn_unevenly_by_a_millisecond_is_evaded_too() -> None:
    assert 3 < shifts_ms(62.5, first_ms=-1.5, ticks=3000, jitter_ms=1.0)[-1] < 5


def test_windows_of_other_rates_move_nothing() -> None:
    for rate_hz in (25, 37, 47, 50, 75, 90, 144):
        assert set(shifts_ms(rate_hz, first_ms=0.5, ticks=3000)) == {0.0}, rate_hz


def test_a_still_window_moves_nothing() -> None:
    phase = QuietPhase(TICK_NS)
    assert {phase.move(None) for _ in range(1000)} == {0}


def test_a_window_that_is_drawn_as_fast_as_it_can_be_is_left_alone_after_a_short_trial() -> None:
    shifts = shifts_ms(1000, first_ms=0.2, ticks=3000)
    assert min(shifts) > -4
    assert len(set(shifts[100:])) == 1


def test_a_window_that_drifts_is_evaded_up_to_the_bound_and_then_passed() -> None:
    shifts = shifts_ms(62.5 * 0.999, first_ms=0.5, ticks=6000)
    assert max(shifts) == 8.0
    turns = [number for number, (before, after) in enumerate(pairwise(shifts)) if before == 8.0 > after]
    # The window's period is 16 µs longer: it passes the grid every 1,000 ticks.
    assert len(turns) == 5
    assert all(900 < after - before < 1100 for before, after in pairwise(turns))


def test_what_was_seen_is_forgotten_when_nothing_is_drawn_any_more() -> None:
    phase = QuietPhase(TICK_NS)
    for _ in range(30):
        phase.move(-phase.shift_ns)
    moved_ns = phase.shift_ns
    assert moved_ns == -950_000
    after = [phase.move(None) for _ in range(1000)]
    assert after[0] == moved_ns - 50_000
    assert after[-1] == after[50] > -4_000_000


@given(st.lists(st.none() | st.integers(-2 * TICK_NS, TICK_NS), min_size=1, max_size=8))
def test_the_grid_never_moves_faster_or_farther_than_it_may(drawn: list[int | None]) -> None:
    phase = QuietPhase(TICK_NS)
    shifts = [0, *(phase.move(one) for _ in range(400 // len(drawn)) for one in drawn)]
    assert (phase.slew_ns, phase.bound_ns) == (50_000, 8_000_000)
    assert max(abs(after - before) for before, after in pairwise(shifts)) <= 50_000
    assert max(map(abs, shifts)) <= 8_000_000
