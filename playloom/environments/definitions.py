"""A game's actions and a player's controls as the files that `playloom convert` takes, made from presets."""

from __future__ import annotations

from playloom.controls import AXES, BUTTONS, KEY_NAMES, TRIGGERS
from playloom.environments.courier.definition import courier_definition, courier_profile
from playloom.environments.courier.environment import HIDDEN_MAP
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import AXIS_THRESHOLD, Controls, Preset
from playloom.environments.spec import EnvironmentSpec, Platform
from playloom.game_definition import ActionClass, ActionDefinition, ActionKind, GameDefinition
from playloom.mapping_profile import (
    AxisButton,
    Binding,
    ButtonBinding,
    ComboBinding,
    KeyBinding,
    MappingProfile,
    TriggerBinding,
)

CLASS_ID = "default"


def game_definition_of(spec: EnvironmentSpec) -> GameDefinition:
    """The game's actions, all digital but Courier's: keys and pad buttons are what these games know."""
    if spec.platform is Platform.COURIER:
        return courier_definition()
    actions = tuple(
        ActionDefinition(id=name, label=name.replace("_", " ").capitalize(), kind=ActionKind.DIGITAL)
        for name in spec.action_names
    )
    title = spec.game_id.partition("-")[2].replace("-", " ").title()
    return GameDefinition(
        game_id=spec.game_id,
        display_name=title,
        classes=(ActionClass(id=CLASS_ID, label="Default", actions=actions),),
    )


def mapping_profile_of(spec: EnvironmentSpec, preset: Preset, device: InputDevice, profile_name: str) -> MappingProfile:
    """What the preset says for one device: an action of the dataset is on exactly when the game's action was."""
    if spec.platform is Platform.COURIER:
        return courier_profile(profile_name, hidden_seed=spec.seed if spec.mode == HIDDEN_MAP else None)
    bindings = {action: bindings_of(controls, device) for action, controls in preset.actions.items()}
    return MappingProfile(
        game_id=spec.game_id,
        class_ids=(CLASS_ID,),
        profile_name=profile_name,
        complete=True,
        bindings={action: found for action, found in bindings.items() if found},
        skipped=frozenset(name for name in spec.action_names if not bindings.get(name)),
    )


def bindings_of(controls: Controls, device: InputDevice) -> tuple[Binding, ...]:
    if device is InputDevice.KEYBOARD:
        return tuple(KeyBinding(control=KEY_NAMES[key]) for key in controls.keys)
    found: list[Binding] = [ButtonBinding(control=BUTTONS[button]) for button in controls.buttons]
    for way in controls.axes:
        axis = AXES[way.axis]
        if axis in TRIGGERS:
            found.append(TriggerBinding(control=axis, threshold=AXIS_THRESHOLD))
        else:
            direction = "positive" if way.sign > 0 else "negative"
            # An axis alone is on as soon as it leaves zero; within a combo, from half way on, as in the presets.
            found.append(ComboBinding(controls=(AxisButton(control=axis, direction=direction),)))
    return tuple(found)
