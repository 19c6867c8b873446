from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from capture_node.hotkeys.hotkey import parse_hotkey
from capture_node.inputs.events import (
    InputEvent,
    Key,
    MouseButton,
    MouseMotion,
    MouseWheel,
    PadAdded,
    PadAxis,
    PadButton,
    PadRemoved,
)
from capture_node.inputs.hub import InputGroup, InputHub
from capture_node.inputs.input_source import PadDescription
from playloom.recording.input_stream import InputSnapshot

W, SPACE = 26, 44
REST = (0.0,) * 6


def listening(hub: InputHub | None = None, now_ns: int = 0) -> tuple[InputHub, list[InputSnapshot]]:
    hub = hub or InputHub(clock=lambda: 1_000_000)
    got: list[InputSnapshot] = []
    hub.attach(lambda snapshot, _: got.append(snapshot), now_ns)
    return hub, got


def press(t: int, button: int = 0, pad: int = 0) -> PadButton:
    return PadButton(monotonic_ns=t, pad=pad, button=button, pressed=True)


def release(t: int, button: int = 0, pad: int = 0) -> PadButton:
    return PadButton(monotonic_ns=t, pad=pad, button=button, pressed=False)


def push(t: int, value: float, axis: int = 0, pad: int = 0) -> PadAxis:
    return PadAxis(monotonic_ns=t, pad=pad, axis=axis, value=value)


def key(t: int, scancode: int = W, *, pressed: bool = True) -> Key:
    return Key(monotonic_ns=t, scancode=scancode, pressed=pressed)


def test_every_change_makes_one_snapshot_of_everything_held() -> None:
    hub, got = listening()
    hub.handle([press(10), push(20, -0.5), key(30), MouseButton(monotonic_ns=40, button=1, pressed=True), release(50)])
    assert got == [
        InputSnapshot(monotonic_ns=10, buttons=frozenset({0})),
        InputSnapshot(monotonic_ns=20, buttons=frozenset({0}), axes=(-0.5, 0, 0, 0, 0, 0)),
        InputSnapshot(monotonic_ns=30, buttons=frozenset({0}), axes=(-0.5, 0, 0, 0, 0, 0), keys=frozenset({W})),
        InputSnapshot(
            monotonic_ns=40,
            buttons=frozenset({0}),
            axes=(-0.5, 0, 0, 0, 0, 0),
            keys=frozenset({W}),
            mouse_buttons=frozenset({1}),
        ),
        InputSnapshot(monotonic_ns=50, axes=(-0.5, 0, 0, 0, 0, 0), keys=frozenset({W}), mouse_buttons=frozenset({1})),
    ]
    assert (hub.events, hub.last_event_ns) == (5, 50)


def test_motion_and_wheel_stand_in_their_own_snapshot_and_not_in_the_next() -> None:
    hub, got = listening()
    hub.handle([MouseMotion(monotonic_ns=1, dx=3, dy=-4), MouseWheel(monotonic_ns=2, dx=0, dy=1), key(3)])
    assert [(one.mouse_motion, one.wheel) for one in got] == [((3, -4), (0, 0)), ((0, 0), (0, 1)), ((0, 0), (0, 0))]


def test_what_changes_nothing_makes_no_snapshot() -> None:
    hub, got = listening()
    hub.handle([press(1), press(2), push(3, 0.0), release(4, button=9), key(5, pressed=False)])
    assert [one.monotonic_ns for one in got] == [1]
    assert hub.last_event_ns == 5


def test_a_recording_begins_with_what_is_held_already() -> None:
    hub = InputHub()
    hub.handle([press(1, pad=0), push(2, 1.0, pad=1), key(3), release(4, pad=0)])
    _, got = listening(hub, 100)
    assert got == [
        InputSnapshot(monotonic_ns=100, keys=frozenset({W}), pad=0),
        InputSnapshot(monotonic_ns=100, axes=(1.0, 0, 0, 0, 0, 0), keys=frozenset({W}), pad=1),
    ]


def test_a_recording_with_nothing_held_begins_with_no_snapshot() -> None:
    hub = InputHub()
    hub.handle([press(1), release(2)])
    assert listening(hub, 100)[1] == []


def test_a_detached_sink_gets_nothing_more() -> None:
    hub, got = listening()
    hub.attach(None, 5)
    hub.handle([press(10)])
    assert (got, hub.events) == ([], 0)


