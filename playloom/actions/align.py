"""Frames meet inputs: for each frame, what the player was doing.

A frame takes the latest snapshot at or before its time (of several at one instant the last recorded), and before the
first snapshot it takes zeros. Motion of the mouse and the wheel is different, it happens *between* snapshots: a frame
takes the sum over the snapshots after the previous frame and up to its own time. The first frame counts as far back
as the second one does (a lone frame: everything up to it).

Inputs come in blocks, one after another, and only the last snapshot of a block is kept while the next is read: memory
is one block and the result, whatever the length of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.actions.controller import (
    CONTROLLER_NAMES,
    KEYBOARD_NAMES,
    MOUSE_NAMES,
    controller_vectors,
    keyboard_vectors,
    mouse_vectors,
)
from playloom.actions.encode import Inputs, active, encode_actions
from playloom.actions.layout import ActionLayout
from playloom.bindings import Binding, feeds
from playloom.game_definition import ActionKind
from playloom.mapping_profile import MappingProfile
from playloom.recording.input_table import InputTable

__all__ = ["CONTROLLER_NAMES", "KEYBOARD_NAMES", "MOUSE_NAMES", "AlignedInputs", "align_inputs"]

CHUNK_FRAMES = 1 << 14
"""Frames that are encoded together: few enough that the columns stay in a processor's cache."""

NEVER_NS = np.iinfo(np.int64).min


@dataclass(frozen=True, kw_only=True)
class AlignedInputs:
    """What the player did, one row a frame, in the order of the frames given.

    Attributes:
        action: float32[f, layout.width].
        controller: float32[f, 27] as `CONTROLLER_NAMES`.
        keyboard: float32[f, keys] as `KEYBOARD_NAMES`, or None if it was not asked for.
        mouse: float32[f, 9] as `MOUSE_NAMES`, or None if it was not asked for.
        first_input_ns: the time of the first snapshot recorded, whatever it holds and whichever pad it is of; None
            if there is none. Recorders write a snapshot when something changes, so this is when play began.
    """

    action: NDArray[np.float32]
    controller: NDArray[np.float32]
    keyboard: NDArray[np.float32] | None
    mouse: NDArray[np.float32] | None
    first_input_ns: int | None


def align_inputs(
    blocks: Iterable[InputTable],
    frame_times_ns: NDArray[np.int64],
    layout: ActionLayout,
    profile: MappingProfile,
    *,
    short_taps: bool = False,
    pad: int | None = None,
    with_keyboard: bool = False,
    with_mouse: bool = False,
) -> AlignedInputs:
    """Encode what the player did at each frame.

    Args:
        blocks: the snapshots, in the order of their time over all blocks.
        frame_times_ns: int64[f] on the clock of the snapshots, in any order.
        layout: the slots of the action vector.
        profile: how this player does the actions. Bindings that cannot feed their action yield 0.
        short_taps: make a digital action 1 also where it was active at any snapshot since the previous frame, so
            that a tap shorter than a frame shows.
        pad: the gamepad to follow. Snapshots of other pads do not touch its axes and buttons, but what they say of
            keyboard and mouse counts. None: the pad with the lowest number in the first block.
        with_keyboard: fill `AlignedInputs.keyboard`.
        with_mouse: fill `AlignedInputs.mouse`.

    Returns:
        One row a frame.
    """
    times = np.ascontiguousarray(frame_times_ns, np.int64)
    order = None if np.all(times[1:] >= times[:-1]) else np.argsort(times, kind="stable")
    aligner = _Aligner(times if order is None else times[order], layout, profile, short_taps, pad)
    outputs = [
        aligner.action,
        *(
            aligner.add_output(names, encode)
            for names, encode, wanted in (
                (CONTROLLER_NAMES, controller_vectors, True),
                (KEYBOARD_NAMES, keyboard_vectors, with_keyboard),
                (MOUSE_NAMES, mouse_vectors, with_mouse),
            )
            if wanted
        ),
    ]
    for block in blocks:
        if len(block):
            aligner.take(block)
    aligner.finish()
    if order is not None:
        for output in outputs:
            output[order] = output.copy()
    action, controller, *rest = outputs
    return AlignedInputs(
        action=action,
        controller=controller,
        keyboard=rest.pop(0) if with_keyboard else None,
        mouse=rest.pop(0) if with_mouse else None,
        first_input_ns=aligner.first_input_ns,
    )


