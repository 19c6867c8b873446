from __future__ import annotations

from collections.abc import Callable

from capture_node.play.focus import UNFOCUSED, played_in_focus
from playloom.environments.held import HeldControls
from playloom.play.kill_switch import NOTHING, GuardedSink, KillSwitch

AGENT = HeldControls(keys=frozenset({4}))


class Watch:
    """A `FocusWatch` that a test moves."""

    def start(self, sink: Callable[[bool, int], None]) -> None:
        self.tell = sink
        sink(True, 0)

    def stop(self) -> None:
        pass


class Sink:
    def __init__(self) -> None:
        self.told: list[HeldControls] = []

    def hold(self, held: HeldControls) -> None:
        self.told.append(held)

    def close(self) -> None:
        pass


def test_a_step_that_is_under_way_when_somebody_looks_elsewhere_presses_nothing_there() -> None:
    switch, watch = KillSwitch(), Watch()
    with GuardedSink(sink := Sink(), switch) as guard, played_in_focus(watch, guard, switch) as focused:
        assert guard.hold(AGENT)
        assert focused.is_set()
        watch.tell(False, 1)  # the loop has asked whether the game has the focus, and goes on to press
        told = len(sink.told)
        assert not guard.hold(AGENT)
        assert not focused.is_set()
        assert set(sink.told[told - 1 :]) == {NOTHING}
        switch.kill("the kill key")
        watch.tell(True, 2)
        assert switch.reasons == ("the kill key",)
    assert UNFOCUSED not in switch.reasons


def test_what_is_no_window_always_has_the_focus() -> None:
    switch = KillSwitch()
    with GuardedSink(Sink(), switch) as guard, played_in_focus(None, guard, switch) as focused:
        assert focused.is_set()
        assert guard.hold(AGENT)
