"""What a player's controls mean in a game: from input columns to the slots of the action vector.

Whole columns at a time. The rules are DESIGN's, and LeGamer's where it has one:

- digital: 1 while any binding is active. A button, key or mouse button held; a trigger at or over its threshold; an
  axis, the mouse or the wheel off zero, on the side that the binding names; a combo with all its parts.
- analog: the first binding that is not zero. An axis, or the motion of the mouse or the wheel times its scale: with
  positive or negative only that side, as a magnitude. A button, key or mouse button gives 1 or -1 by its direction.
- trigger: the largest value that reaches its threshold; a held key or mouse button is 1.
- vector2: the first stick, also at rest; without one the first mouse motion; without one the held buttons and keys,
  each a step of 1 left, right, up or down (up is negative, as on a stick), opposite ones cancelling.

Values pass as recorded: nothing is clamped and there is no dead zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.actions.layout import ActionLayout, Slot
from playloom.bindings import (
    AXIS_BUTTON_THRESHOLD,
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    ComboPart,
    KeyBinding,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
    feeds,
)
from playloom.controls import AXIS_IDS, BUTTON_IDS, MOUSE_BUTTON_IDS, STICKS
from playloom.game_definition import ActionKind

type Flags = NDArray[np.bool_]
type Values = NDArray[np.float32]

_STEPS = {"left": (0, -1.0), "right": (0, 1.0), "up": (1, -1.0), "down": (1, 1.0)}


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What is held at n moments, and what moved up to each since the one before.

    Attributes:
        axes: float32[6, n] in the order of `controls.AXES`.
        buttons: uint32[n], bit k for gamepad button k.
        keys: uint64[8, n], bit (k % 64) of row (k // 64) for scancode k.
        mouse_buttons: uint32[n], bit k for mouse button k.
        motion: float32[4, n]: mouse x, y, wheel x, y.
    """

    axes: Values
    buttons: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    mouse_buttons: NDArray[np.uint32]
    motion: Values

    def __len__(self) -> int:
        return len(self.buttons)


def encode_actions(inputs: Inputs, layout: ActionLayout, bindings: Mapping[str, Sequence[Binding]]) -> Values:
    """The action vectors of ``inputs``, one a column.

    Args:
        inputs: n moments.
        layout: which slots there are.
        bindings: by action id. Actions without bindings stay zero, actions that the layout does not have are left
            out, and so are bindings that cannot feed their action's kind.

    Returns:
        float32[layout.width, n].
    """
    vectors = np.zeros((layout.width, len(inputs)), np.float32)
    for slot in layout.slots:
        usable = [binding for binding in bindings.get(slot.action_id, ()) if feeds(binding, slot.kind)]
        if usable:
            _encode_slot(vectors[slot.start : slot.start + slot.size], slot, usable, inputs)
    return vectors


def _encode_slot(out: Values, slot: Slot, bindings: list[Binding], inputs: Inputs) -> None:
    match slot.kind:
        case ActionKind.DIGITAL:
            out[0] = active(bindings, inputs)
        case ActionKind.ANALOG:
            for binding in bindings:
                np.copyto(out[0], _analog(binding, inputs), where=out[0] == 0)
        case ActionKind.TRIGGER:
            for binding in bindings:
                np.maximum(out[0], _trigger(binding, inputs), out=out[0])
        case ActionKind.VECTOR2:
            _vector2(out, bindings, inputs)


def active(bindings: Sequence[Binding], inputs: Inputs) -> Flags:
    """bool[n]: where a digital action with these bindings is 1."""
    result = _digital(bindings[0], inputs)
    for binding in bindings[1:]:
        result |= _digital(binding, inputs)
    return result


