"""Bindings in YAML files: how each type is read, with every mistake named, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from playloom.bindings import (
    PUSHES,
    SIDES,
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
    describe,
)
from playloom.controls import AXES, BUTTON_IDS, KEY_NAMES, KEYS, MOUSE_BUTTON_IDS, SCANCODES, STICKS, TRIGGERS
from playloom.yaml_files import YamlValue, did_you_mean
from playloom.yaml_saving import Default

MAX_SCALE = 1e6
"""What a count of the mouse may be worth; more is a slip."""


def parse_binding(value: YamlValue) -> Binding:
    """Read one item of a `bindings` list. Raises DefinitionError."""
    return _BINDINGS[value.require("type").choice(_BINDINGS, "binding type")](value)


def binding_content(binding: Binding | ComboPart) -> dict[str, Any]:
    """What a file says about ``binding``."""
    if isinstance(binding, ComboBinding):
        return {"type": "combo", "controls": [binding_content(part) for part in binding.controls]}
    content: dict[str, Any] = {"type": binding.type}
    for field in fields(binding):
        value = getattr(binding, field.name)
        written = value is None or value != field.default or isinstance(binding, AxisBinding | TriggerBinding)
        content[field.name] = value if written else Default(value=value)
    return content


def _control(value: YamlValue, names: Iterable[str], what: str) -> str:
    return value.require("control").choice(names, what)


def _direction(value: YamlValue, choices: tuple[str, ...]) -> str | None:
    direction = value.get("direction")
    return None if direction is None else direction.choice(choices, "direction")


def _parse_button(value: YamlValue) -> ButtonBinding:
    return ButtonBinding(control=_control(value, BUTTON_IDS, "button"), direction=_direction(value, PUSHES))


def _parse_axis(value: YamlValue) -> AxisBinding:
    return AxisBinding(control=_control(value, AXES, "axis"), direction=_direction(value, SIDES) or "any")


def _parse_stick(value: YamlValue) -> StickBinding:
    return StickBinding(control=_control(value, STICKS, "stick"))


def _parse_trigger(value: YamlValue) -> TriggerBinding:
    control = _control(value, TRIGGERS, "trigger")
    threshold = value.get("threshold")
    if threshold is None:
        return TriggerBinding(control=control)
    number = threshold.number()
    if not 0 < number <= 1:
        problem = f"the threshold {number:g} is out of range"
        raise threshold.error(problem, remedy="Write a number above 0 and up to 1, such as 0.5")
    return TriggerBinding(control=control, threshold=number)


def _parse_key(value: YamlValue) -> KeyBinding:
    control = value.require("control")
    direction = _direction(value, PUSHES)
    if isinstance(control.value, int) and not isinstance(control.value, bool):
        # A digit names its key; every other number is a scancode.
        number = control.value
        name = str(number) if 0 <= number <= 9 else KEY_NAMES.get(number)
        if name is None and not 0 < number < SCANCODES:
            remedy = f"Scancodes are from 1 to {SCANCODES - 1}; a key's name is easier to read"
            raise control.error(f"{number} is not a scancode", remedy=remedy)
        return KeyBinding(control=name or number, direction=direction)
    name = control.text().lower()
    if name not in KEYS:
        raise control.error(f"unknown key '{control.value}'", remedy=did_you_mean(name, KEYS))
    return KeyBinding(control=name, direction=direction)


def _parse_mouse_button(value: YamlValue) -> MouseButtonBinding:
    control = _control(value, MOUSE_BUTTON_IDS, "mouse button")
    return MouseButtonBinding(control=control, direction=_direction(value, PUSHES))


def _scale(value: YamlValue) -> float:
    scale = value.get("scale")
    if scale is None:
        return 1.0
    number = scale.number()
    if number == 0 or abs(number) > MAX_SCALE:
        raise scale.error(f"the scale {number:g} is out of range", remedy="Write a number other than 0, such as 0.01")
    return number


def _parse_mouse_motion(value: YamlValue) -> MouseMotionBinding:
    control = _control(value, ("x", "y", "xy"), "direction of motion")
    direction = _direction(value, SIDES) or "any"
    if control == "xy" and direction != "any":
        raise value.require("direction").error("xy has no direction", remedy="Remove it, or bind x or y")
    return MouseMotionBinding(control=control, scale=_scale(value), direction=direction)


def _parse_mouse_wheel(value: YamlValue) -> MouseWheelBinding:
    control = _control(value, ("x", "y"), "direction of the wheel")
    return MouseWheelBinding(control=control, scale=_scale(value), direction=_direction(value, SIDES) or "any")


def _parse_axis_button(value: YamlValue) -> AxisButton:
    control = _control(value, AXES, "axis")
    direction = _direction(value, ("positive", "negative"))
    return AxisButton(control=control, direction=None if control in TRIGGERS else direction)


def _without_direction(parse: Callable[[YamlValue], Any]) -> Callable[[YamlValue], Any]:
    def parse_part(value: YamlValue) -> Any:
        if value.get("direction") is not None:
            raise value.require("direction").error("a part of a combo has no direction", remedy="Remove it")
        return parse(value)

    return parse_part


def _parse_combo(value: YamlValue) -> ComboBinding:
    controls = value.require("controls")
    parts: list[ComboPart] = []
    for item in controls.items():
        part = _PARTS[item.require("type").choice(_PARTS, "part of a combo")](item)
        if part in parts:
            raise item.error(f"{describe(part)} is in this combo already", remedy="Remove it")
        parts.append(part)
    if not parts:
        raise controls.error("a combo needs its parts", remedy="Add '- {type: button, control: south}'")
    return ComboBinding(controls=tuple(parts))


_BINDINGS: dict[str, Callable[[YamlValue], Binding]] = {
    "button": _parse_button,
    "axis": _parse_axis,
    "stick": _parse_stick,
    "trigger": _parse_trigger,
    "combo": _parse_combo,
    "key": _parse_key,
    "mouse_button": _parse_mouse_button,
    "mouse_motion": _parse_mouse_motion,
    "mouse_wheel": _parse_mouse_wheel,
}
_PARTS: dict[str, Callable[[YamlValue], ComboPart]] = {
    "button": _without_direction(_parse_button),
    "axis_button": _parse_axis_button,
    "key": _without_direction(_parse_key),
    "mouse_button": _without_direction(_parse_mouse_button),
}
