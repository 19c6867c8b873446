"""What an action's value is right now: by the very code that turns recordings into datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from capture_node.mapping.gestures import GestureReader
from playloom.actions.encode import Inputs, encode_actions
from playloom.actions.layout import ActionLayout, Slot
from playloom.bindings import Binding, ButtonBinding, KeyBinding, MouseButtonBinding
from playloom.controls import AXES, BUTTON_IDS, MOUSE_BUTTON_IDS
from playloom.game_definition import ActionDefinition


def current_inputs(reader: GestureReader, motion: Sequence[float]) -> Inputs:
    """One moment: what ``reader`` knows to be held, and what mouse and wheel moved up to it."""
    buttons = mouse_buttons = 0
    keys = np.zeros((8, 1), np.uint64)
    for control in reader.held:
        match control:
            case ButtonBinding():
                buttons |= 1 << BUTTON_IDS[control.control]
            case MouseButtonBinding():
                mouse_buttons |= 1 << MOUSE_BUTTON_IDS[control.control]
            case KeyBinding():
                word, bit = divmod(control.scancode, 64)
                keys[word, 0] |= np.uint64(1 << bit)
            case _:
                pass  # axes have values of their own
    return Inputs(
        axes=np.array([[reader.axes[axis]] for axis in AXES], np.float32),
        buttons=np.array([buttons], np.uint32),
        keys=keys,
        mouse_buttons=np.array([mouse_buttons], np.uint32),
        motion=np.array(motion, np.float32).reshape(4, 1),
    )


def current_actions(inputs: Inputs, layout: ActionLayout, bindings: Mapping[str, Sequence[Binding]]) -> list[float]:
    """The action vector of one moment."""
    return encode_actions(inputs, layout, bindings)[:, 0].tolist()


def current_value(inputs: Inputs, action: ActionDefinition, bindings: Sequence[Binding]) -> list[float]:
    """What ``action`` would be with ``bindings`` at one moment: one value, or x and y."""
    size = len(action.slot_names)
    layout = ActionLayout(
        slots=(Slot(action_id=action.id, start=0, size=size, kind=action.kind),), game_id="", class_ids=()
    )
    return current_actions(inputs, layout, {action.id: bindings})
