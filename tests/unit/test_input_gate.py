"""Which inputs are recorded: what the player allowed, focus and pauses."""

from __future__ import annotations

import pytest

from capture_node.inputs.events import Key, PadButton
from capture_node.inputs.hub import InputHub
from capture_node.recorder.input_gate import InputGate
from capture_node.recorder.settings import InputScope
from playloom.recording.input_stream import InputSnapshot


def recorded(hub: InputHub) -> tuple[bool, bool]:
    """Whether a pad's button and a key are recorded just now."""
    taken: list[InputSnapshot] = []
    hub.attach(lambda snapshot, events: taken.append(snapshot), 1)
    hub.handle([PadButton(monotonic_ns=2, pad=0, button=0, pressed=True)])
    hub.handle([Key(monotonic_ns=3, scancode=4, pressed=True)])
    hub.handle(
        [PadButton(monotonic_ns=4, pad=0, button=0, pressed=False), Key(monotonic_ns=5, scancode=4, pressed=False)]
    )
    hub.attach(None, 6)
    return any(snapshot.buttons for snapshot in taken), any(snapshot.keys for snapshot in taken)


@pytest.mark.parametrize(
    ("scope", "has_focus_watch", "focused", "expected"),
    [
        (InputScope.FOCUS, True, None, (False, False)),
        (InputScope.FOCUS, True, True, (True, True)),
        (InputScope.FOCUS, True, False, (False, False)),
        (InputScope.FOCUS, False, None, (True, False)),
        (InputScope.ALWAYS, True, False, (True, True)),
        (InputScope.PADS, True, False, (True, False)),
        (InputScope.PADS, False, None, (True, False)),
    ],
)
def test_scope_and_focus_decide(
    scope: InputScope, has_focus_watch: bool, focused: bool | None, expected: tuple[bool, bool]
) -> None:
    hub = InputHub()
    gate = InputGate(hub, scope, has_focus_watch=has_focus_watch)
    if focused is not None:
        gate.set_focused(focused, 1)
    assert recorded(hub) == expected
    assert gate.misses_focus == (scope is InputScope.FOCUS and focused is False)
    gate.set_paused(True, 10)
    assert recorded(hub) == (False, False)
    gate.set_paused(False, 20)
    assert recorded(hub) == expected


def test_without_a_way_to_know_focus_keys_stay_private() -> None:
    hub = InputHub()
    gate = InputGate(hub, InputScope.FOCUS, has_focus_watch=True)
    gate.lose_focus_watch()
    assert recorded(hub) == (True, False)
