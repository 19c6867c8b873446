"""What the player did with the controls, measured."""

from __future__ import annotations

import numpy as np
import pytest

from playloom.controls import BUTTON_IDS, KEYS
from playloom.quality.input_activity import changed, held, measure_input_activity, press_spans, short_taps
from playloom.recording.input_table import InputTable

FRAMES = np.array([0, 100, 200, 300, 400], np.int64) * 1_000_000


def table(*rows: tuple[float, str]) -> InputTable:
    """Snapshots as (time in ms, what is held): "south", "key space", "leftx=0.5", "mouse=3", "pad1 south"."""
    result = InputTable.zeros(len(rows))
    result.monotonic_ns[:] = [round(time_ms * 1e6) for time_ms, _ in rows]
    for row, (_, what) in enumerate(rows):
        words = what.split()
        while words:
            word = words.pop(0)
            if word == "key":
                code = KEYS[words.pop(0)]
                result.keys[row, code // 64] |= np.uint64(1 << code % 64)
            elif word == "pad1":
                result.pad[row] = 1
            elif word.startswith("leftx="):
                result.axes[row, 0] = float(word.removeprefix("leftx="))
            elif word.startswith("mouse="):
                result.mouse_motion[row, 0] = float(word.removeprefix("mouse="))
            else:
                result.buttons[row] |= np.uint32(1 << BUTTON_IDS[word])
    return result


def test_a_change_is_whatever_differs_from_the_snapshot_before() -> None:
    inputs = table((0, ""), (1, "south"), (2, "south"), (3, "south key a"), (4, "key a"), (5, "key a"))
    assert changed(inputs, axis_threshold=0.2).tolist() == [False, True, False, True, True, False]


def test_an_axis_that_trembles_at_rest_is_no_change() -> None:
    inputs = table((0, "leftx=0.01"), (1, "leftx=0.03"), (2, "leftx=0.9"), (3, "leftx=0.01"), (4, "leftx=0.02"))
    assert changed(inputs, axis_threshold=0.2).tolist() == [False, False, True, True, False]


def test_mouse_motion_is_a_change_each_time() -> None:
    inputs = table((0, "mouse=3"), (1, "mouse=3"), (2, ""))
    assert changed(inputs, axis_threshold=0.2).tolist() == [True, True, False]


def test_two_pads_are_compared_each_with_itself() -> None:
    inputs = table((0, "south"), (1, "pad1"), (2, "south"), (3, "pad1 east"))
    assert changed(inputs, axis_threshold=0.2).tolist() == [True, False, False, True]
    assert held(inputs, axis_threshold=0.2).tolist() == [True, True, True, True]


def test_presses_are_spans_from_down_to_up() -> None:
    spans = press_spans(table((0, ""), (10, "south"), (20, "south key space"), (30, "key space"), (40, "")))
    assert [(each.control, each.start_ns.tolist(), each.end_ns.tolist()) for each in spans] == [
        ("south", [10_000_000], [30_000_000]),
        ("key space", [20_000_000], [40_000_000]),
    ]


def test_what_is_never_released_is_held_to_the_end() -> None:
    (span,) = press_spans(table((310, "south")), end_ns=400_000_000)
    assert span.end_ns.tolist() == [400_000_001]
    assert not len(short_taps(span, FRAMES))


def test_the_second_pads_buttons_are_controls_of_their_own() -> None:
    names = [each.control for each in press_spans(table((0, "south"), (1, "pad1 south"), (2, "pad1"), (3, "")))]
    assert names == ["south", "south (pad 1)"]


def test_a_tap_between_two_frames_is_short_and_one_that_a_frame_sees_is_not() -> None:
    inputs = table((110, "south"), (130, ""), (190, "south"), (210, ""), (300, "south"), (301, ""))
    (span,) = press_spans(inputs)
    assert short_taps(span, FRAMES).tolist() == [0]


def test_a_tap_before_the_first_frame_or_after_the_last_is_not_counted() -> None:
    (span,) = press_spans(table((-50, "south"), (-40, ""), (450, "south"), (460, "")))
    assert short_taps(span, FRAMES).tolist() == []


def test_the_figures_of_a_small_session() -> None:
    inputs = table((50, ""), (150, "south"), (160, ""), (350, "key a leftx=0.6"), (360, ""))
    activity = measure_input_activity(inputs, FRAMES)
    assert activity.snapshots == 5
    assert activity.changes == 4
    assert (activity.first_ns, activity.last_ns) == (150_000_000, 360_000_000)
    assert activity.start_dead_s == pytest.approx(0.15)
    assert activity.end_dead_s == pytest.approx(0.04)
    assert activity.longest_idle_s == pytest.approx(0.19)
    assert activity.longest_idle_start_ns == 160_000_000
    assert activity.changes_per_s == pytest.approx(10)
    assert dict(activity.presses) == {"south": 1, "key a": 1}
    assert dict(activity.short_taps) == {"south": 1, "key a": 1}
    assert activity.axes == ("leftx",)
    assert activity.frames_before_first_input == 2
    assert activity.frames_after_last_input == 1
    assert activity.stale_frames == 2


def test_holding_is_not_idling() -> None:
    activity = measure_input_activity(table((0, "south"), (300, ""), (350, "south")), FRAMES)
    assert activity.longest_idle_s == pytest.approx(0.05)


def test_legamers_figures_for_its_own_example() -> None:
    frames = np.array([1, 2, 3, 4], np.int64) * 1_000_000_000
    inputs = table((1500, "east key a"), (3500, "west"))
    inputs.axes[0, 1] = 0.6
    activity = measure_input_activity(inputs, frames, axis_threshold=0.2)
    assert activity.start_dead_s == 0.5
    assert activity.end_dead_s == 0.5
    assert activity.frames_before_first_input == 1
    assert activity.frames_after_last_input == 1
    assert dict(activity.presses) == {"east": 1, "west": 1, "key a": 1}
    assert activity.axes == ("lefty",)


def test_no_input_at_all_is_dead_time_throughout() -> None:
    activity = measure_input_activity(InputTable.zeros(0), FRAMES)
    assert activity.first_ns is None
    assert activity.start_dead_s == 0.4
    assert activity.end_dead_s == 0.4
    assert activity.frames_before_first_input == 5
    assert activity.stale_frames == 5
    assert activity.press_count == 0


def test_idling_in_a_pause_does_not_count() -> None:
    inputs = table((50, "south"), (60, ""), (360, "south"), (380, ""))
    assert measure_input_activity(inputs, FRAMES).longest_idle_s == pytest.approx(0.3)
    paused = measure_input_activity(inputs, FRAMES, left_out=[(100_000_000, 300_000_000)])
    assert paused.longest_idle_s == pytest.approx(0.1)
