"""Frames take the right snapshots: literal cases, and everything against a slow and obvious way of doing it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playloom.actions.align import CONTROLLER_NAMES, KEYBOARD_NAMES, MOUSE_NAMES, AlignedInputs, align_inputs
from playloom.actions.encode import Inputs, encode_actions
from playloom.actions.layout import layout_of
from playloom.bindings import (
    AxisBinding,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition
from playloom.mapping_profile import MappingProfile
from playloom.recording.input_table import InputTable

KINDS = {
    "move": ActionKind.VECTOR2,
    "jump": ActionKind.DIGITAL,
    "crouch": ActionKind.DIGITAL,
    "aim": ActionKind.ANALOG,
    "charge": ActionKind.TRIGGER,
    "look": ActionKind.VECTOR2,
    "next": ActionKind.DIGITAL,
    "unmapped": ActionKind.DIGITAL,
}
GAME = GameDefinition(
    game_id="g",
    display_name="G",
    classes=(ActionClass(id="c", actions=tuple(ActionDefinition(id=name, kind=kind) for name, kind in KINDS.items())),),
)
LAYOUT = layout_of(GAME, ["c"])
SOUTH = ButtonBinding(control="south")
PROFILE = MappingProfile(
    game_id="g",
    class_ids=("c",),
    profile_name="p",
    bindings={
        "move": (StickBinding(control="left_stick"),),
        "jump": (SOUTH, KeyBinding(control="space")),
        "crouch": (ComboBinding(controls=(SOUTH, ButtonBinding(control="east"))),),
        "aim": (AxisBinding(control="rightx"), MouseMotionBinding(control="x")),
        "charge": (TriggerBinding(control="left_trigger"),),
        "look": (MouseMotionBinding(control="xy", scale=0.5),),
        "next": (MouseWheelBinding(control="y", direction="positive"),),
    },
)
JUMP = LAYOUT.names.index("jump")


def table(*rows: dict[str, Any]) -> InputTable:
    """Snapshots: `t` the time, `axes` by id, `buttons` and `keys` held, `motion` (dx, dy), `wheel`, `pad`."""
    result = InputTable.zeros(len(rows))
    for place, row in enumerate(rows):
        result.monotonic_ns[place] = row["t"]
        for axis, value in row.get("axes", {}).items():
            result.axes[place, axis] = value
        for button in row.get("buttons", ()):
            result.buttons[place] |= np.uint32(1 << button)
        for key in row.get("keys", ()):
            result.keys[place, key // 64] |= np.uint64(1 << key % 64)
        for button in row.get("mouse_buttons", ()):
            result.mouse_buttons[place] |= np.uint32(1 << button)
        result.mouse_motion[place] = row.get("motion", (0, 0))
        result.wheel[place] = row.get("wheel", (0, 0))
        result.pad[place] = row.get("pad", 0)
    return result


def align(blocks: list[InputTable], frames: list[int], **options: Any) -> AlignedInputs:
    return align_inputs(blocks, np.array(frames, np.int64), LAYOUT, PROFILE, **options)


def jumps(blocks: list[InputTable], frames: list[int], **options: Any) -> list[float]:
    return align(blocks, frames, **options).action[:, JUMP].tolist()


PRESS, RELEASE = {"buttons": [0]}, {}


def test_a_frame_takes_the_latest_snapshot_at_or_before_it_and_zeros_before_the_first() -> None:
    blocks = [table({"t": 100} | PRESS, {"t": 200} | RELEASE)]
    assert jumps(blocks, [99, 100, 101, 199, 200, 300]) == [0, 1, 1, 1, 0, 0]


def test_of_two_snapshots_at_one_instant_the_later_record_wins_also_across_blocks() -> None:
    rows = table({"t": 100} | PRESS, {"t": 100} | RELEASE, {"t": 200} | RELEASE, {"t": 200} | PRESS)
    assert jumps([rows], [100, 200]) == [0, 1]
    assert jumps([rows[:1], rows[1:3], rows[3:]], [100, 200]) == [0, 1]


def test_no_snapshots_at_all_give_zeros_and_no_first_input() -> None:
    aligned = align([], [0, 1])
    assert aligned.first_input_ns is None
    assert not aligned.action.any()
    assert not aligned.controller.any()
    assert align([InputTable.zeros(0)], [0]).first_input_ns is None


def test_no_frames_at_all_give_empty_arrays() -> None:
    aligned = align([table({"t": 5})], [], short_taps=True, with_keyboard=True, with_mouse=True)
    assert aligned.action.shape == (0, LAYOUT.width)
    assert aligned.controller.shape == (0, 27)
    assert aligned.first_input_ns == 5


def test_the_first_input_is_the_first_snapshot_whatever_it_holds() -> None:
    assert align([table({"t": 7, "pad": 1}, {"t": 9} | PRESS)], [0]).first_input_ns == 7


def test_frames_out_of_order_get_their_own_rows() -> None:
    blocks = [table({"t": 100} | PRESS, {"t": 200} | RELEASE)]
    assert jumps(blocks, [250, 100, 50, 150]) == [0, 1, 0, 1]


def test_a_tap_between_two_frames_shows_only_when_asked_for() -> None:
    blocks = [table({"t": 110} | PRESS, {"t": 120} | RELEASE)]
    assert jumps(blocks, [100, 200, 300]) == [0, 0, 0]
    assert jumps(blocks, [100, 200, 300], short_taps=True) == [0, 1, 0]


def test_a_release_at_the_frames_own_time_is_not_held_and_the_press_before_it_is_a_tap() -> None:
    blocks = [table({"t": 150} | PRESS, {"t": 200} | RELEASE)]
    assert jumps(blocks, [100, 200, 300]) == [0, 0, 0]
    assert jumps(blocks, [100, 200, 300], short_taps=True) == [0, 1, 0]


def test_a_hold_that_ends_after_a_frame_does_not_count_for_the_next() -> None:
    blocks = [table({"t": 100} | PRESS, {"t": 110} | RELEASE)]
    assert jumps(blocks, [100, 200], short_taps=True) == [1, 0]


def test_a_tap_of_a_combo_needs_its_parts_at_one_moment() -> None:
    crouch = LAYOUT.names.index("crouch")
    together = [table({"t": 110, "buttons": [0, 1]}, {"t": 120})]
    apart = [table({"t": 110, "buttons": [0]}, {"t": 115, "buttons": [1]}, {"t": 120})]
    assert align(together, [100, 200], short_taps=True).action[:, crouch].tolist() == [0, 1]
    assert align(apart, [100, 200], short_taps=True).action[:, crouch].tolist() == [0, 0]


def test_motion_is_summed_since_the_previous_frame() -> None:
    blocks = [
        table({"t": 100, "motion": (1, 0)}, {"t": 101, "motion": (2, -1)}),
        table(
            {"t": 200, "motion": (4, 0), "wheel": (0, 1)}, {"t": 201, "motion": (8, 0)}, {"t": 400, "motion": (16, 0)}
        ),
    ]
    aligned = align(blocks, [100, 200, 300], with_mouse=True)
    assert aligned.mouse is not None
    assert aligned.mouse[:, :4].tolist() == [[1, 0, 0, 0], [6, -1, 0, 1], [8, 0, 0, 0]]
    look = LAYOUT.names.index("look.x")
    assert aligned.action[:, look : look + 2].tolist() == [[0.5, 0], [3, -0.5], [4, 0]]
    assert aligned.action[:, LAYOUT.names.index("next")].tolist() == [0, 1, 0]


def test_motion_of_the_first_frame_counts_as_far_back_as_that_of_the_second() -> None:
    rows = table({"t": 0, "motion": (1, 0)}, {"t": 1, "motion": (2, 0)}, {"t": 100, "motion": (4, 0)})
    mouse = align([rows], [100, 200], with_mouse=True).mouse
    assert mouse is not None
    assert mouse[:, 0].tolist() == [6, 0]
    alone = align([rows], [100], with_mouse=True).mouse
    assert alone is not None
    assert alone[:, 0].tolist() == [7]


def test_another_pad_does_not_touch_this_pads_axes_and_buttons_but_keys_and_mouse_count() -> None:
    rows = table(
        {"t": 100, "buttons": [0], "axes": {0: 0.5}, "pad": 0},
        {"t": 200, "buttons": [3], "axes": {0: -1}, "keys": [44], "motion": (2, 0), "pad": 1},
        {"t": 300, "pad": 1},
        {"t": 400, "pad": 0},
    )
    aligned = align([rows[:2], rows[2:]], [100, 200, 300, 400], with_keyboard=True, with_mouse=True)
    assert aligned.action[:, 0].tolist() == [0.5, 0.5, 0.5, 0]
    assert aligned.controller[:, CONTROLLER_NAMES.index("south")].tolist() == [1, 1, 1, 0]
    assert aligned.controller[:, CONTROLLER_NAMES.index("north")].tolist() == [0, 0, 0, 0]
    assert aligned.keyboard is not None
    assert aligned.mouse is not None
    assert aligned.keyboard[:, KEYBOARD_NAMES.index("space")].tolist() == [0, 1, 0, 0]
    assert aligned.mouse[:, 0].tolist() == [0, 2, 0, 0]
    other = align([rows[:2], rows[2:]], [100, 200, 300, 400], pad=1)
    assert other.controller[:, CONTROLLER_NAMES.index("north")].tolist() == [0, 1, 0, 0]
    assert other.action[:, JUMP].tolist() == [0, 1, 0, 0]


def test_the_pad_followed_is_the_lowest_of_the_first_block() -> None:
    blocks = [table({"t": 100, "buttons": [0], "pad": 3}, {"t": 110, "pad": 2}), table({"t": 120, "buttons": [0]})]
    assert jumps(blocks, [130]) == [0]


def test_the_controller_is_21_buttons_then_6_axes() -> None:
    row = {"t": 1, "buttons": [0, 20], "axes": {0: 0.25, 1: -1.00003, 2: 0.5, 3: -0.5, 4: 0.75, 5: 1}}
    controller = align([table(row)], [1]).controller
    assert controller.dtype == np.float32
    assert controller[0].tolist() == [1, *[0] * 19, 1, 0.25, np.float32(-1.00003), 0.5, -0.5, 0.75, 1]
    assert (CONTROLLER_NAMES[0], CONTROLLER_NAMES[14], CONTROLLER_NAMES[20]) == ("south", "dpad_right", "touchpad")
    assert CONTROLLER_NAMES[21:] == ("leftx", "lefty", "rightx", "righty", "left_trigger", "right_trigger")
    assert len(set(CONTROLLER_NAMES)) == len(CONTROLLER_NAMES) == 27


def test_keyboard_and_mouse_have_a_slot_for_each_key_and_button() -> None:
    aligned = align(
        [table({"t": 1, "keys": [4, 231], "mouse_buttons": [1, 5]})], [1], with_keyboard=True, with_mouse=True
    )
    assert aligned.keyboard is not None
    assert aligned.mouse is not None
    assert KEYBOARD_NAMES[:3] == ("a", "b", "c")
    assert KEYBOARD_NAMES[-1] == "right_gui"
    assert [KEYBOARD_NAMES[place] for place in np.flatnonzero(aligned.keyboard[0])] == ["a", "right_gui"]
    assert MOUSE_NAMES == ("dx", "dy", "wheel_dx", "wheel_dy", "left", "middle", "right", "x1", "x2")
    assert aligned.mouse[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1]


def slowly(rows: list[dict[str, Any]], frames: list[int], pad: int, short_taps: bool) -> list[list[float]]:
    """One frame after another, each looking through all snapshots."""

    def encode(row: dict[str, Any], pad_row: dict[str, Any], motion: list[float]) -> list[float]:
        one = table({**row, "axes": pad_row.get("axes", {}), "buttons": pad_row.get("buttons", ())})
        inputs = Inputs(
            axes=one.axes.T,
            buttons=one.buttons,
            keys=one.keys.T,
            mouse_buttons=one.mouse_buttons,
            motion=np.array(motion, np.float32).reshape(4, 1),
        )
        return encode_actions(inputs, LAYOUT, PROFILE.bindings)[:, 0].tolist()

    times = sorted(frames)
    steps = [later - times[0] for later in times if later > times[0]]
    start = times[0] - min(steps) if steps else -(10**9)
    nothing = {"t": 0}
    result: dict[int, list[float]] = {}
    for place, time in enumerate(times):
        before = times[place - 1] if place else start
        seen = [row for row in rows if row["t"] <= time]
        since = [row for row in seen if row["t"] > before]
        state = seen[-1] if seen else nothing
        pad_state = next((row for row in reversed(seen) if row.get("pad", 0) == pad), nothing)
        moved = [[*row.get("motion", (0, 0)), *row.get("wheel", (0, 0))] for row in since]
        vector = encode(state, pad_state, [sum(column) for column in zip([0, 0, 0, 0], *moved, strict=True)])
        if short_taps:
            for row in since:
                until = rows[: rows.index(row) + 1]
                then = next((other for other in reversed(until) if other.get("pad", 0) == pad), nothing)
                tapped = encode(row, then, [*row.get("motion", (0, 0)), *row.get("wheel", (0, 0))])
                for slot in LAYOUT.slots:
                    if slot.kind is ActionKind.DIGITAL:
                        vector[slot.start] = max(vector[slot.start], tapped[slot.start])
        result.setdefault(len(result), vector)
    order = sorted(range(len(frames)), key=lambda place: frames[place])
    return [result[order.index(place)] for place in range(len(frames))]


snapshots = st.fixed_dictionaries(
    {"t": st.integers(0, 30)},
    optional={
        "axes": st.dictionaries(st.integers(0, 5), st.sampled_from([-1.0, -0.5, 0.25, 0.5, 1.0]), max_size=3),
        "buttons": st.lists(st.integers(0, 2), max_size=2),
        "keys": st.lists(st.sampled_from([44, 45]), max_size=1),
        "motion": st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
        "wheel": st.tuples(st.integers(-1, 1), st.integers(-1, 1)),
        "pad": st.integers(0, 1),
    },
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(snapshots, min_size=1, max_size=12),
    frames=st.lists(st.integers(0, 35), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    pad=st.integers(0, 1),
    short_taps=st.booleans(),
)
def test_aligning_is_what_the_slow_way_gives_however_the_blocks_are_cut(
    rows: list[dict[str, Any]], frames: list[int], cuts: list[int], pad: int, short_taps: bool
) -> None:
    rows = sorted(({**row, "row": place} for place, row in enumerate(rows)), key=lambda row: row["t"])
    whole = table(*rows)
    edges = [0, *sorted(cuts), len(rows)]
    blocks = [whole[first:last] for first, last in pairwise(edges)]
    expected = slowly(rows, frames, pad, short_taps)
    assert align(blocks, frames, pad=pad, short_taps=short_taps).action.tolist() == expected


@pytest.mark.slow
def test_a_million_frames_take_the_snapshots_that_plain_search_finds() -> None:
    count = 1_000_000
    rows = InputTable.zeros(count // 4)
    random = np.random.default_rng(7)
    rows.monotonic_ns[:] = np.sort(random.integers(0, 10**12, len(rows)))
    rows.buttons[:] = random.integers(0, 2, len(rows))
    frames = np.arange(count, dtype=np.int64) * 10**6
    blocks = [rows[first : first + 65536] for first in range(0, len(rows), 65536)]
    found = align_inputs(blocks, frames, LAYOUT, PROFILE).action[:, JUMP]
    places = np.searchsorted(rows.monotonic_ns, frames, side="right") - 1
    assert np.array_equal(found, np.where(places < 0, 0, rows.buttons[places]))
