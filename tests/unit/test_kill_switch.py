from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from playloom.environments.held import HeldControls
from playloom.errors import CaptureError
from playloom.play.kill_switch import NOTHING, GuardedSink, KillSwitch, SwitchNews, patience_at

AGENT = HeldControls(buttons=frozenset({0, 3}))
PLAYER = HeldControls(buttons=frozenset({5}))


class Sink:
    """Keeps everything it was told, and does something of the test's in the middle of holding."""

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.told: list[HeldControls] = []
        self.closed = False
        self._during = during

    def hold(self, held: HeldControls) -> None:
        assert not self.closed
        if held == AGENT:
            self._during()
        self.told.append(held)

    def close(self) -> None:
        self.closed = True


def test_while_the_switch_is_armed_the_agents_wish_passes() -> None:
    with GuardedSink(sink := Sink(), KillSwitch()) as guard:
        assert guard.hold(AGENT, PLAYER)
        assert guard.held == AGENT
    assert sink.told == [AGENT, NOTHING]
    assert sink.closed


def test_throwing_the_switch_lets_go_before_it_returns_and_leaves_the_player_what_is_his() -> None:
    switch = KillSwitch()
    with GuardedSink(sink := Sink(), switch) as guard:
        guard.hold(AGENT, PLAYER)
        switch.kill("a key")
        assert sink.told[-1] == PLAYER
        assert switch.reason == "a key"
        assert not guard.hold(AGENT)
        assert AGENT not in sink.told[1:]
        assert sink.told[-1] == NOTHING


def test_nothing_passes_until_somebody_arms_it_again() -> None:
    switch = KillSwitch()
    with GuardedSink(sink := Sink(), switch) as guard:
        switch.kill("a key")
        for _ in range(3):
            guard.hold(AGENT)
        assert set(sink.told) == {NOTHING}
        assert not switch.rearm("a file")
        assert switch.rearm()
        assert guard.hold(AGENT)
        assert sink.told[-1] == AGENT


def test_who_arms_it_takes_back_one_reason_and_the_others_keep_it_off() -> None:
    switch = KillSwitch()
    switch.kill("a file")
    switch.kill("a key")
    switch.kill("Ctrl-C")
    assert switch.reason == "a file"
    assert not switch.rearm("a file")
    assert not switch.rearm("a key")
    assert (switch.is_off, switch.reasons) == (True, ("Ctrl-C",))
    assert switch.rearm("Ctrl-C")
    assert not switch.is_off


def test_a_sink_that_fails_does_not_stop_who_throws_the_switch_and_is_told_to_let_go_again() -> None:
    class Stuck(Sink):
        failures = 2

        def hold(self, held: HeldControls) -> None:
            if held == NOTHING and self.failures:
                self.failures -= 1
                raise CaptureError("The pad", "is stuck")
            super().hold(held)

    switch = KillSwitch()
    thrown: list[str] = []
    with GuardedSink(sink := Stuck(), switch, patience_s=0.04) as guard:
        switch.tell(lambda: thrown.append("the next one"))
        guard.hold(AGENT)
        switch.kill("a key")
        assert thrown == ["the next one"]
        wait_until(lambda: sink.told[-1] == NOTHING)


def test_what_is_held_and_by_whom_is_noted_at_each_change_also_when_the_loop_stands_still() -> None:
    noted: list[tuple[HeldControls, set[str]]] = []
    with GuardedSink(
        Sink(), KillSwitch(), patience_s=0.04, noted=lambda held, acting: noted.append((held, set(acting)))
    ) as guard:
        guard.hold(AGENT, PLAYER, frozenset({"jump"}))
        guard.hold(AGENT, PLAYER, frozenset({"jump"}))
        wait_until(lambda: len(noted) == 2)
    assert noted == [(AGENT, {"jump"}), (NOTHING, set())]