class _Aligner:
    """Works through blocks and frames side by side.

    Frames before `done` have their rows. `last` is the one snapshot that is in force at the end of what was taken.
    """

    def __init__(
        self,
        times: NDArray[np.int64],
        layout: ActionLayout,
        profile: MappingProfile,
        short_taps: bool,
        pad: int | None,
    ) -> None:
        self.times = times
        self.layout = layout
        self.bindings = profile.bindings
        self.pad = pad
        self.first_input_ns: int | None = None
        self.done = 0
        self.start_ns = _start_ns(times)
        self.last = InputTable.zeros(1)
        self.last.monotonic_ns[0] = NEVER_NS
        self.motion = np.zeros((4, len(times)), np.float64)
        self.action = np.zeros((len(times), layout.width), np.float32)
        self.outputs: list[tuple[NDArray[np.float32], Callable[[Inputs], NDArray[np.float32]]]] = []
        self.taps = _digital_bindings(layout, profile) if short_taps else []

    def add_output(
        self, names: tuple[str, ...], encode: Callable[[Inputs], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """One more result, filled as frames are done: float32[f, names]."""
        output = np.zeros((len(self.times), len(names)), np.float32)
        self.outputs.append((output, encode))
        return output

    def take(self, block: InputTable) -> None:
        if self.first_input_ns is None:
            self.first_input_ns = int(block.monotonic_ns[0])
            self.pad = int(block.pad.min()) if self.pad is None else self.pad
        rows = _of_pad(InputTable.concatenate([self.last, block]), self.pad)
        self._add_motion_and_taps(rows[1:])
        # A frame at the very time of the last snapshot waits: the next block may hold a later record of that instant.
        until = int(np.searchsorted(self.times, rows.monotonic_ns[-1], side="left"))
        self._encode(rows, until)
        self.last = rows[-1:]

    def finish(self) -> None:
        self._encode(self.last, len(self.times))

    def _add_motion_and_taps(self, rows: InputTable) -> None:
        if not (self.taps or rows.mouse_motion.any() or rows.wheel.any()):
            return
        frames = np.searchsorted(self.times, rows.monotonic_ns, side="left")
        counts = (frames < len(self.times)) & (rows.monotonic_ns > self.start_ns)
        if not counts.any():
            return
        moving = counts & (rows.mouse_motion.any(axis=1) | rows.wheel.any(axis=1))
        if moving.any():
            moved = frames[moving]
            first, last = moved[0], moved[-1] + 1
            motion = np.concatenate([rows.mouse_motion[moving], rows.wheel[moving]], axis=1)
            for place in range(4):
                self.motion[place, first:last] += np.bincount(moved - first, motion[:, place], last - first)
        if self.taps:
            motion = np.concatenate([rows.mouse_motion, rows.wheel], axis=1)
            inputs = _inputs(rows, slice(None), np.ascontiguousarray(motion.T))
            for column, bindings in self.taps:
                self.action[frames[counts & active(bindings, inputs)], column] = 1

    def _encode(self, rows: InputTable, until: int) -> None:
        for first in range(self.done, until, CHUNK_FRAMES):
            chunk = slice(first, min(first + CHUNK_FRAMES, until))
            in_force = np.searchsorted(rows.monotonic_ns, self.times[chunk], side="right") - 1
            inputs = _inputs(rows, in_force, self.motion[:, chunk].astype(np.float32))
            vectors = encode_actions(inputs, self.layout, self.bindings)
            for column, _ in self.taps:
                np.maximum(vectors[column], self.action[chunk, column], out=vectors[column])
            self.action[chunk] = vectors.T
            for output, encode in self.outputs:
                output[chunk] = encode(inputs)
        self.done = max(self.done, until)


def _start_ns(times: NDArray[np.int64]) -> int:
    """The time after which motion counts for the first frame."""
    later = times[times > times[0]] if len(times) else times
    return int(2 * times[0] - later[0]) if len(later) else NEVER_NS


def _of_pad(rows: InputTable, pad: int | None) -> InputTable:
    """``rows`` with the axes and buttons of ``pad`` alone. The first row is the state to start from."""
    own = rows.pad == pad
    own[0] = True
    if own.all():
        return rows
    latest = np.maximum.accumulate(np.where(own, np.arange(len(rows)), 0))
    return InputTable(
        monotonic_ns=rows.monotonic_ns,
        axes=rows.axes[latest],
        buttons=rows.buttons[latest],
        keys=rows.keys,
        mouse_buttons=rows.mouse_buttons,
        mouse_motion=rows.mouse_motion,
        wheel=rows.wheel,
        pad=rows.pad,
    )


def _inputs(rows: InputTable, chosen: slice | NDArray[np.intp], motion: NDArray[np.float32]) -> Inputs:
    return Inputs(
        axes=np.ascontiguousarray(rows.axes[chosen].T),
        buttons=rows.buttons[chosen],
        keys=np.ascontiguousarray(rows.keys[chosen].T),
        mouse_buttons=rows.mouse_buttons[chosen],
        motion=motion,
    )


def _digital_bindings(layout: ActionLayout, profile: MappingProfile) -> list[tuple[int, tuple[Binding, ...]]]:
    """The column and the bindings of every digital action that has any."""
    found = []
    for slot in layout.slots:
        usable = tuple(one for one in profile.bindings.get(slot.action_id, ()) if feeds(one, slot.kind))
        if slot.kind is ActionKind.DIGITAL and usable:
            found.append((slot.start, usable))
    return found
