"""A game definition: what can be done in a game, whoever plays it with whatever pad.

Files are LeGamer's: `game_id`, `display_name`, and classes (a character class, or just "default") each with its
actions. Keys that Playloom does not know are left alone, in reading and in writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from playloom.yaml_files import YamlValue, load_yaml, misspelt_keys, parse_yaml
from playloom.yaml_saving import Default, replace_file, save_yaml

MAX_NAME_LENGTH = 200


class ActionKind(StrEnum):
    """What an action's value looks like."""

    VECTOR2 = "vector2"
    """Two slots, x and y: walking, aiming."""
    DIGITAL = "digital"
    """0 or 1: jump, shoot."""
    ANALOG = "analog"
    """One signed value: steering."""
    TRIGGER = "trigger"
    """One value from 0 to 1: accelerating."""

    @property
    def slot_names(self) -> tuple[str, ...]:
        """What is added to the action's id to name each of its slots."""
        return (".x", ".y") if self is ActionKind.VECTOR2 else ("",)


@dataclass(frozen=True, kw_only=True)
class ActionDefinition:
    """One thing that a player can do.

    Attributes:
        id: the name that mapping profiles and datasets use.
        kind: what its value looks like.
        label: what to show to people, or None.
        description: more words about it, or None.
        required: whether a profile that does not map it is worth a warning.
    """

    id: str
    kind: ActionKind
    label: str | None = None
    description: str | None = None
    required: bool = False

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The names of its slots: ("move.x", "move.y") or ("jump",)."""
        return tuple(self.id + suffix for suffix in self.kind.slot_names)


@dataclass(frozen=True, kw_only=True)
class ActionClass:
    """A group of actions that a profile takes as a whole.

    Attributes:
        id: the name that profiles use.
        actions: in the order of the action vector.
        label: what to show to people, or None.
        description: more words about it, or None.
    """

    id: str
    actions: tuple[ActionDefinition, ...]
    label: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class GameDefinition:
    """All that can be done in a game.

    Attributes:
        game_id: the name that profiles, sessions and datasets use.
        display_name: what to show to people.
        classes: with unique ids, and with action ids that are unique across all of them.
        warnings: what `load_game_definition` found odd, each a sentence.
    """

    game_id: str
    display_name: str
    classes: tuple[ActionClass, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def actions(self) -> Iterator[ActionDefinition]:
        """Every action of every class."""
        return (action for one in self.classes for action in one.actions)


def load_game_definition(path: Path) -> GameDefinition:
    """Read a game definition.

    Raises:
        DefinitionError: naming the file, the line, the key, what is wrong there and what to do.
    """
    root = load_yaml(path)
    definition = _parse(root)
    return replace(definition, warnings=misspelt_keys(root))


def parse_game_definition(text: str, file: Path) -> GameDefinition:
    """The definition that a text holds; errors speak of it as ``file``.

    Raises:
        DefinitionError: as `load_game_definition`.
    """
    root = parse_yaml(text, file)
    return replace(_parse(root), warnings=misspelt_keys(root))


def save_game_definition(definition: GameDefinition, path: Path) -> None:
    """Write a game definition, all of it or nothing; comments and unknown keys of a file that is there are kept.

    Raises:
        DefinitionError: the definition is not valid (a duplicate id), or what is there is not YAML.
        OutputError: the file cannot be written.
    """
    text = save_yaml(path, _content(definition))
    written = _parse(parse_yaml(text, path))
    assert written == definition, "a definition must load as it was saved"
    replace_file(path, text)


def is_name(text: str) -> bool:
    """Whether an id may be called so, whatever its length."""
    is_line = text == text.strip() and text.isprintable()
    return is_line and "/" not in text and "\\" not in text and text not in ("", ".", "..")


def read_name(value: YamlValue) -> str:
    """An id: text that can stand in file names, column names and logs."""
    text = value.text()
    if not is_name(text):
        raise value.error(f"{text!r} cannot be a name", remedy="Use letters, digits, '_', '-' and '.'")
    if len(text) > MAX_NAME_LENGTH:
        raise value.error(f"the name has {len(text)} characters", remedy=f"Keep it under {MAX_NAME_LENGTH}")
    return text


def _parse(root: YamlValue) -> GameDefinition:
    game_id = read_name(root.require("game_id"))
    classes: list[ActionClass] = []
    class_lines: dict[str, int] = {}
    slot_lines: dict[str, int] = {}
    for value in root.require("classes").items():
        class_id = read_name(value.require("id"))
        _take(value.require("id"), class_id, class_lines, "class id")
        actions = tuple(_parse_action(action, slot_lines) for action in value.get_items("actions"))
        label, description = value.get_text("label"), value.get_text("description")
        classes.append(ActionClass(id=class_id, actions=actions, label=label, description=description))
    if not classes:
        raise root.require("classes").error("a game needs at least one class", remedy="Add '- id: default'")
    display_name = root.get_text("display_name") or game_id
    return GameDefinition(game_id=game_id, display_name=display_name, classes=tuple(classes))


def _parse_action(value: YamlValue, slot_lines: dict[str, int]) -> ActionDefinition:
    action_id = read_name(value.require("id"))
    kind = ActionKind(value.require("kind").choice(ActionKind, "kind"))
    action = ActionDefinition(
        id=action_id,
        kind=kind,
        label=value.get_text("label"),
        description=value.get_text("description"),
        required=value.get_flag("required", False),
    )
    for name in {action_id, *action.slot_names}:
        _take(value.require("id"), name, slot_lines, "action id")
    return action


def _take(value: YamlValue, name: str, lines: dict[str, int], what: str) -> None:
    if name in lines:
        problem = f"the {what} '{name}' is taken already (on line {lines[name]})"
        raise value.error(problem, remedy="Give each its own id, in all classes together")
    lines[name] = value.line


def _content(definition: GameDefinition) -> dict[str, Any]:
    return {
        "game_id": definition.game_id,
        "display_name": definition.display_name
        if definition.display_name != definition.game_id
        else Default(value=definition.game_id),
        "classes": [
            {
                "id": one.id,
                "label": one.label,
                "description": one.description,
                "actions": [
                    {
                        "id": action.id,
                        "label": action.label,
                        "kind": str(action.kind),
                        "description": action.description,
                        "required": True if action.required else Default(value=False),
                    }
                    for action in one.actions
                ],
            }
            for one in definition.classes
        ],
    }
