"""From the action vector to controls: what a hand holds so that the mapping profile reads these actions.

The opposite of `playloom.actions.encode`: each action by its first binding that can feed it. What several actions ask
of one control adds up to the wish that goes furthest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from playloom.actions.encode import Inputs, encode_actions
from playloom.actions.layout import ActionLayout, Slot, layout_of
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
    feeds,
)
from playloom.controls import AXES, AXIS_IDS, BUTTON_IDS, MOUSE_BUTTON_IDS, STICKS
from playloom.environments.held import HeldControls
from playloom.game_definition import ActionKind, GameDefinition
from playloom.mapping_profile import MappingProfile

HALF = 0.5
"""From here on a value means on, where a control knows only on and off."""

type Control = tuple[str, int]
"""A device's part and its number there: ("key", scancode), ("button", id), ("axis", id), ("motion", 0 for x), …"""


@dataclass
class _Hold:
    keys: set[int] = field(default_factory=set)
    buttons: set[int] = field(default_factory=set)
    axes: list[float] = field(default_factory=lambda: [0.0] * len(AXES))
    mouse_buttons: set[int] = field(default_factory=set)
    motion: list[float] = field(default_factory=lambda: [0.0, 0.0])
    wheel: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def push(self, axis: int, value: float) -> None:
        value = max(-1.0, min(1.0, value))  # a policy whose heads are of other kinds than the actions
        if abs(value) > abs(self.axes[axis]):
            self.axes[axis] = value

    def held(self) -> HeldControls:
        return HeldControls(
            keys=frozenset(self.keys),
            buttons=frozenset(self.buttons),
            axes=tuple(self.axes),
            mouse_buttons=frozenset(self.mouse_buttons),
            mouse_motion=(self.motion[0], self.motion[1]),
            wheel=(self.wheel[0], self.wheel[1]),
        )


