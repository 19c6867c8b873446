"""One conversion in a process of its own, timed after start-up: ``python -m bench.convert_child JSON``.

The JSON object holds ``sessions`` and ``output`` (directories) and further options of `ConvertOptions` by name. It
prints a JSON object with the seconds that `convert_sessions` took and the frames that the dataset has.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import workers.run  # noqa: F401  (what a conversion imports is start-up)
from bench.doom_sessions import GAME_YAML, PROFILE_YAML
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile
from workers.convert import ConvertOptions, convert_sessions
from workers.options import VideoPath


def convert(arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert as the arguments say."""
    output = Path(arguments.pop("output"))
    game_path, profile_path = output.with_suffix(".game.yaml"), output.with_suffix(".profile.yaml")
    game_path.write_text(GAME_YAML)
    profile_path.write_text(PROFILE_YAML)
    game = load_game_definition(game_path)
    options = ConvertOptions(
        session_root=Path(arguments.pop("sessions")),
        game=game,
        profiles=(load_mapping_profile(profile_path, game),),
        output_root=output,
        repo_id="local/doom",
        task="Survive",
        video=VideoPath(arguments.pop("video")),
        size=tuple(arguments.pop("size", ())) or None,
        **arguments,
    )
    begin = time.perf_counter()
    report = convert_sessions(options)
    seconds = time.perf_counter() - begin
    assert not report.skipped, report.skipped
    return {"seconds": seconds, "frames": report.frames}


if __name__ == "__main__":
    print(json.dumps(convert(json.loads(sys.argv[1]))))
