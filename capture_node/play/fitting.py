"""Whether a policy fits an environment, and by which controls it is pressed there."""

from __future__ import annotations

from dataclasses import replace

from playloom.environments.courier.environment import CourierEnvironment, input_of
from playloom.environments.definitions import CLASS_ID, bindings_of, mapping_profile_of
from playloom.environments.environment import Environment
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset
from playloom.environments.spec import EnvironmentSpec
from playloom.mapping_profile import MappingProfile
from playloom.play.errors import PlayError
from playloom.play.policy_facts import PolicyFacts


def fitting_fps(facts: PolicyFacts, spec: EnvironmentSpec) -> int:
    """The rate at which both play.

    Raises:
        PlayError: the policy plays another game, or at another rate.
    """
    if facts.game_id != spec.game_id:
        raise PlayError(
            f"{facts.label} plays {facts.game_id}, and this is {spec.game_id}",
            remedy=f"Serve a policy that was trained on {spec.game_id}, or play {facts.game_id}",
        )
    fps = max(1, round(spec.steps_per_second))
    if fps == facts.fps:
        return fps
    skip = round(spec.native_fps / facts.fps)
    fits = skip >= 1 and round(spec.native_fps / skip) == facts.fps
    raise PlayError(
        f"{facts.label} plays at {facts.fps} frames a second, and {spec.environment_id} at {fps}",
        remedy=f"Play with --frame-skip {skip}" if fits else "Serve a policy that was trained at this rate",
    )


def both_devices(spec: EnvironmentSpec, preset: Preset, device: InputDevice) -> MappingProfile:
    """A profile that presses one device and knows what the other means, so that a person may play beside on either."""
    profile = mapping_profile_of(spec, preset, device, "play")
    if profile.class_ids != (CLASS_ID,) or not preset.actions or spec.game_id == "courier":
        return profile
    other = InputDevice.GAMEPAD if device is InputDevice.KEYBOARD else InputDevice.KEYBOARD
    return replace(
        profile,
        bindings={
            action: (*bindings_of(controls, device), *bindings_of(controls, other))
            for action, controls in preset.actions.items()
        },
    )


def as_pad(environment: Environment, preset: Preset, held: HeldControls) -> HeldControls:
    """Keys as the pad that Courier knows, so that sticks of an agent beside them keep how far they are pushed."""
    if not held.keys or not isinstance(environment, CourierEnvironment):
        return held
    return environment.game.buttons.press(input_of(preset.actions_of(held)))
