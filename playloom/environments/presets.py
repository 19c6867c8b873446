"""What a player's keys and gamepad do in a game, by presets in YAML.

The same table is read in both directions: from what is held to the game's actions for everyone who plays, and from
the actions that an agent decides on to the keys or buttons that it presses for them. An agent's hands are on the
same keyboard as a person's, so its recording says truly what was held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from playloom.controls import AXES, AXIS_IDS, BUTTON_IDS, BUTTONS, KEY_NAMES, KEYS, TRIGGERS
from playloom.environments.held import AT_REST, HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.spec import EnvironmentSpec, Platform
from playloom.errors import PlayloomError
from playloom.yaml_files import YamlValue, did_you_mean, load_yaml

PACKAGED_PRESETS = Path(__file__).with_name("presets.yaml")
AXIS_THRESHOLD = 0.5
"""An axis is held from here on, inclusive."""


@dataclass(frozen=True, kw_only=True)
class AxisDirection:
    """An axis pushed one way.

    Attributes:
        axis: SDL's id.
        sign: 1 or -1.
    """

    axis: int
    sign: int

    @property
    def description(self) -> str:
        """For a person: ``left stick up``, ``right trigger``."""
        name = AXES[self.axis]
        if name in TRIGGERS:
            return name.replace("_", " ")
        side, way = name[:-1], ("left", "right") if name.endswith("x") else ("up", "down")
        return f"{side} stick {way[self.sign > 0]}"


@dataclass(frozen=True, kw_only=True)
class Controls:
    """Everything that does one action; the first of each device is what agents press.

    Attributes:
        keys: SDL scancodes.
        buttons: SDL gamepad button ids.
        axes: directions of sticks, and triggers.
    """

    keys: tuple[int, ...] = ()
    buttons: tuple[int, ...] = ()
    axes: tuple[AxisDirection, ...] = ()

    def are_held(self, held: HeldControls) -> bool:
        return (
            not held.keys.isdisjoint(self.keys)
            or not held.buttons.isdisjoint(self.buttons)
            or any(held.axes[way.axis] * way.sign >= AXIS_THRESHOLD for way in self.axes)
        )

    def names(self, device: InputDevice) -> list[str]:
        """What to show a person, such as ``["up", "w"]``."""
        if device is InputDevice.KEYBOARD:
            return [KEY_NAMES[key] for key in self.keys]
        return [BUTTONS[button] for button in self.buttons] + [way.description for way in self.axes]


@dataclass(frozen=True, kw_only=True)
class PresetEntry:
    """One action's controls, and where they stand in the file."""

    controls: Controls
    value: YamlValue


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What does each action of one game.

    Attributes:
        actions: the controls by action id, in the order of the environment's actions.
    """

    actions: Mapping[str, Controls]

    def actions_of(self, held: HeldControls) -> frozenset[str]:
        """The actions that are held."""
        return frozenset(action for action, controls in self.actions.items() if controls.are_held(held))

    def press(self, actions: Iterable[str], device: InputDevice) -> HeldControls:
        """What an agent holds for ``actions``; an action without a control of ``device`` is not done."""
        keys: set[int] = set()
        buttons: set[int] = set()
        axes = list(AT_REST)
        for action in actions:
            controls = self.actions[action]
            if device is InputDevice.KEYBOARD:
                keys.update(controls.keys[:1])
            elif controls.buttons:
                buttons.add(controls.buttons[0])
            elif controls.axes:
                axes[controls.axes[0].axis] = float(controls.axes[0].sign)
        return HeldControls(keys=frozenset(keys), buttons=frozenset(buttons), axes=tuple(axes))


def user_presets() -> Path:
    """Where a user's own presets are looked for."""
    import platformdirs

    return Path(platformdirs.user_config_dir("playloom")) / "presets.yaml"


def preset_files(chosen: Path | None) -> tuple[Path, ...]:
    """The files that change the packaged presets: the one chosen, or else the user's own where there is one."""
    if chosen is not None:
        return (chosen.resolve(),)
    own = user_presets()
    return (own,) if own.is_file() else ()


def load_preset(spec: EnvironmentSpec, files: Sequence[Path] = ()) -> Preset:
    """The preset of a game: the packaged one, changed by ``files`` in their order.

    Raises:
        DefinitionError: a file is not valid, with the place.
        PlayloomError: no action of the game has a control.
    """
    system = spec.environment_id.rpartition("-v")[0].rpartition("-")[2].lower()
    sections = [spec.platform.value, f"{spec.platform}-{system}", spec.game_id]
    found: dict[str, Controls] = {}
    for file in (PACKAGED_PRESETS, *files):
        content = load_preset_file(file)
        for section in sections:
            for action, entry in content.get(section, {}).items():
                if action in spec.action_names:
                    found[action] = entry.controls
                elif section == spec.game_id:
                    raise entry.value.error(
                        f"{spec.game_id} has no action '{action}'", remedy=did_you_mean(action, spec.action_names)
                    )
    actions = {name: found[name] for name in spec.action_names if name in found}
    if not any(controls != Controls() for controls in actions.values()):
        raise PlayloomError(
            f"no preset says what keys play {spec.environment_id}",
            remedy=f"Write a section '{spec.game_id}' with the actions {', '.join(spec.action_names)} into "
            f"{user_presets()}",
        )
    return Preset(actions=MappingProxyType(actions))


def load_preset_file(file: Path) -> dict[str, dict[str, PresetEntry]]:
    """The sections of a preset file: entries by action id.

    Raises:
        DefinitionError: the file is not valid, with the place.
    """
    sections: dict[str, dict[str, PresetEntry]] = {}
    for section, actions in _table(load_yaml(file)).items():
        if section.partition("-")[0] not in set(Platform):
            raise actions.error(
                f"'{section}' is neither a platform nor a game", remedy=f"Sections begin with {', '.join(Platform)}"
            )
        sections[section] = {
            action: PresetEntry(controls=_controls(value), value=value) for action, value in _table(actions).items()
        }
    return sections


def _table(value: YamlValue) -> dict[str, YamlValue]:
    if not isinstance(value.value, dict):
        raise value.error("is not a table of names")
    return value.value


def _controls(value: YamlValue) -> Controls:
    table = _table(value)
    for kind in table:
        if kind not in ("keys", "buttons", "axes"):
            raise value.error(f"'{kind}' is not known", remedy="Use keys, buttons and axes")
    axes = {name + sign: (axis, int(f"{sign}1")) for name, axis in AXIS_IDS.items() for sign in "+-"}
    ways = [axes[name] for name in _names(table, "axes", axes)]
    return Controls(
        keys=tuple(KEYS[name] for name in _names(table, "keys", KEYS)),
        buttons=tuple(BUTTON_IDS[name] for name in _names(table, "buttons", BUTTON_IDS)),
        axes=tuple(AxisDirection(axis=axis, sign=sign) for axis, sign in ways),
    )


def _names(table: dict[str, YamlValue], kind: str, known: Iterable[str]) -> list[str]:
    if kind not in table:
        return []
    if not isinstance(table[kind].value, list):
        raise table[kind].error("is not a list of names")
    names: list[str] = []
    for item in table[kind].value:
        name = str(item.value)
        if name not in known:
            raise item.error(f"there is no '{name}' among the {kind}", remedy=did_you_mean(name, known))
        names.append(name)
    return names