def _digital(binding: Binding, inputs: Inputs) -> Flags:
    match binding:
        case ButtonBinding() | KeyBinding() | MouseButtonBinding():
            return _held(binding, inputs)
        case TriggerBinding():
            return _axis(binding.control, inputs) >= np.float32(binding.threshold)
        case AxisBinding():
            return _off_zero(_axis(binding.control, inputs), binding.direction)
        case ComboBinding():
            result = _held(binding.controls[0], inputs)
            for part in binding.controls[1:]:
                result &= _held(part, inputs)
            return result
        case MouseMotionBinding() | MouseWheelBinding():
            return _off_zero(_moved(binding, inputs), binding.direction)
        case StickBinding():
            raise AssertionError("a stick does not feed a digital action")


def _held(part: ComboPart, inputs: Inputs) -> Flags:
    match part:
        case ButtonBinding():
            return (inputs.buttons & np.uint32(1 << BUTTON_IDS[part.control])) != 0
        case KeyBinding():
            word, bit = divmod(part.scancode, 64)
            return (inputs.keys[word] & np.uint64(1 << bit)) != 0
        case MouseButtonBinding():
            return (inputs.mouse_buttons & np.uint32(1 << MOUSE_BUTTON_IDS[part.control])) != 0
        case AxisButton():
            value = _axis(part.control, inputs)
            if part.direction == "negative":
                return value <= np.float32(-AXIS_BUTTON_THRESHOLD)
            return value >= np.float32(AXIS_BUTTON_THRESHOLD)


def _off_zero(values: Values, direction: str) -> Flags:
    if direction == "positive":
        return values > 0
    return values < 0 if direction == "negative" else values != 0


def _axis(control: str, inputs: Inputs) -> Values:
    return inputs.axes[AXIS_IDS[control]]


def _moved(binding: MouseMotionBinding | MouseWheelBinding, inputs: Inputs) -> Values:
    row = "xy".index(binding.control) + (2 if isinstance(binding, MouseWheelBinding) else 0)
    return inputs.motion[row] * np.float32(binding.scale)


def _analog(binding: Binding, inputs: Inputs) -> Values:
    match binding:
        case AxisBinding():
            return _one_side(_axis(binding.control, inputs), binding.direction)
        case MouseMotionBinding() | MouseWheelBinding():
            return _one_side(_moved(binding, inputs), binding.direction)
        case ButtonBinding() | KeyBinding() | MouseButtonBinding():
            return _held(binding, inputs) * np.float32(-1 if binding.direction == "negative" else 1)
        case _:
            raise AssertionError(f"{binding.type} does not feed an analog action")


def _one_side(values: Values, direction: str) -> Values:
    if direction == "positive":
        return np.maximum(values, np.float32(0))
    return np.maximum(-values, np.float32(0)) if direction == "negative" else values


def _trigger(binding: Binding, inputs: Inputs) -> Values:
    match binding:
        case TriggerBinding():
            value = _axis(binding.control, inputs)
            return np.where(value >= np.float32(binding.threshold), value, np.float32(0))
        case KeyBinding() | MouseButtonBinding():
            return _held(binding, inputs).astype(np.float32)
        case _:
            raise AssertionError(f"{binding.type} does not feed a trigger action")


def _vector2(out: Values, bindings: list[Binding], inputs: Inputs) -> None:
    for binding in bindings:
        if isinstance(binding, StickBinding):
            out[0], out[1] = (_axis(control, inputs) for control in STICKS[binding.control])
            return
    for binding in bindings:
        if isinstance(binding, MouseMotionBinding):
            np.multiply(inputs.motion[0:2], np.float32(binding.scale), out=out)
            return
    pushed: dict[str, Flags] = {}
    for binding in bindings:
        assert isinstance(binding, ButtonBinding | KeyBinding | MouseButtonBinding)
        assert binding.direction is not None
        held = _held(binding, inputs)
        pushed[binding.direction] = pushed.get(binding.direction, held) | held
    for direction, held in pushed.items():
        axis, step = _STEPS[direction]
        out[axis] += held * np.float32(step)
