"""What the wizard says: controls and questions in a player's words."""

from __future__ import annotations

from capture_node.mapping.clashes import Clash, Overlap
from capture_node.mapping.walk import MappingWalk, Stop
from playloom.bindings import (
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
)
from playloom.controls import TRIGGERS
from playloom.game_definition import ActionKind

_BUTTON_WORDS = {
    "south": "south (A, ✕)",
    "east": "east (B, ○)",
    "west": "west (X, □)",
    "north": "north (Y, △)",
    "left_shoulder": "left shoulder (LB, L1)",
    "right_shoulder": "right shoulder (RB, R1)",
    "left_stick": "left stick pressed (L3)",
    "right_stick": "right stick pressed (R3)",
    "back": "back (View, Share)",
    "start": "start (Menu, Options)",
}
_AXIS_WORDS = {
    "leftx": ("left stick", "right", "left", "left–right"),
    "lefty": ("left stick", "down", "up", "up–down"),
    "rightx": ("right stick", "right", "left", "left–right"),
    "righty": ("right stick", "down", "up", "up–down"),
}
_PUSH_WORDS = {"positive": "more (+)", "negative": "less (−)"}


def control_words(binding: Binding | ComboPart) -> str:
    """What to do, without its numbers: "gamepad south (A, ✕)", "left shoulder (LB, L1) + key e"."""
    match binding:
        case ComboBinding(controls=controls):
            return " + ".join(control_words(part) for part in controls)
        case ButtonBinding(control=control):
            return f"gamepad {_BUTTON_WORDS.get(control, control.replace('_', ' '))}"
        case KeyBinding(control=control):
            return f"key {control.replace('_', ' ')}" if isinstance(control, str) else f"key number {control}"
        case MouseButtonBinding(control=control):
            return f"mouse {control} button"
        case StickBinding(control=control):
            return control.replace("_", " ")
        case TriggerBinding(control=control):
            return control.replace("_", " ")
        case AxisBinding(control=control) | AxisButton(control=control) if control in TRIGGERS:
            return control.replace("_", " ")
        case AxisBinding(control=control, direction=direction):
            return _axis_words(control, direction)
        case AxisButton(control=control, direction=direction):
            return _axis_words(control, direction or "positive")
        case MouseMotionBinding(control=control):
            return "mouse moved" if control == "xy" else f"mouse moved {'left–right' if control == 'x' else 'up–down'}"
        case MouseWheelBinding(control="y", direction=direction):
            return {"positive": "wheel up", "negative": "wheel down"}.get(direction, "wheel")
        case MouseWheelBinding(direction=direction):
            return {"positive": "wheel right", "negative": "wheel left"}.get(direction, "wheel left–right")


def binding_words(binding: Binding) -> str:
    """`control_words` with direction and numbers: "key w: up", "right trigger, from 0.5"."""
    words = control_words(binding)
    match binding:
        case ButtonBinding() | KeyBinding() | MouseButtonBinding() if binding.direction is not None:
            return f"{words}: {push_words(binding.direction)}"
        case TriggerBinding(threshold=threshold):
            return f"{words}, from {threshold:.2g}"
        case MouseMotionBinding(scale=scale) | MouseWheelBinding(scale=scale) if scale != 1:
            return f"{words}, × {scale:g}"
        case _:
            return words


def push_words(push: str) -> str:
    """A direction in words: "up", "more (+)"."""
    return _PUSH_WORDS.get(push, push)


def question(walk: MappingWalk) -> tuple[str, str]:
    """What is asked for, and what else would do."""
    stop = walk.current
    assert stop is not None
    name = action_name(stop)
    if walk.in_directions and walk.push is not None:
        return (
            f"{name}: now the control for {push_words(walk.push)}",
            "Enter goes on without it",
        )
    if walk.adding:
        return f"{name}: one more control", "Enter goes on without another"
    match stop.action.kind:
        case ActionKind.DIGITAL:
            return f"Press the control for {name}", "Several held together make a combination"
        case ActionKind.TRIGGER:
            return f"Pull the trigger for {name}", "or press a key or mouse button"
        case ActionKind.ANALOG:
            return (
                f"Push the stick or pull the trigger for {name}",
                "or turn the wheel, move the mouse, or press the button or key for more (+), then for less (−)",
            )
        case ActionKind.VECTOR2:
            return (
                f"Push the stick for {name}",
                "or move the mouse, or press the button or key for up, then left, down and right",
            )


def action_name(stop: Stop) -> str:
    return stop.action.label or stop.action.id


def clash_words(clash: Clash) -> str:
    """A sentence about a control that serves two actions."""
    name = clash.action.label or clash.action.id
    if not clash.same_class:
        name = f"{name} ({clash.action_class.label or clash.action_class.id})"
    match clash.overlap:
        case Overlap.SAME:
            return f"It does {name}, too: both will be on together"
        case Overlap.HOLDS:
            return f"It holds {control_words(clash.binding)}, which does {name}: both will be on together"
        case Overlap.WITHIN:
            return f"It is part of {control_words(clash.binding)}, which does {name}: that will do both"


def _axis_words(control: str, direction: str) -> str:
    stick, positive, negative, both = _AXIS_WORDS[control]
    return f"{stick} {positive if direction == 'positive' else negative if direction == 'negative' else both}"