def test_what_a_switch_lets_go_of_is_noted_though_the_loop_does_not_come_round() -> None:
    switch = KillSwitch()
    noted: list[tuple[HeldControls, set[str]]] = []
    with GuardedSink(
        Sink(), switch, patience_s=0.04, noted=lambda held, acting: noted.append((held, set(acting)))
    ) as guard:
        guard.hold(AGENT, PLAYER, frozenset({"jump"}))
        switch.kill("a key")
        wait_until(lambda: (NOTHING, set()) in noted)
    assert set(map(bool, (acting for _, acting in noted[1:]))) == {False}


def test_a_player_who_plays_on_is_told_of_the_switch_once() -> None:
    said: list[str] = []
    switch = KillSwitch()
    news = SwitchNews(switch, said.append)
    assert news.look() is None
    switch.kill("a key")
    assert (news.look(), news.look()) == ("a key", "a key")
    switch.rearm()
    assert news.look() is None
    assert said == ["The agent is off: a key", "The agent may play again"]


def test_a_switch_that_is_thrown_while_the_sink_is_holding_wins() -> None:
    switch = KillSwitch()
    with GuardedSink(sink := Sink(lambda: switch.kill("in the middle")), switch) as guard:
        assert not guard.hold(AGENT, PLAYER)
        assert sink.told[-1] == PLAYER


def test_a_signal_in_the_middle_of_holding_wins_and_waits_for_nobody() -> None:
    switch = KillSwitch()
    before = signal.signal(signal.SIGUSR1, lambda *_: switch.kill("a signal"))
    try:
        with GuardedSink(sink := Sink(lambda: signal.raise_signal(signal.SIGUSR1)), switch) as guard:
            assert not guard.hold(AGENT)
            assert sink.told[-1] == NOTHING
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_whoever_floods_the_sink_from_many_threads_cannot_hold_anything_after_the_kill() -> None:
    switch, stop = KillSwitch(), threading.Event()
    sink = Sink()

    def flood() -> None:
        while not stop.is_set():
            guard.hold(AGENT)

    with GuardedSink(sink, switch) as guard:
        threads = [threading.Thread(target=flood) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        switch.kill("a key")
        killed_at = len(sink.told)
        time.sleep(0.05)
        stop.set()
        for thread in threads:
            thread.join()
        # One that was under way may be the first; it is followed by letting go, as all others are nothing.
        assert set(sink.told[killed_at + 1 :]) <= {NOTHING}
        assert guard.held == NOTHING
    assert AGENT in sink.told[:killed_at]


def test_a_loop_that_no_longer_comes_round_holds_nothing() -> None:
    with GuardedSink(sink := Sink(), KillSwitch(), patience_s=0.04) as guard:
        guard.hold(AGENT, PLAYER)
        wait_until(lambda: guard.held == NOTHING)
        assert sink.told[-1] == NOTHING
        assert guard.stalls == 1
        assert guard.hold(AGENT)


def test_a_slow_game_is_waited_for_longer() -> None:
    assert (patience_at(60), patience_at(5)) == (0.25, 0.8)


def test_closing_twice_is_no_fault_and_a_kill_after_it_does_nothing() -> None:
    switch = KillSwitch()
    guard = GuardedSink(sink := Sink(), switch)
    guard.close()
    guard.close()
    switch.kill("late")
    assert sink.told == [NOTHING]


def test_a_sink_that_fails_while_it_lets_go_is_closed_all_the_same() -> None:
    class Broken(Sink):
        def hold(self, held: HeldControls) -> None:
            raise OSError("unplugged")

    guard = GuardedSink(sink := Broken(), KillSwitch())
    with pytest.raises(OSError, match="unplugged"):
        guard.close()
    assert sink.closed


def test_a_closed_guard_holds_nothing_any_more() -> None:
    guard = GuardedSink(sink := Sink(), KillSwitch())
    guard.close()
    assert not guard.hold(AGENT)
    assert sink.told == [NOTHING]


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.005)
