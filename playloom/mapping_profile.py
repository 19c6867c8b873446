"""A mapping profile: how one player does the actions of a game, with which controls.

Files are LeGamer's. Its mapper has written the classes as one `class_id` and as a list `class_ids`: both are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playloom.binding_files import binding_content, parse_binding
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
    describe,
    feeds,
)
from playloom.controls import AXES
from playloom.errors import PlayloomError
from playloom.game_definition import ActionDefinition, ActionKind, GameDefinition, read_name
from playloom.yaml_files import YamlValue, did_you_mean, load_yaml, misspelt_keys, parse_yaml
from playloom.yaml_saving import Default, Keyed, replace_file, save_yaml

__all__ = [
    "AxisBinding",
    "AxisButton",
    "Binding",
    "ButtonBinding",
    "ComboBinding",
    "ComboPart",
    "KeyBinding",
    "MappingProfile",
    "MouseButtonBinding",
    "MouseMotionBinding",
    "MouseWheelBinding",
    "StickBinding",
    "TriggerBinding",
    "check_profile",
    "load_mapping_profile",
    "parse_mapping_profile",
    "save_mapping_profile",
]


@dataclass(frozen=True, kw_only=True)
class MappingProfile:
    """How one player plays one game.

    Attributes:
        game_id: the game that it is for.
        class_ids: the classes whose actions make the action vector, in its order.
        profile_name: the player's name for it.
        complete: whether the player says that nothing is left to map.
        bindings: by action id. Several bindings of one action are alternatives.
        skipped: actions that the player chose not to map: no warning about them.
        warnings: what `load_mapping_profile` found odd, each a sentence for the player.
    """

    game_id: str
    class_ids: tuple[str, ...]
    profile_name: str
    complete: bool = False
    bindings: Mapping[str, tuple[Binding, ...]] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bindings", MappingProxyType(dict(self.bindings)))

    def __hash__(self) -> int:
        return hash((self.game_id, self.class_ids, self.profile_name, tuple(sorted(self.bindings))))

    def __reduce__(self) -> Any:  # a mapping proxy cannot be pickled, and profiles travel to other processes
        names = ("game_id", "class_ids", "profile_name", "complete", "skipped", "warnings")
        arguments = {name: getattr(self, name) for name in names} | {"bindings": dict(self.bindings)}
        return _profile, (arguments,)


def _profile(arguments: dict[str, Any]) -> MappingProfile:
    return MappingProfile(**arguments)


def load_mapping_profile(path: Path, game: GameDefinition | None = None) -> MappingProfile:
    """Read a mapping profile and, if ``game`` is given, check it against the game.

    Raises:
        DefinitionError: naming the file, the line, the key, what is wrong there and what to do.
    """
    return _checked(load_yaml(path), game)


def parse_mapping_profile(text: str, file: Path, game: GameDefinition | None = None) -> MappingProfile:
    """The mapping profile in a text; ``file`` is what errors name. Raises as `load_mapping_profile`."""
    return _checked(parse_yaml(text, file), game)


def _checked(root: YamlValue, game: GameDefinition | None) -> MappingProfile:
    profile = _parse(root)
    warnings = _odd_thresholds(root, profile) + misspelt_keys(root)
    if game is not None:
        for keys, problem, remedy in _misfits(profile, game):
            raise _value_at(root, keys).error(problem, remedy=remedy)
        warnings += check_profile(profile, game)
    return replace(profile, warnings=warnings)


def check_profile(profile: MappingProfile, game: GameDefinition) -> tuple[str, ...]:
    """What is odd about ``profile`` for ``game``, each a sentence; none of it stops a conversion.

    Raises:
        PlayloomError: the profile is for another game, or names classes or actions that the game does not have.
    """
    for _, problem, remedy in _misfits(profile, game):
        raise PlayloomError(f"the mapping profile '{profile.profile_name}': {problem}", remedy=remedy)
    return tuple(_warnings(profile, game))


def save_mapping_profile(profile: MappingProfile, path: Path) -> None:
    """Write a mapping profile, all of it or nothing; comments and unknown keys of a file that is there are kept.

    Raises:
        DefinitionError: the profile is not valid, or what is there is not YAML.
        OutputError: the file cannot be written.
    """
    content = _content(profile)
    if len(profile.class_ids) == 1 and path.exists() and load_yaml(path).get("class_ids") is None:
        content |= {"class_id": profile.class_ids[0], "class_ids": None}  # as the file has it
    text = save_yaml(path, content)
    written = _parse(parse_yaml(text, path))
    assert written == profile, "a profile must load as it was saved"
    replace_file(path, text)


def _parse(root: YamlValue) -> MappingProfile:
    bindings: dict[str, tuple[Binding, ...]] = {}
    skipped = set()
    for action_id, value in root.get_mapping("actions").items():
        if value.value is None:
            bindings[action_id] = ()
            continue
        if value.get_flag("skipped", False):
            skipped.add(action_id)
        bindings[action_id] = tuple(parse_binding(item) for item in value.get_items("bindings"))
    return MappingProfile(
        game_id=read_name(root.require("game_id")),
        class_ids=_parse_class_ids(root),
        profile_name=root.require("profile_name").text(),
        complete=root.get_flag("complete", False),
        bindings=bindings,
        skipped=frozenset(skipped),
    )


def _parse_class_ids(root: YamlValue) -> tuple[str, ...]:
    one, several = root.get("class_id"), root.get("class_ids")
    if several is None:
        if one is None:
            raise root.error("'class_ids' is missing", remedy="Add 'class_ids: [default]' with the game's classes")
        return (read_name(one),)
    class_ids: list[str] = []
    for value in several.items():
        class_id = read_name(value)
        if class_id in class_ids:
            raise value.error(f"the class '{class_id}' is named twice", remedy="Name each class once")
        class_ids.append(class_id)
    if not class_ids:
        raise several.error("no class is named", remedy="Name the game's classes that you play, such as [default]")
    if one is not None and (one.text(),) != tuple(class_ids):
        raise one.error("'class_id' and 'class_ids' disagree", remedy="Remove 'class_id'")
    return tuple(class_ids)


def _value_at(root: YamlValue, keys: tuple[str, ...]) -> YamlValue:
    for key in keys:
        child = root.value[int(key)] if isinstance(root.value, list) else root.get(key)
        if child is None:  # class_id in place of class_ids
            return root
        root = child
    return root


def _misfits(profile: MappingProfile, game: GameDefinition) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The errors of a profile for a game, as (keys, problem, remedy)."""
    if profile.game_id != game.game_id:
        problem = f"it is for the game '{profile.game_id}', and the game definition is '{game.game_id}'"
        yield ("game_id",), problem, "Take the profile and the definition of the same game"
    class_ids = [one.id for one in game.classes]
    for place, class_id in enumerate(profile.class_ids):
        if class_id not in class_ids:
            problem = f"the game '{game.game_id}' has no class '{class_id}'"
            yield ("class_ids", str(place)), problem, did_you_mean(class_id, class_ids)
    action_ids = [action.id for action in game.actions]
    for action_id in profile.bindings:
        if action_id not in action_ids:
            problem = f"the game '{game.game_id}' has no action '{action_id}'"
            yield ("actions", action_id), problem, did_you_mean(action_id, action_ids)


