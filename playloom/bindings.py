"""Bindings: which control of a pad, keyboard or mouse does an action, and how.

`button`, `axis`, `stick`, `trigger` and `combo` mean what they mean in LeGamer's profiles. `key`, `mouse_button`,
`mouse_motion` and `mouse_wheel` are Playloom's. What each can feed stands in `feeds`; what it yields, in
`playloom.actions.encode`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from playloom.controls import KEYS
from playloom.game_definition import ActionKind

DEFAULT_THRESHOLD = 0.5
AXIS_BUTTON_THRESHOLD = 0.5
"""Where an axis counts as a pressed button within a combo, inclusive."""
SIDES = ("positive", "negative", "any")
PUSHES = ("positive", "negative", "left", "right", "up", "down")


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
        control: a name of `controls.KEYS`, or the scancode of a key that has none. (In a file a lone digit is the
            name of its key and every other number a scancode.)
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
