"""Bindings: which control of a pad, keyboard or mouse does an action, and how.

`button`, `axis`, `stick`, `trigger` and `combo` mean what they mean in LeGamer's profiles. `key`, `mouse_button`,
`mouse_motion` and `mouse_wheel` are Playloom's. What each can feed stands in `feeds`; what it yields, in
`playloom.actions.encode`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from playloom.controls import AXES, BUTTON_IDS, KEY_NAMES, KEYS, MOUSE_BUTTON_IDS, SCANCODES, STICKS, TRIGGERS
from playloom.game_definition import ActionKind
from playloom.yaml_files import Default, YamlValue, did_you_mean

DEFAULT_THRESHOLD = 0.5
AXIS_BUTTON_THRESHOLD = 0.5
"""Where an axis counts as a pressed button within a combo, inclusive."""
SIDES = ("positive", "negative", "any")
PUSHES = ("positive", "negative", "left", "right", "up", "down")
MAX_SCALE = 1e6


@dataclass(frozen=True, kw_only=True)
class ButtonBinding:
    """A gamepad button while it is held.

    Attributes:
        control: one of `controls.BUTTONS`.
        direction: which way it pushes an analog action (positive, negative) or a vector2 action (left, right, up,
            down); None where it is simply on or off.
    """

    type: ClassVar[str] = "button"
    control: str
    direction: str | None = None


@dataclass(frozen=True, kw_only=True)
class AxisBinding:
    """A gamepad axis.

    Attributes:
        control: one of `controls.AXES`.
        direction: positive or negative: only that side counts, as a magnitude; any: both, signed.
    """

    type: ClassVar[str] = "axis"
    control: str
    direction: str = "any"


@dataclass(frozen=True, kw_only=True)
class StickBinding:
    """Both axes of a stick. Attributes: control: left_stick or right_stick."""

    type: ClassVar[str] = "stick"
    control: str


@dataclass(frozen=True, kw_only=True)
class TriggerBinding:
    """A trigger from its threshold on.

    Attributes:
        control: left_trigger or right_trigger.
        threshold: in (0, 1], inclusive.
    """

    type: ClassVar[str] = "trigger"
    control: str
    threshold: float = DEFAULT_THRESHOLD


@dataclass(frozen=True, kw_only=True)
class KeyBinding:
    """A key while it is held.

    Attributes:
        control: a name of `controls.KEYS`, or the scancode of a key that has none.
        direction: as for `ButtonBinding`.
    """

    type: ClassVar[str] = "key"
    control: str | int
    direction: str | None = None

    @property
    def scancode(self) -> int:
        return KEYS[self.control] if isinstance(self.control, str) else self.control


@dataclass(frozen=True, kw_only=True)
class MouseButtonBinding:
    """A mouse button while it is held.

    Attributes:
        control: left, middle, right, x1 or x2.
        direction: as for `ButtonBinding`.
    """

    type: ClassVar[str] = "mouse_button"
    control: str
    direction: str | None = None


@dataclass(frozen=True, kw_only=True)
class MouseMotionBinding:
    """The mouse's motion since the previous frame, in counts (x right, y down).

    Attributes:
        control: x, y, or xy for a vector2 action.
        scale: what a count is worth. May be negative.
        direction: for x and y as for `AxisBinding`, after scaling.
    """

    type: ClassVar[str] = "mouse_motion"
    control: str
    scale: float = 1.0
    direction: str = "any"


@dataclass(frozen=True, kw_only=True)
class MouseWheelBinding:
    """The wheel's motion since the previous frame, in notches (x right, y away from the player).

    Attributes:
        control: x or y.
        scale: what a notch is worth. May be negative.
        direction: as for `AxisBinding`, after scaling.
    """

    type: ClassVar[str] = "mouse_wheel"
    control: str
    scale: float = 1.0
    direction: str = "any"


@dataclass(frozen=True, kw_only=True)
class AxisButton:
    """An axis as a part of a combo: held from ±0.5 on, inclusive.

    Attributes:
        control: one of `controls.AXES`.
        direction: positive or negative. Triggers have none; on a stick's axis None means positive.
    """

    type: ClassVar[str] = "axis_button"
    control: str
    direction: str | None = None


ComboPart = ButtonBinding | AxisButton | KeyBinding | MouseButtonBinding


@dataclass(frozen=True, kw_only=True)
class ComboBinding:
    """Several controls held together.

    Attributes:
        controls: the parts, at least one, each a different control.
    """

    type: ClassVar[str] = "combo"
    controls: tuple[ComboPart, ...]


Binding = (
    ButtonBinding
    | AxisBinding
    | StickBinding
    | TriggerBinding
    | ComboBinding
    | KeyBinding
    | MouseButtonBinding
    | MouseMotionBinding
    | MouseWheelBinding
)


def feeds(binding: Binding, kind: ActionKind) -> bool:
    """Whether ``binding`` can give an action of ``kind`` a value; one that cannot yields 0."""
    match binding:
        case ButtonBinding() | KeyBinding() | MouseButtonBinding():
            if kind is ActionKind.ANALOG:
                return binding.direction in ("positive", "negative")
            if kind is ActionKind.VECTOR2:
                return binding.direction in ("left", "right", "up", "down")
            return kind is ActionKind.DIGITAL or not isinstance(binding, ButtonBinding)
        case AxisBinding():
            return kind in (ActionKind.DIGITAL, ActionKind.ANALOG)
        case StickBinding():
            return kind is ActionKind.VECTOR2
        case TriggerBinding():
            return kind in (ActionKind.DIGITAL, ActionKind.TRIGGER)
        case ComboBinding():
            return kind is ActionKind.DIGITAL
        case MouseMotionBinding(control="xy"):
            return kind is ActionKind.VECTOR2
        case MouseMotionBinding() | MouseWheelBinding():
            return kind in (ActionKind.DIGITAL, ActionKind.ANALOG)


def describe(binding: Binding | ComboPart) -> str:
    """A few words: "button south", "axis leftx negative", "combo left_trigger + east"."""
    if isinstance(binding, ComboBinding):
        return "combo " + " + ".join(describe(part).split(" ", 1)[1] for part in binding.controls)
    words = [binding.type, str(binding.control)]
    direction = getattr(binding, "direction", None)
    if direction not in (None, "any"):
        words.append(direction)
    if isinstance(binding, TriggerBinding):
        words.append(f"from {binding.threshold:g}")
    return " ".join(words)


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
