"""Each input as it reaches the file, for players who want to see that their controls are recorded (`--verbose`)."""

from __future__ import annotations

import struct
from pathlib import Path

from playloom.controls import AXES, BUTTONS, KEY_NAMES, MOUSE_BUTTONS
from playloom.recording.input_stream import MAX_MESSAGE_BYTES
from playloom.recording.session import INPUTS_FILE
from protos import trajectory_pb2

MOST_LINES = 50
"""At a look; a fast mouse makes a thousand a second, which nobody reads and the game would pay for."""

_LENGTH = struct.Struct("<I")


class InputTail:
    """Reads a session's inputs while they are written: what is shown is what is recorded, not what was meant to be."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._read_bytes = 0
        self._first_ns: int | None = None

    def new_lines(self, session: Path | None) -> list[str]:
        """What has come since the last call, one line a snapshot."""
        if session is None:
            return []
        path = session / INPUTS_FILE
        if self._file != path:
            self._file, self._read_bytes = path, 0
        try:
            with path.open("rb") as file:
                file.seek(self._read_bytes)
                content = file.read()
        except FileNotFoundError:  # thrown away meanwhile
            return []
        lines: list[str] = []
        begin = more = 0
        while begin + _LENGTH.size <= len(content):
            (size_bytes,) = _LENGTH.unpack_from(content, begin)
            end = begin + _LENGTH.size + size_bytes
            if end > len(content) or size_bytes > MAX_MESSAGE_BYTES:
                break
            if len(lines) < MOST_LINES:
                state = trajectory_pb2.GamepadState.FromString(content[begin + _LENGTH.size : end])
                lines.append(self._line(state))
            else:
                more += 1
            begin = end
        self._read_bytes += begin
        return [*lines, f"input and {more:,} more"] if more else lines

    def _line(self, state: trajectory_pb2.GamepadState) -> str:
        if self._first_ns is None:
            self._first_ns = state.monotonic_ns
        return f"input +{(state.monotonic_ns - self._first_ns) / 1e9:.3f} s  {describe_state(state)}"


def describe_state(state: trajectory_pb2.GamepadState) -> str:
    """What is held and moved, by its names: ``a+space  leftx 0.50  mouse +3 -1``; "nothing held" where nothing is."""
    held = [
        *(KEY_NAMES.get(key, f"key {key}") for key in state.pressed_keys),
        *(_name(BUTTONS, button, "button") for button in state.pressed_buttons),
        *(f"mouse {_name(MOUSE_BUTTONS, button, 'button')}" for button in state.pressed_mouse_buttons),
    ]
    parts = ["+".join(held)] if held else []
    parts += [f"{_name(AXES, axis, 'axis')} {value:+.2f}" for axis, value in enumerate(state.axes) if value]
    if state.mouse_dx or state.mouse_dy:
        parts.append(f"mouse {state.mouse_dx:+g} {state.mouse_dy:+g}")
    if state.wheel_dx or state.wheel_dy:
        parts.append(f"wheel {state.wheel_dx:+g} {state.wheel_dy:+g}")
    return "  ".join(parts) if parts else "nothing held"


def _name(names: tuple[str, ...], number: int, kind: str) -> str:
    return names[number] if number < len(names) and names[number] else f"{kind} {number}"
