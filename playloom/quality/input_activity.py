"""What the player did with the controls, and where the recording shows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.controls import AXES, BUTTONS, KEY_NAMES, MOUSE_BUTTONS, SCANCODES
from playloom.recording.input_table import KEY_WORDS, InputTable


@dataclass(frozen=True, kw_only=True)
class Presses:
    """Every press of one control.

    Attributes:
        control: "south", "key space", "mouse left"; of a second gamepad "south (pad 1)".
        start_ns: int64[p], when it went down.
        end_ns: int64[p], when it came up, or where the recording ended where it never did.
    """

    control: str
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class InputActivity:
    """Figures over all snapshots of a session.

    Attributes:
        snapshots: records in actions.bin.
        changes: snapshots in which a control changed, a stick moved or the mouse did.
        first_ns: the first change; None where there is none.
        last_ns: the last change.
        start_dead_s: from the first frame to the first change; the whole duration where there is none.
        end_dead_s: from the last change to the last frame.
        longest_idle_s: the longest time between two changes with nothing held.
        longest_idle_start_ns: where it starts; None where there is none.
        changes_per_s: over the session's duration.
        presses: how often each control was pressed.
        short_taps: how many presses of each control lie wholly between two frames.
        axes: the axes that were moved beyond the threshold.
        frames_before_first_input, frames_after_last_input: frames in the dead time at both ends.
        stale_frames: frames with no new snapshot since the frame before.
    """

    snapshots: int
    changes: int
    first_ns: int | None
    last_ns: int | None
    start_dead_s: float
    end_dead_s: float
    longest_idle_s: float
    longest_idle_start_ns: int | None
    changes_per_s: float
    presses: Mapping[str, int]
    short_taps: Mapping[str, int]
    axes: tuple[str, ...]
    frames_before_first_input: int
    frames_after_last_input: int
    stale_frames: int

    @property
    def press_count(self) -> int:
        return sum(self.presses.values())

    @property
    def short_tap_count(self) -> int:
        return sum(self.short_taps.values())


def measure_input_activity(
    inputs: InputTable,
    frame_times_ns: NDArray[np.int64],
    *,
    axis_threshold: float = 0.2,
    left_out: Sequence[tuple[int, int]] = (),
) -> InputActivity:
    """Measure what the player did.

    Args:
        inputs: sorted by time; may be empty.
        frame_times_ns: int64[n], sorted; may be empty.
        axis_threshold: an axis counts as used beyond this deflection.
        left_out: (begin, end) of pauses and discarded spans, in nanoseconds: idle time and short taps within them
            do not count.
    """
    times_ns = inputs.monotonic_ns
    change_rows = np.flatnonzero(changed(inputs, axis_threshold=axis_threshold))
    first_ns, last_ns = (
        (int(times_ns[change_rows[0]]), int(times_ns[change_rows[-1]])) if len(change_rows) else (None,) * 2
    )
    start_ns, end_ns = (int(frame_times_ns[0]), int(frame_times_ns[-1])) if len(frame_times_ns) else (0, 0)
    duration_s = (end_ns - start_ns) / 1e9
    idle_ns, idle_start_ns = _longest_idle(inputs, change_rows, axis_threshold, left_out)
    presses = press_spans(inputs, end_ns=end_ns)
    short = {
        each.control: _count_outside(each.start_ns[short_taps(each, frame_times_ns)], left_out) for each in presses
    }
    seen = np.searchsorted(times_ns, frame_times_ns, side="right")
    return InputActivity(
        snapshots=len(inputs),
        changes=len(change_rows),
        first_ns=first_ns,
        last_ns=last_ns,
        start_dead_s=duration_s if first_ns is None else max(0.0, (first_ns - start_ns) / 1e9),
        end_dead_s=duration_s if last_ns is None else max(0.0, (end_ns - last_ns) / 1e9),
        longest_idle_s=idle_ns / 1e9,
        longest_idle_start_ns=idle_start_ns,
        changes_per_s=len(change_rows) / duration_s if duration_s else 0.0,
        presses={each.control: len(each.start_ns) for each in presses},
        short_taps={control: count for control, count in short.items() if count},
        axes=tuple(name for axis, name in enumerate(AXES) if np.any(np.abs(inputs.axes[:, axis]) > axis_threshold)),
        frames_before_first_input=(
            len(frame_times_ns) if first_ns is None else int(np.searchsorted(frame_times_ns, first_ns))
        ),
        frames_after_last_input=(
            len(frame_times_ns)
            if last_ns is None
            else len(frame_times_ns) - int(np.searchsorted(frame_times_ns, last_ns, side="right"))
        ),
        stale_frames=int(np.count_nonzero(np.diff(seen, prepend=0) == 0)),
    )


def changed(inputs: InputTable, *, axis_threshold: float) -> NDArray[np.bool_]:
    """bool[n]: the player did something in this snapshot. An axis at rest may tremble below the threshold."""
    result = np.any(inputs.mouse_motion != 0, axis=1) | np.any(inputs.wheel != 0, axis=1)
    result |= _differs(np.column_stack([inputs.keys, inputs.mouse_buttons.astype(np.uint64)]))
    for pad in np.unique(inputs.pad):
        rows = np.flatnonzero(inputs.pad == pad)
        axes = inputs.axes[rows]
        moved = _differs(np.where(np.abs(axes) > axis_threshold, axes, 0))
        result[rows] |= moved | _differs(inputs.buttons[rows, None])
    return result


def held(inputs: InputTable, *, axis_threshold: float) -> NDArray[np.bool_]:
    """bool[n]: some button, key, stick or trigger is held after this snapshot."""
    result = np.any(inputs.keys != 0, axis=1) | (inputs.mouse_buttons != 0)
    for pad in np.unique(inputs.pad):
        rows = np.flatnonzero(inputs.pad == pad)
        busy = (inputs.buttons[rows] != 0) | np.any(np.abs(inputs.axes[rows]) > axis_threshold, axis=1)
        # What one pad holds, it goes on holding through the other pads' snapshots.
        latest = np.searchsorted(rows, np.arange(len(inputs)), side="right") - 1
        result |= (latest >= 0) & busy[np.maximum(latest, 0)]
    return result


def _differs(columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """bool[n]: the row is not the row above; of the first row, that it is not zero."""
    result = np.zeros(len(columns), np.bool_)
    if len(columns):
        result[0] = np.any(columns[0] != 0)
        result[1:] = np.any(columns[1:] != columns[:-1], axis=1)
    return result


def _longest_idle(
    inputs: InputTable, change_rows: NDArray[np.intp], axis_threshold: float, left_out: Sequence[tuple[int, int]]
) -> tuple[int, int | None]:
    if len(change_rows) < 2:
        return 0, None
    times_ns = inputs.monotonic_ns[change_rows]
    paused_ns = np.zeros(len(times_ns) - 1, np.int64)
    for begin_ns, end_ns in left_out:
        paused_ns += np.maximum(np.minimum(times_ns[1:], end_ns) - np.maximum(times_ns[:-1], begin_ns), 0)
    free = ~held(inputs, axis_threshold=axis_threshold)[change_rows[:-1]]
    pauses_ns = np.where(free, np.diff(times_ns) - paused_ns, 0)
    longest = int(np.argmax(pauses_ns))
    return (int(pauses_ns[longest]), int(times_ns[longest])) if pauses_ns[longest] > 0 else (0, None)


def _count_outside(times_ns: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> int:
    outside = np.ones(len(times_ns), np.bool_)
    for begin_ns, end_ns in spans:
        outside &= (times_ns < begin_ns) | (times_ns >= end_ns)
    return int(np.count_nonzero(outside))


def press_spans(inputs: InputTable, *, end_ns: int = 0) -> list[Presses]:
    """The presses of every button, key and mouse button that was pressed at all.

    Args:
        inputs: the snapshots.
        end_ns: the last frame's time: what was never released is held until then, or longer.
    """
    if not len(inputs):
        return []
    spans: list[Presses] = []
    last_ns = max(int(inputs.monotonic_ns[-1]), end_ns) + 1

    def add(control: str, down: NDArray[np.bool_], times_ns: NDArray[np.int64]) -> None:
        edges = np.diff(np.concatenate([[False], down, [False]]).astype(np.int8))
        ends = np.flatnonzero(edges < 0)
        end_ns = np.where(ends < len(times_ns), times_ns[np.minimum(ends, len(times_ns) - 1)], last_ns)
        spans.append(Presses(control=control, start_ns=times_ns[np.flatnonzero(edges > 0)], end_ns=end_ns))

    for pad in np.unique(inputs.pad):
        of_pad = inputs[inputs.pad == pad]
        ever = int(np.bitwise_or.reduce(of_pad.buttons))
        for button, name in enumerate(BUTTONS):
            if ever >> button & 1:
                control = name if pad == 0 else f"{name} (pad {pad})"
                add(control, of_pad.button_held(button), of_pad.monotonic_ns)
    ever_keys = [int(word) for word in np.bitwise_or.reduce(inputs.keys, axis=0)]
    assert len(ever_keys) == KEY_WORDS
    for scancode in range(SCANCODES):
        if ever_keys[scancode // 64] >> (scancode % 64) & 1:
            add(f"key {KEY_NAMES.get(scancode, scancode)}", inputs.key_held(scancode), inputs.monotonic_ns)
    ever_mouse = int(np.bitwise_or.reduce(inputs.mouse_buttons))
    for button, name in enumerate(MOUSE_BUTTONS):
        if name and ever_mouse >> button & 1:
            add(f"mouse {name}", inputs.mouse_button_held(button), inputs.monotonic_ns)
    return spans


def short_taps(presses: Presses, frame_times_ns: NDArray[np.int64]) -> NDArray[np.intp]:
    """intp[k]: the presses that began and ended between two frames, so that no frame shows them.

    A press that began before the first frame or after the last is none: no frame could have shown it.
    """
    before = np.searchsorted(frame_times_ns, presses.start_ns, side="left")
    after = np.searchsorted(frame_times_ns, presses.end_ns, side="left")
    inside = (before > 0) & (before < len(frame_times_ns))
    return np.flatnonzero((before == after) & inside)
