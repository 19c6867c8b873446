"""Nothing is pressed while the player looks elsewhere than at the game."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from capture_node.inputs.input_source import FocusWatch
from playloom.play.kill_switch import GuardedSink, KillSwitch

UNFOCUSED = "the game's window has not the focus"


@contextmanager
def played_in_focus(watch: FocusWatch | None, guard: GuardedSink, switch: KillSwitch) -> Iterator[Event]:
    """An event that is set while the game has the player's attention.

    When it is lost everything is let go at once. The switch is off meanwhile, so that a step that was under way presses
    nothing elsewhere.

    Args:
        watch: who knows; None: it has it always.
    """
    focused = Event()
    if watch is None:
        focused.set()
        yield focused
        return

    def changed(is_focused: bool, at_ns: int) -> None:
        del at_ns
        if is_focused:
            focused.set()
            switch.rearm(UNFOCUSED)
        else:
            focused.clear()
            switch.kill(UNFOCUSED)
            guard.let_go()

    switch.kill(UNFOCUSED)
    try:
        watch.start(changed)
        try:
            yield focused
        finally:
            watch.stop()
    finally:
        switch.rearm(UNFOCUSED)
