"""From a gesture to the binding that it means for an action of some kind, or to why it means none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from capture_node.mapping.gestures import Gesture
from playloom.bindings import (
    DEFAULT_THRESHOLD,
    SIDES,
    AxisBinding,
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    ComboPart,
    MouseMotionBinding,
    MouseWheelBinding,
    StickBinding,
    TriggerBinding,
)
from playloom.controls import STICKS, TRIGGERS
from playloom.game_definition import ActionKind

MOST_PARTS = 4
"""Of a combination. Nobody presses more on purpose, and a hand laid on a keyboard presses many."""

DEPTH_THRESHOLD = 0.1
"""Where a trigger begins to count for an action that has depth: past its play, with nearly all of its way left."""

MOUSE_SCALE = 0.01
"""What a count of the mouse is worth at first: a hundred within a frame are a stick pushed all the way."""

THRESHOLD_STEP = 0.05

PUSHES: dict[ActionKind, tuple[str, ...]] = {
    ActionKind.VECTOR2: ("up", "left", "down", "right"),
    ActionKind.ANALOG: ("positive", "negative"),
}
"""The directions that buttons and keys are asked for, one after another."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a gesture means.

    Attributes:
        binding: or None.
        refusal: why there is none, a sentence; None for what is better passed over in silence.
    """

    binding: Binding | None = None
    refusal: str | None = None


def propose(gesture: Gesture, kind: ActionKind, push: str | None = None) -> Proposal:
    """What ``gesture`` means for an action of ``kind``.

    Args:
        gesture: what the player did.
        kind: of the action.
        push: the direction that is asked for, one of `PUSHES`, for kinds that have directions.
    """
    if not gesture.controls:
        return _propose_motion(gesture, kind)
    control, *further = gesture.controls
    if further:
        return _propose_combo(gesture.controls, kind)
    if isinstance(control, AxisButton):
        return _propose_axis(control, kind)
    if kind is ActionKind.TRIGGER and isinstance(control, ButtonBinding):
        return Proposal(refusal="A gamepad button has no depth. Pull a trigger, or press a key or mouse button")
    return Proposal(binding=replace(control, direction=push) if push else control)


def _propose_combo(controls: tuple[ComboPart, ...], kind: ActionKind) -> Proposal:
    if kind is not ActionKind.DIGITAL:
        return Proposal(refusal="Only actions that are simply on or off take several controls at once")
    if len(controls) > MOST_PARTS:
        return Proposal(refusal=f"That is {len(controls)} controls at once; a combination takes up to {MOST_PARTS}")
    return Proposal(binding=ComboBinding(controls=controls))


def _propose_axis(control: AxisButton, kind: ActionKind) -> Proposal:
    name = control.control
    match kind:
        case ActionKind.DIGITAL if name in TRIGGERS:
            return Proposal(binding=TriggerBinding(control=name, threshold=DEFAULT_THRESHOLD))
        case ActionKind.DIGITAL:  # an axis binding would be on with every tremble of the stick
            return Proposal(binding=ComboBinding(controls=(control,)))
        case ActionKind.ANALOG:
            return Proposal(binding=AxisBinding(control=name))
        case ActionKind.TRIGGER if name in TRIGGERS:
            return Proposal(binding=TriggerBinding(control=name, threshold=DEPTH_THRESHOLD))
        case ActionKind.TRIGGER:
            return Proposal(refusal="A stick is no trigger. Pull a trigger, or press a key or mouse button")
        case ActionKind.VECTOR2:
            stick = _stick_of(name)
            if stick is None:
                return Proposal(refusal="A trigger has one direction only. Push a stick, or press four buttons or keys")
            return Proposal(binding=StickBinding(control=stick))


def _propose_motion(gesture: Gesture, kind: ActionKind) -> Proposal:
    if any(gesture.wheel):
        x, y = gesture.wheel
        axis, notches = ("x", x) if abs(x) > abs(y) else ("y", y)
        if kind is ActionKind.ANALOG:
            return Proposal(binding=MouseWheelBinding(control=axis))
        if kind is ActionKind.DIGITAL:
            return Proposal(
                binding=MouseWheelBinding(control=axis, direction="positive" if notches > 0 else "negative")
            )
        return Proposal(refusal="The wheel can do only what is on or off, or has one signed value")
    if kind is ActionKind.VECTOR2:
        return Proposal(binding=MouseMotionBinding(control="xy", scale=MOUSE_SCALE))
    if kind is ActionKind.ANALOG:
        x, y = gesture.motion
        return Proposal(binding=MouseMotionBinding(control="x" if x >= y else "y", scale=MOUSE_SCALE))
    return Proposal()  # a mouse is moved for many reasons


def _stick_of(axis: str) -> str | None:
    return next((stick for stick, axes in STICKS.items() if axis in axes), None)


def adjusted(binding: Binding, steps: int) -> Binding:
    """``binding`` with its threshold ``steps`` × 0.05 higher, or its scale doubled so often; others as they are."""
    match binding:
        case TriggerBinding(threshold=threshold):
            place = round(threshold / THRESHOLD_STEP) + steps
            return replace(binding, threshold=round(min(max(place, 1) * THRESHOLD_STEP, 1.0), 2))
        case MouseMotionBinding(scale=scale) | MouseWheelBinding(scale=scale):
            wanted = scale * 2.0**steps
            return replace(binding, scale=wanted) if 1e-6 <= abs(wanted) <= 1e3 else binding
        case _:
            return binding


def turned(binding: Binding, kind: ActionKind) -> Binding:
    """``binding`` with the next of the directions that it can have; mouse motion and wheel are turned round first."""
    match binding:
        case AxisBinding(direction=direction) if kind in (ActionKind.ANALOG, ActionKind.DIGITAL):
            return replace(binding, direction=_next_side(direction))
        case MouseMotionBinding(control="xy", scale=scale):
            return replace(binding, scale=-scale)
        case MouseMotionBinding(scale=scale, direction=direction) | MouseWheelBinding(scale=scale, direction=direction):
            if kind is ActionKind.DIGITAL:
                return replace(binding, direction="negative" if direction == "positive" else "positive")
            return replace(binding, scale=-scale)
        case _:
            return binding


def can_adjust(binding: Binding) -> bool:
    """Whether `adjusted` changes anything."""
    return isinstance(binding, TriggerBinding | MouseMotionBinding | MouseWheelBinding)


def can_turn(binding: Binding, kind: ActionKind) -> bool:
    """Whether `turned` changes anything."""
    return turned(binding, kind) != binding


def _next_side(side: str) -> str:
    order = ("any", *(one for one in SIDES if one != "any"))
    return order[(order.index(side) + 1) % len(order)]


def same_control(binding: Binding, other: Binding) -> bool:
    """Whether both are done by doing the same, whatever their thresholds and scales."""
    if isinstance(binding, ComboBinding) and isinstance(other, ComboBinding):
        return set(binding.controls) == set(other.controls)
    if isinstance(binding, TriggerBinding) and isinstance(other, TriggerBinding):
        return binding.control == other.control
    if isinstance(binding, AxisBinding) and isinstance(other, AxisBinding):
        return binding.control == other.control
    if isinstance(binding, MouseMotionBinding) and isinstance(other, MouseMotionBinding):
        return binding.control == other.control
    if isinstance(binding, MouseWheelBinding) and isinstance(other, MouseWheelBinding):
        return binding == replace(other, scale=binding.scale)
    return binding == other


def is_held(binding: Binding) -> bool:
    """Whether ``binding`` is done by holding something, so that doing it again can mean "yes, this one"."""
    return not isinstance(binding, MouseMotionBinding | MouseWheelBinding)
