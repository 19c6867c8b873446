"""How fast a recording's inputs are read and become actions."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.harness import Row, Settings, figure, in_turns, main, seconds_of
from playloom.actions.align import align_inputs
from playloom.actions.layout import layout_of
from playloom.controls import BUTTONS
from playloom.game_definition import GameDefinition, load_game_definition
from playloom.mapping_profile import MappingProfile, load_mapping_profile
from playloom.recording.input_stream import InputSnapshot, encode_snapshot, read_input_blocks, read_inputs
from playloom.recording.input_table import InputTable
from protos.trajectory_pb2 import GamepadState

ACTIONS = 40
FRAME_NS = 16_666_667


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    with tempfile.TemporaryDirectory() as directory:
        yield from _read_rows(settings, Path(directory) / "actions.bin")
        yield from _encode_rows(settings, Path(directory))


def _read_rows(settings: Settings, path: Path) -> Iterator[Row]:
    count = 100_000 if settings.quick else 1_000_000
    _write_inputs(path, count)
    best = in_turns(
        {
            "ours": lambda: sum(len(block) for block in read_input_blocks(path)),
            "protobuf": lambda: _read_with_protobuf(path),
            "bytes": path.read_bytes,
        },
        rounds=3,
    )
    rate = count / best["ours"]
    limit = f"read() of the file {count / best['bytes']:,.0f} snapshots/s"
    yield figure("actions.bin read", rate, "snapshots/s", limit=limit, at_least=400_000)
    peer = f"protobuf, message by message {count / best['protobuf']:,.0f} snapshots/s"
    yield figure("actions.bin read / protobuf", best["protobuf"] / best["ours"], "× peer", peer=peer)


def _encode_rows(settings: Settings, directory: Path) -> Iterator[Row]:
    frames = 100_000 if settings.quick else 1_000_000
    game, profile = _forty_actions(directory)
    layout = layout_of(game, profile.class_ids)
    path = directory / "encode.bin"
    _write_inputs(path, frames)
    table, _ = read_inputs(path)
    times_ns = np.arange(frames, dtype=np.int64) * FRAME_NS
    blocks = [table[start : start + 65536] for start in range(0, frames, 65536)]
    best = in_turns(
        {
            "ours": lambda: align_inputs(blocks, times_ns, layout, profile),
            "copy": lambda: np.zeros((frames, layout.width), np.float32) + 1,
        },
        rounds=3,
    )
    name = f"{frames:,} frames × {ACTIONS} actions aligned and encoded"
    limit = f"NumPy filling the vectors once {best['copy']:.3f} s"
    yield figure(name, best["ours"], "s", limit=limit, at_most=2.0 * frames / 1_000_000)
    one_by_one = _encode_one_by_one(table, min(frames, 20_000)) * frames
    yield figure(
        "encoding / frame by frame",
        one_by_one / best["ours"],
        "× peer",
        peer=f"the digital actions in a Python loop {one_by_one:.1f} s",
    )


def _write_inputs(path: Path, count: int) -> None:
    """A player who moves both sticks all the time and holds some buttons and keys."""
    chance = random.Random(1)
    buttons = keys = frozenset[int]()
    with path.open("wb") as file:
        for number in range(count):
            if number % 10 == 0:
                buttons = frozenset(chance.sample(range(len(BUTTONS)), 3))
                keys = frozenset(chance.sample(range(4, 100), 2))
            sticks = tuple(chance.uniform(-1, 1) for _ in range(4))
            snapshot = InputSnapshot(
                monotonic_ns=number * FRAME_NS, axes=(*sticks, 0.0, chance.random()), buttons=buttons, keys=keys
            )
            file.write(encode_snapshot(snapshot))


def _read_with_protobuf(path: Path) -> int:
    """What everyone writes first."""
    content = path.read_bytes()
    at = count = 0
    state = GamepadState()
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        state.ParseFromString(content[at + 4 : at + 4 + length])
        _ = state.monotonic_ns, list(state.axes), set(state.pressed_buttons), set(state.pressed_keys)
        at += 4 + length
        count += 1
    return count


def _forty_actions(directory: Path) -> tuple[GameDefinition, MappingProfile]:
    """A game of 40 actions of all kinds, most of them with two bindings."""
    sticks = [("move", "left_stick"), ("look", "right_stick")]
    triggers = [("brake", "left_trigger"), ("accelerate", "right_trigger")]
    analog = [("lean", "leftx"), ("climb", "righty")]
    digital = ACTIONS - len(sticks) - len(triggers) - len(analog)
    actions = [f"      - {{id: {name}, kind: vector2}}" for name, _ in sticks]
    actions += [f"      - {{id: {name}, kind: trigger}}" for name, _ in triggers]
    actions += [f"      - {{id: {name}, kind: analog}}" for name, _ in analog]
    actions += [f"      - {{id: press_{number}, kind: digital}}" for number in range(digital)]
    bindings = [f"  {name}: {{bindings: [{{type: stick, control: {control}}}]}}" for name, control in sticks]
    bindings += [
        f"  {name}: {{bindings: [{{type: trigger, control: {control}, threshold: 0.5}}]}}" for name, control in triggers
    ]
    bindings += [f"  {name}: {{bindings: [{{type: axis, control: {control}}}]}}" for name, control in analog]
    for number in range(digital):
        button, other = BUTTONS[number % len(BUTTONS)], BUTTONS[(number + 7) % len(BUTTONS)]
        parts = f"[{{type: button, control: {other}}}, {{type: axis_button, control: leftx, direction: positive}}]"
        bindings.append(
            f"  press_{number}: {{bindings: [{{type: button, control: {button}}}, {{type: combo, controls: {parts}}}]}}"
        )
    game_path, profile_path = directory / "game.yaml", directory / "profile.yaml"
    head = "game_id: many\ndisplay_name: Many\nclasses:\n  - id: default\n    actions:\n"
    game_path.write_text(head + "\n".join(actions) + "\n")
    head = "game_id: many\nclass_ids: [default]\nprofile_name: pad\ncomplete: true\nactions:\n"
    profile_path.write_text(head + "\n".join(bindings) + "\n")
    game = load_game_definition(game_path)
    return game, load_mapping_profile(profile_path, game)


def _encode_one_by_one(table: InputTable, frames: int) -> float:
    """Seconds a frame of a plain loop over frames and digital actions."""
    buttons, axes = table.buttons[:frames].tolist(), table.axes[:frames].tolist()
    digital = range(ACTIONS - 6)

    def encode() -> list[list[float]]:
        return [
            [float(held >> number % 21 & 1 or (held >> (number + 7) % 21 & 1 and axis[0] >= 0.5)) for number in digital]
            for held, axis in zip(buttons, axes, strict=True)
        ]

    return seconds_of(encode) / frames


if __name__ == "__main__":
    main("bench.recording", __doc__, rows)
