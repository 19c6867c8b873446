"""What the wizard draws: the list of actions, an action's value, and everything that is held."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from capture_node.mapping.bars import bar, signed_number
from capture_node.mapping.gestures import GestureReader
from capture_node.mapping.walk import MappingWalk
from capture_node.mapping.words import action_name, control_words
from playloom.bindings import Binding, TriggerBinding
from playloom.controls import AXES, TRIGGERS
from playloom.game_definition import ActionKind

LIST_WIDTH = 26
"""Characters of a line in the list of actions."""

_AXIS_LABELS = dict(zip(AXES, ("L ↔", "L ↕", "R ↔", "R ↕", "LT", "RT"), strict=True))


def plain(text: str) -> str:
    """``text`` for a line of markup."""
    return text.replace("[", r"\[")


def action_list(walk: MappingWalk) -> Text:
    """One line an action: where the player is, and which are mapped (✓), skipped (–) or open."""
    text = Text()
    last_class = None
    for stop in walk.stops:
        if stop.action_class.id != last_class and len(walk.profile.class_ids) > 1:
            last_class = stop.action_class.id
            text.append(f"{stop.action_class.label or stop.action_class.id}\n", "dim bold")
        here = stop is walk.current
        if walk.profile.bindings.get(stop.action.id):
            sign, style = "✓", "green"
        elif stop.action.id in walk.profile.skipped:
            sign, style = "–", "dim"
        else:
            sign, style = ("•" if stop.action.required else "·"), ""
        line = f"{'▸' if here else ' '} {sign} {action_name(stop)}"
        text.append(line[:LIST_WIDTH] + "\n", f"bold reverse {style}" if here else style)
    return text


def line_of(walk: MappingWalk, number: int) -> int:
    """Where in `action_list` the action with this number stands, from 0."""
    classes = {stop.action_class.id for stop in walk.stops[: number + 1]}
    return number + (len(classes) if len(walk.profile.class_ids) > 1 else 0)


def value_bar(kind: ActionKind, values: Sequence[float], bindings: Sequence[Binding], reader: GestureReader) -> Text:
    """An action's value now, as a dataset would have it; for triggers with their threshold."""
    triggers = [one for one in bindings if isinstance(one, TriggerBinding)]
    match kind:
        case ActionKind.DIGITAL | ActionKind.TRIGGER:
            text = Text("● on " if values[0] else "○ off ", "bold green" if values[0] else "dim")
            if triggers:
                pulled = max(reader.axes[one.control] for one in triggers)
                text = bar(pulled, width=24, signed=False, threshold=min(one.threshold for one in triggers)).append(" ")
                if kind is ActionKind.DIGITAL:
                    text.append("● on" if values[0] else "○ off", "bold green" if values[0] else "dim")
            return text.append(f"{values[0]:.2f}") if kind is ActionKind.TRIGGER else text
        case ActionKind.ANALOG:
            return bar(values[0], width=25, signed=True).append(f" {signed_number(values[0])}")
        case ActionKind.VECTOR2:
            lines = [
                Text(f"{name} ").append_text(bar(value, width=25, signed=True)).append(f" {signed_number(value)}")
                for name, value in zip("xy", values, strict=True)
            ]
            return Text("\n").join(lines)


def held_panel(reader: GestureReader, motion: Sequence[float], problems: Sequence[str]) -> Text:
    """The pads, what cannot be listened to, all axes, and what is held."""
    pads = ", ".join(reader.pads.values())
    text = Text(f"{pads}\n" if pads else "" if problems else "No gamepad is plugged in\n", "dim")
    for problem in problems:
        text.append(f"! {problem}\n", "yellow")
    for place, axis in enumerate(AXES):
        value = reader.axes[axis]
        text.append(f"{_AXIS_LABELS[axis]:<4}", "dim")
        text.append_text(bar(value, width=11, signed=axis not in TRIGGERS, style="cyan"))
        text.append(f" {signed_number(value)}", "" if abs(value) >= 0.005 else "dim")
        text.append("   " if place % 2 == 0 else "\n")
    held = " + ".join(control_words(one) for one in reader.held) or "nothing held"
    text.append(held, "cyan" if reader.held else "dim")
    if any(motion):
        text.append("   mouse ", "dim").append(f"{motion[0]:+.0f} {motion[1]:+.0f}", "cyan")
    return text
