"""Recordings as VPT's contractors' were published: NAME.mp4 at 20 frames a second, NAME.jsonl with one line a frame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.numbered_sessions import NumberedVideo, write_numbered_video

FIRST_MS = 1_630_000_000_000


def vpt_line(number: int, **changes: Any) -> dict[str, Any]:
    """What the recorder says of a frame in which nothing is held. ``changes`` go into the part that has the key."""
    line: dict[str, Any] = {
        "mouse": {
            "x": 640.0, "y": 360.0, "dx": 0.0, "dy": 0.0, "scaledX": 0.0, "scaledY": 0.0, "buttons": [],
            "newButtons": [],
        },
        "keyboard": {"keys": [], "newKeys": [], "chars": ""},
        "isGuiOpen": False, "isGuiInventory": False, "hotbar": 0, "yaw": -12.5, "pitch": 3.0,
        "xpos": 1.5, "ypos": 64.0, "zpos": -8.25, "tick": number, "milli": FIRST_MS + 50 * number,
        "inventory": [{"type": "oak_log", "quantity": 3}], "serverTick": 100 + number, "stats": {},
    }  # fmt: skip
    for key, value in changes.items():
        section = next((part for part in ("mouse", "keyboard") if key in line[part]), None)
        (line if section is None else line[section])[key] = value
    return line


def write_vpt_recording(
    directory: Path,
    name: str,
    changes: Mapping[int, Mapping[str, Any]],
    *,
    frames: int = 40,
    lines: int | None = None,
    video: NumberedVideo | None = None,
) -> Path:
    """Write a recording; its .jsonl.

    Args:
        directory: of both files.
        name: of both, without suffix.
        changes: by frame, what differs from nothing being held.
        frames: of the video, which shows each frame's number.
        lines: of the .jsonl; as many as frames where None.
        video: how it is encoded.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_numbered_video(
        directory / f"{name}.mp4",
        range(frames),
        [number * 50_000_000 for number in range(frames)],
        video or NumberedVideo(width=160, height=90, movflags="faststart"),
        20,
    )
    path = directory / f"{name}.jsonl"
    write_lines(path, [vpt_line(number, **changes.get(number, {})) for number in range(lines or frames)])
    return path


def write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
