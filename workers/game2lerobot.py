"""`game2lerobot`: the conversion under the name and with the flags that users of LeGamer know."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playloom.errors import PlayloomError

VERBOSITIES = ("debug", "info", "warning", "error", "critical")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="game2lerobot",
        description="Convert recorded gameplay sessions to one LeRobot dataset. "
        "'playloom convert' does the same and has more options.",
    )
    parser.add_argument("--session-root", type=Path, required=True, help="directory of session directories")
    parser.add_argument("--game-definition", type=Path, required=True, help="the game's actions (YAML)")
    parser.add_argument("--action-mapping", type=Path, required=True, help="the player's mapping profile (YAML)")
    parser.add_argument("--output-root", type=Path, required=True, help="the dataset's directory")
    parser.add_argument("--repo-id", required=True, help="the dataset's name, owner/name")
    parser.add_argument("--task", required=True, help="what the player does")
    parser.add_argument("--max-pre-action-seconds", type=float, help="frames to keep before the first input")
    parser.add_argument("--no-reencode", action="store_true", help="copy the videos; skip what cannot be copied")
    parser.add_argument("--strict", action="store_true", help="stop at the first invalid session")
    parser.add_argument("--verbosity", choices=VERBOSITIES, default="info", help="from warning on: errors only")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one conversion; returns the exit status."""
    parsed = build_parser().parse_args(arguments)
    try:
        from playloom.game_definition import load_game_definition
        from playloom.mapping_profile import load_mapping_profile
        from workers.convert import ConvertOptions, VideoPath
        from workers.run import run_conversion

        game = load_game_definition(parsed.game_definition)
        options = ConvertOptions(
            session_root=parsed.session_root,
            game=game,
            profiles=(load_mapping_profile(parsed.action_mapping, game),),
            output_root=parsed.output_root,
            repo_id=parsed.repo_id,
            task=parsed.task,
            max_pre_action_s=parsed.max_pre_action_seconds,
            strict=parsed.strict,
            video=VideoPath.COPY if parsed.no_reencode else VideoPath.AUTO,
        )
        return run_conversion(options, quiet=VERBOSITIES.index(parsed.verbosity) > VERBOSITIES.index("info"))
    except PlayloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while all of this was being loaded: `run_conversion` handles its own
        print("Stopped. Nothing was done.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