def test_losing_focus_releases_everything_and_its_return_shows_what_is_held_by_then() -> None:
    hub, got = listening()
    hub.handle([press(1), key(2)])
    hub.set_open("pads", False, 3)
    hub.set_open("keyboard_mouse", False, 4)
    hub.handle([release(5), push(6, 0.25), key(7, SPACE), MouseMotion(monotonic_ns=8, dx=9, dy=9)])
    hub.set_open("pads", True, 10)
    hub.set_open("keyboard_mouse", True, 11)
    assert got[2:] == [
        InputSnapshot(monotonic_ns=3, keys=frozenset({W})),
        InputSnapshot(monotonic_ns=4),
        InputSnapshot(monotonic_ns=10, axes=(0.25, 0, 0, 0, 0, 0)),
        InputSnapshot(monotonic_ns=11, axes=(0.25, 0, 0, 0, 0, 0), keys=frozenset({W, SPACE})),
    ]
    assert hub.events == 2


def test_closing_what_is_closed_or_holds_nothing_says_nothing() -> None:
    hub, got = listening()
    hub.set_open("pads", False, 1)
    hub.set_open("pads", False, 2)
    hub.set_open("pads", True, 3)
    assert got == []


def test_pads_are_apart_and_each_snapshot_is_of_one() -> None:
    _, got = (pair := listening())
    pair[0].handle([press(1, pad=0), press(2, button=3, pad=1), key(3), release(4, pad=0), key(5, SPACE)])
    assert [(one.pad, sorted(one.buttons), sorted(one.keys)) for one in got] == [
        (0, [0], []),
        (1, [3], []),
        (1, [3], [W]),
        (0, [], [W]),
        (0, [], [W, SPACE]),
    ]


def test_keys_before_any_pad_is_used_are_of_the_first_pad_plugged_in() -> None:
    hub, got = listening()
    hub.handle([key(1), PadAdded(monotonic_ns=2, pad=2, name="Pad", guid="03"), key(3, SPACE)])
    assert [one.pad for one in got] == [0, 2]


def test_a_pad_that_is_unplugged_lets_go_of_everything() -> None:
    hub, got = listening()
    hub.handle([PadAdded(monotonic_ns=1, pad=0, name="Pad", guid="03"), press(2), push(3, 1.0)])
    assert hub.pads == (PadDescription(pad=0, name="Pad", guid="03"),)
    hub.handle([PadRemoved(monotonic_ns=4, pad=0), PadRemoved(monotonic_ns=5, pad=0)])
    assert got[-1] == InputSnapshot(monotonic_ns=4)
    assert (len(got), hub.pads) == (3, ())


def test_the_delay_is_from_the_event_to_the_sinks_return() -> None:
    hub, _ = listening(InputHub(clock=lambda: 5_000_000))
    assert hub.delay_ms is None
    hub.handle([key(4_000_000), MouseMotion(monotonic_ns=2_000_000, dx=1, dy=0), release(1)])
    assert hub.delay_ms == 2.0


def test_the_sink_is_told_what_events_made_and_what_the_hub_made() -> None:
    hub = InputHub()
    hub.handle([press(1)])
    counts: list[int] = []
    hub.attach(lambda _, events: counts.append(events), 2)
    hub.handle([release(3), press(4)])
    hub.set_open("pads", False, 5)
    assert counts == [0, 1, 1, 0]