class Pressing:
    """Presses actions by one player's profile, and reads back what controls mean by it.

    Args:
        game: the definition.
        profile: with the classes that make the vector.

    Attributes:
        layout: of the vector.
        actions: ids, in the vector's order.

    Raises:
        PlayloomError: the profile names a class that the game does not have.
    """

    def __init__(self, game: GameDefinition, profile: MappingProfile) -> None:
        self.layout: ActionLayout = layout_of(game, profile.class_ids)
        self.actions = tuple(slot.action_id for slot in self.layout.slots)
        self._profile = profile
        self._usable: Mapping[str, tuple[Binding, ...]] = {
            slot.action_id: tuple(one for one in profile.bindings.get(slot.action_id, ()) if feeds(one, slot.kind))
            for slot in self.layout.slots
        }
        self._controls = {action: frozenset(_controls(found)) for action, found in self._usable.items()}

    @property
    def unbound(self) -> tuple[str, ...]:
        """Actions that nothing can press."""
        return tuple(action for action, found in self._usable.items() if not found)

    def pressed_on(self, actions: Iterable[str]) -> frozenset[str]:
        """The kinds of controls ("key", "axis", …) that these actions are pressed by."""
        return frozenset(kind for action in actions for kind, _ in _controls(self._pressed_by(action)))

    def _pressed_by(self, action: str) -> tuple[Binding, ...]:
        """Its first binding; of keys that push a vector2 each way, all."""
        found = self._usable[action]
        return found if self.slot(action).kind is ActionKind.VECTOR2 else found[:1]

    def slot(self, action: str) -> Slot:
        """Where an action stands in the vector."""
        return next(slot for slot in self.layout.slots if slot.action_id == action)

    def press(self, values: NDArray[np.float32], actions: AbstractSet[str] | None = None) -> HeldControls:
        """What to hold for an action vector.

        Args:
            values: float32[layout.width].
            actions: only these; None: all.
        """
        hold = _Hold()
        for slot in self.layout.slots:
            if actions is not None and slot.action_id not in actions:
                continue
            bindings = self._usable[slot.action_id]
            if bindings:
                _press(hold, slot, values[slot.start : slot.start + slot.size], bindings)
        return hold.held()

    def read(self, held: HeldControls) -> NDArray[np.float32]:
        """The action vector of what is held: float32[layout.width]."""
        keys = np.zeros((8, 1), np.uint64)
        for key in held.keys:
            keys[key // 64, 0] |= np.uint64(1 << (key % 64))
        inputs = Inputs(
            axes=np.array(held.axes, np.float32)[:, None],
            buttons=np.array([sum(1 << button for button in held.buttons)], np.uint32),
            keys=keys,
            mouse_buttons=np.array([sum(1 << button for button in held.mouse_buttons)], np.uint32),
            motion=np.array([*held.mouse_motion, *held.wheel], np.float32)[:, None],
        )
        return encode_actions(inputs, self.layout, self._profile.bindings)[:, 0]

    def without(self, held: HeldControls, actions: AbstractSet[str]) -> HeldControls:
        """What stays held when nothing of these actions may be: controls that serve another action as well stay."""
        others: set[Control] = set()
        for action, controls in self._controls.items():
            if action not in actions:
                others |= controls
        taken = frozenset[Control]().union(*(self._controls[action] for action in actions)) - others

        def free(kind: str, ids: Iterable[int]) -> frozenset[int]:
            return frozenset(one for one in ids if (kind, one) not in taken)

        def still(kind: str, values: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(0.0 if (kind, place) in taken else value for place, value in enumerate(values))

        motion, wheel = still("motion", held.mouse_motion), still("wheel", held.wheel)
        return HeldControls(
            keys=free("key", held.keys),
            buttons=free("button", held.buttons),
            axes=still("axis", held.axes),
            mouse_buttons=free("mouse_button", held.mouse_buttons),
            mouse_motion=(motion[0], motion[1]),
            wheel=(wheel[0], wheel[1]),
        )


def both(one: HeldControls, other: HeldControls) -> HeldControls:
    """What two hands hold together; of an axis that both push, the one that is pushed further."""
    return HeldControls(
        keys=one.keys | other.keys,
        buttons=one.buttons | other.buttons,
        axes=tuple(max(pair, key=abs) for pair in zip(one.axes, other.axes, strict=True)),
        mouse_buttons=one.mouse_buttons | other.mouse_buttons,
        mouse_motion=(one.mouse_motion[0] + other.mouse_motion[0], one.mouse_motion[1] + other.mouse_motion[1]),
        wheel=(one.wheel[0] + other.wheel[0], one.wheel[1] + other.wheel[1]),
    )


def _controls(bindings: Iterable[Binding | ComboPart]) -> Iterable[Control]:
    for binding in bindings:
        match binding:
            case ButtonBinding():
                yield "button", BUTTON_IDS[binding.control]
            case KeyBinding():
                yield "key", binding.scancode
            case MouseButtonBinding():
                yield "mouse_button", MOUSE_BUTTON_IDS[binding.control]
            case AxisBinding() | AxisButton() | TriggerBinding():
                yield "axis", AXIS_IDS[binding.control]
            case StickBinding():
                yield from (("axis", AXIS_IDS[axis]) for axis in STICKS[binding.control])
            case ComboBinding():
                yield from _controls(binding.controls)
            case MouseMotionBinding():
                yield from (("motion", "xy".index(axis)) for axis in binding.control)
            case MouseWheelBinding():
                yield "wheel", "xy".index(binding.control)


def _press(hold: _Hold, slot: Slot, values: NDArray[np.float32], bindings: tuple[Binding, ...]) -> None:
    match slot.kind:
        case ActionKind.DIGITAL:
            if values[0] >= HALF:
                _press_digital(hold, bindings[0])
        case ActionKind.ANALOG:
            _press_analog(hold, float(values[0]), bindings)
        case ActionKind.TRIGGER:
            _press_trigger(hold, float(values[0]), bindings[0])
        case ActionKind.VECTOR2:
            _press_vector2(hold, float(values[0]), float(values[1]), bindings)


def _press_digital(hold: _Hold, binding: Binding | ComboPart) -> None:
    match binding:
        case ButtonBinding():
            hold.buttons.add(BUTTON_IDS[binding.control])
        case KeyBinding():
            hold.keys.add(binding.scancode)
        case MouseButtonBinding():
            hold.mouse_buttons.add(MOUSE_BUTTON_IDS[binding.control])
        case AxisBinding() | AxisButton():
            hold.push(AXIS_IDS[binding.control], -1.0 if binding.direction == "negative" else 1.0)
        case TriggerBinding():
            hold.push(AXIS_IDS[binding.control], 1.0)
        case ComboBinding():
            for part in binding.controls:
                _press_digital(hold, part)
        case MouseMotionBinding() | MouseWheelBinding():
            way = (-1.0 if binding.direction == "negative" else 1.0) * np.sign(binding.scale)
            (hold.motion if isinstance(binding, MouseMotionBinding) else hold.wheel)["xy".index(binding.control)] = way
        case StickBinding():
            raise AssertionError("a stick does not feed a digital action")


def _press_analog(hold: _Hold, value: float, bindings: tuple[Binding, ...]) -> None:
    for binding in bindings:
        match binding:
            case AxisBinding(direction="negative"):
                if value > 0:
                    hold.push(AXIS_IDS[binding.control], -value)
                return
            case AxisBinding(direction="positive"):
                hold.push(AXIS_IDS[binding.control], max(0.0, value))
                return
            case AxisBinding():
                hold.push(AXIS_IDS[binding.control], value)
                return
            case MouseMotionBinding() | MouseWheelBinding():
                moved = hold.motion if isinstance(binding, MouseMotionBinding) else hold.wheel
                counts = (-value if binding.direction == "negative" else value) / binding.scale
                moved["xy".index(binding.control)] = counts
                return
            case ButtonBinding() | KeyBinding() | MouseButtonBinding():
                if abs(value) >= HALF and (value < 0) == (binding.direction == "negative"):
                    _press_digital(hold, binding)
                    return
            case _:
                raise AssertionError(f"{binding.type} does not feed an analog action")


def _press_trigger(hold: _Hold, value: float, binding: Binding) -> None:
    if isinstance(binding, TriggerBinding):
        if value >= binding.threshold:
            hold.push(AXIS_IDS[binding.control], value)
    elif value >= HALF:
        _press_digital(hold, binding)


def _press_vector2(hold: _Hold, x: float, y: float, bindings: tuple[Binding, ...]) -> None:
    for binding in bindings:
        if isinstance(binding, StickBinding):
            for control, value in zip(STICKS[binding.control], (x, y), strict=True):
                hold.push(AXIS_IDS[control], value)
            return
    for binding in bindings:
        if isinstance(binding, MouseMotionBinding):
            hold.motion[:] = [x / binding.scale, y / binding.scale]
            return
    wished = {"left": x <= -HALF, "right": x >= HALF, "up": y <= -HALF, "down": y >= HALF}
    pressed: set[str | None] = set()
    for binding in bindings:
        assert isinstance(binding, ButtonBinding | KeyBinding | MouseButtonBinding)
        if binding.direction not in pressed and wished[str(binding.direction)]:
            pressed.add(binding.direction)
            _press_digital(hold, binding)
