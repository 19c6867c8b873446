"""What --action-delay-ms may be, and what `auto` finds in a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.errors import PlayloomError
from playloom.recording.session import Session
from playloom.recording.session_info import Clock, ClockKind, FrameCounts, SessionInfo
from workers.action_delay import SessionDelay, check_action_delay, delay_of, parse_action_delay


def session(**sync: float) -> Session:
    info = SessionInfo(
        session_id="a",
        source="screen",
        clock=Clock(kind=ClockKind.MONOTONIC, started_unix_ns=0, started_monotonic_ns=0),
        counts=FrameCounts(frames=2),
        sync=sync or None,
    )
    return Session(path=Path("a"), session_id="a", info=info)


@pytest.mark.parametrize(("text", "delay"), [("0", 0.0), ("41.5", 41.5), ("-8", -8.0), ("auto", "auto")])
def test_a_delay_is_a_number_of_milliseconds_or_auto(text: str, delay: object) -> None:
    assert parse_action_delay(text) == delay


def test_what_is_neither_is_refused_with_what_to_give() -> None:
    with pytest.raises(PlayloomError, match=r"--action-delay-ms 50ms is not known\. Give milliseconds, such as 50"):
        parse_action_delay("50ms")


@pytest.mark.parametrize("delay", [1000.5, -1001.0, float("nan"), float("inf")])
def test_a_delay_that_cannot_be_is_refused(delay: float) -> None:
    with pytest.raises(PlayloomError, match=r"is out of range\. Give -1000 to 1000"):
        check_action_delay(delay)


def test_a_number_holds_for_every_session_whatever_was_measured() -> None:
    assert delay_of(session(input_to_picture_ms_p50=70.0), 12.5) == SessionDelay(ms=12.5)
    assert SessionDelay(ms=12.5).ns == 12_500_000


def test_auto_takes_the_median_that_was_measured() -> None:
    measured = session(input_to_picture_ms_p50=41.2, input_to_picture_ms_p95=52.0, input_to_picture_presses=100)
    assert delay_of(measured, "auto") == SessionDelay(ms=41.2)


@pytest.mark.parametrize(
    "unmeasured", [session(), session(interval_ms_p99=17.0), Session(path=Path("a"), session_id="a", info=None)]
)
def test_auto_says_where_nothing_was_measured(unmeasured: Session) -> None:
    note = "no delay was measured where it was recorded; its actions are not delayed"
    assert delay_of(unmeasured, "auto") == SessionDelay(ms=0.0, note=note)


@pytest.mark.parametrize("figure", [-1.0, 5000.0, float("nan")])
def test_auto_does_not_follow_a_figure_that_cannot_be(figure: float) -> None:
    delay = delay_of(session(input_to_picture_ms_p50=figure), "auto")
    assert delay.ms == 0.0
    assert delay.note is not None
    assert "which cannot be" in delay.note