def _warnings(profile: MappingProfile, game: GameDefinition) -> Iterator[str]:
    chosen = {action.id: action for one in game.classes if one.id in profile.class_ids for action in one.actions}
    for action_id, bindings in profile.bindings.items():
        action = chosen.get(action_id)
        if action is None:
            if bindings:
                yield f"{action_id}: belongs to a class that this profile does not name, and is left out"
            continue
        for binding in bindings:
            if not feeds(binding, action.kind):
                article = "an" if action.kind is ActionKind.ANALOG else "a"
                yield f"{action_id}: {describe(binding)} cannot feed {article} {action.kind} action and yields 0"
        yield from _unheard(action, bindings)
    for action in chosen.values():
        if action.required and not profile.bindings.get(action.id) and action.id not in profile.skipped:
            yield f"{action.id}: is required by the game and has no binding; it will be 0 throughout"


def _unheard(action: ActionDefinition, bindings: tuple[Binding, ...]) -> Iterator[str]:
    """Warnings for vector2 bindings that an earlier choice silences."""
    if action.kind is not ActionKind.VECTOR2:
        return
    useful = [binding for binding in bindings if feeds(binding, action.kind)]
    first = next((one for one in useful if isinstance(one, StickBinding)), None)
    first = first or next((one for one in useful if isinstance(one, MouseMotionBinding)), None)
    if first is not None:
        for binding in useful:
            if binding is not first:
                yield f"{action.id}: {describe(binding)} is never used, because {describe(first)} comes first"


def _odd_thresholds(root: YamlValue, profile: MappingProfile) -> tuple[str, ...]:
    """LeGamer's mapper keeps thresholds for combos that its converter does not apply; nor do we."""
    used = {
        part.control
        for bindings in profile.bindings.values()
        for binding in bindings
        if isinstance(binding, ComboBinding)
        for part in binding.controls
        if isinstance(part, AxisButton)
    }
    warnings = []
    for control, value in root.get_mapping("axis_button_thresholds").items():
        threshold = value.number()
        if control not in AXES:
            raise value.error(f"unknown axis '{control}'", remedy=did_you_mean(control, AXES))
        if not 0 < threshold <= 1:
            raise value.error(
                f"the threshold {threshold:g} is out of range", remedy="Write a number above 0 and up to 1"
            )
        if control in used and threshold != AXIS_BUTTON_THRESHOLD:
            warnings.append(
                f"axis_button_thresholds.{control}: {threshold:g} is not applied, combos take an axis at 0.5"
            )
    return tuple(warnings)


def _content(profile: MappingProfile) -> dict[str, Any]:
    actions = Keyed(
        {
            action_id: {
                "skipped": True if action_id in profile.skipped else Default(value=False),
                "bindings": [binding_content(binding) for binding in bindings],
            }
            for action_id, bindings in profile.bindings.items()
        }
    )
    return {
        "game_id": profile.game_id,
        "class_id": None,
        "class_ids": list(profile.class_ids),
        "profile_name": profile.profile_name,
        "complete": True if profile.complete else Default(value=False),
        "actions": actions,
    }