def test_sources_on_several_threads_lose_nothing() -> None:
    hub, got = listening()

    def play(pad: int) -> None:
        for t in range(500):
            hub.handle([press(t, pad=pad) if t % 2 == 0 else release(t, pad=pad)])

    threads = [threading.Thread(target=play, args=(pad,)) for pad in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hub.events == len(got) == 1500
    for pad in range(3):
        assert [one.monotonic_ns for one in got if one.pad == pad] == list(range(500))


controls = st.one_of(
    st.builds(
        PadButton, monotonic_ns=st.just(0), pad=st.integers(0, 1), button=st.integers(0, 2), pressed=st.booleans()
    ),
    st.builds(
        PadAxis,
        monotonic_ns=st.just(0),
        pad=st.integers(0, 1),
        axis=st.integers(0, 5),
        value=st.sampled_from([-1.0, 0.0, 0.5]),
    ),
    st.builds(Key, monotonic_ns=st.just(0), scancode=st.integers(4, 6), pressed=st.booleans()),
    st.builds(MouseButton, monotonic_ns=st.just(0), button=st.integers(1, 2), pressed=st.booleans()),
    st.builds(MouseMotion, monotonic_ns=st.just(0), dx=st.integers(-3, 3), dy=st.integers(-3, 3)),
    st.builds(MouseWheel, monotonic_ns=st.just(0), dx=st.just(0), dy=st.integers(-1, 1)),
    st.builds(PadRemoved, monotonic_ns=st.just(0), pad=st.integers(0, 1)),
)
steps = st.one_of(
    controls,
    st.tuples(st.sampled_from(["pads", "keyboard_mouse"]), st.booleans()),
    st.just("attach"),
)


@given(st.lists(steps, max_size=40))
def test_the_last_snapshots_always_tell_what_is_held_and_open(
    steps: list[InputEvent | tuple[InputGroup, bool] | str],
) -> None:
    hub = InputHub()
    axes: dict[tuple[int, int], float] = {}
    buttons: set[tuple[int, int]] = set()
    keys: set[int] = set()
    mouse: set[int] = set()
    is_open = {"pads": True, "keyboard_mouse": True}
    moved = [0.0, 0.0, 0.0]
    got: list[InputSnapshot] = []
    hub.attach(lambda snapshot, _: got.append(snapshot), 0)

    for step in steps:
        if step == "attach":
            got.clear()
            moved = [0.0, 0.0, 0.0]
            hub.attach(lambda snapshot, _: got.append(snapshot), 0)
        elif isinstance(step, tuple):
            is_open[step[0]] = step[1]
            hub.set_open(step[0], step[1], 0)
        elif not isinstance(step, str):
            hub.handle([step])
        match step:
            case PadButton():
                (buttons.add if step.pressed else buttons.discard)((step.pad, step.button))
            case PadAxis():
                axes[step.pad, step.axis] = step.value
            case PadRemoved():
                buttons = {(pad, button) for pad, button in buttons if pad != step.pad}
                axes = {place: value for place, value in axes.items() if place[0] != step.pad}
            case Key():
                (keys.add if step.pressed else keys.discard)(step.scancode)
            case MouseButton():
                (mouse.add if step.pressed else mouse.discard)(step.button)
            case MouseMotion() if is_open["keyboard_mouse"]:
                moved[0] += step.dx
                moved[1] += step.dy
            case MouseWheel() if is_open["keyboard_mouse"]:
                moved[2] += step.dy
            case _:
                pass

        last = got[-1] if got else InputSnapshot(monotonic_ns=0)
        assert last.keys == (keys if is_open["keyboard_mouse"] else set())
        assert last.mouse_buttons == (mouse if is_open["keyboard_mouse"] else set())
        for pad in (0, 1):
            of_pad = next((one for one in reversed(got) if one.pad == pad), InputSnapshot(monotonic_ns=0))
            held = {button for number, button in buttons if number == pad} if is_open["pads"] else set()
            pushed = tuple(axes.get((pad, axis), 0.0) if is_open["pads"] else 0.0 for axis in range(6))
            assert (of_pad.buttons, of_pad.axes) == (held, pushed)
        assert moved == [
            sum(one.mouse_motion[0] for one in got),
            sum(one.mouse_motion[1] for one in got),
            sum(one.wheel[1] for one in got),
        ]


CTRL, SHIFT, RIGHT_SHIFT, F9 = 224, 225, 229, 66


def keys_recorded(*changes: int, hotkeys: tuple[str, ...] = ("ctrl+shift+f9",)) -> list[set[int]]:
    """What stands in the snapshots while keys are pressed, and released where a change is negative."""
    hub, got = listening(InputHub([parse_hotkey(text) for text in hotkeys]))
    for t, change in enumerate(changes):
        hub.handle([key(t, abs(change), pressed=change > 0)])
    return [set(snapshot.keys) for snapshot in got]


def test_a_hotkeys_last_key_is_not_recorded_and_its_modifiers_end_with_it() -> None:
    assert keys_recorded(W, CTRL, SHIFT, F9, -F9, -SHIFT, -CTRL, -W) == [{W}, {W, CTRL}, {W, CTRL, SHIFT}, {W}, set()]
    # Modifiers that stay held are the game's again once they are pressed anew.
    assert keys_recorded(CTRL, RIGHT_SHIFT, F9, -F9, W, -CTRL, CTRL)[2:] == [set(), {W}, {W, CTRL}]


def test_keys_that_are_no_hotkey_together_are_recorded() -> None:
    assert keys_recorded(F9, -F9, CTRL, F9, -CTRL) == [{F9}, set(), {CTRL}, {CTRL, F9}, {F9}]
    assert keys_recorded(CTRL, SHIFT, F9, hotkeys=()) == [{CTRL}, {CTRL, SHIFT}, {CTRL, SHIFT, F9}]


def test_a_hotkey_of_one_key_leaves_nothing_behind() -> None:
    assert keys_recorded(F9, -F9, W, hotkeys=("f9",)) == [{W}]


def test_a_hotkey_that_is_held_when_the_recording_begins_is_not_in_its_first_snapshot() -> None:
    hub = InputHub([parse_hotkey("ctrl+shift+f9")])
    hub.handle([key(1, CTRL), key(2, SHIFT), key(3, F9)])
    assert listening(hub, 4)[1] == []
    hub.handle([key(5, W)])
    assert listening(hub, 6)[1][0].keys == {W}
