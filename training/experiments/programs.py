"""The programs that every experiment begins with: a game's definition, recorded play, the dataset of it."""

from __future__ import annotations

from pathlib import Path

from training.experiments.games import ExperimentGame, Play
from training.experiments.steps import Step

PLAYLOOM = "playloom"


def define_step(game: ExperimentGame, games: Path) -> Step:
    """What can be done in the game, and with which controls."""
    return Step(
        name="define",
        says="what can be done in the game",
        command=(
            *(PLAYLOOM, "gym", "define", game.environment, "--input", game.device),
            *("--force", "-o", str(games)),
        ),
        makes=games,
    )


def record_step(game: ExperimentGame, play: Play, part: str, sessions: Path) -> Step:
    """One player's episodes, below ``sessions``."""
    output = sessions / play.player
    return Step(
        name=f"record-{part}-{play.player}",
        says=f"{play.player} plays {play.episodes} episodes ({play.agent})",
        command=(
            *(PLAYLOOM, "gym", "record", game.environment, "--headless", "--agent", play.agent),
            *("--player", play.player, "--seed", str(play.seed), "--episodes", str(play.episodes)),
            *("--max-steps", str(play.steps), "--input", game.device, "--task", game.task),
            *("--workers", "2", *game.options, "-o", str(output)),
        ),
        makes=output,
    )


def convert_step(name: str, part: str, sessions: Path, games: Path, dataset: Path) -> Step:
    """The dataset of all sessions below a directory. Args: name: of the experiment; part: of its sessions."""
    # The names of the definition and the profile are the game's, which only that program knows.
    return Step(
        name=f"convert-{part}",
        says=f"the dataset of the {part} sessions",
        command=("training.experiments.convert", str(sessions), str(games), str(dataset), f"local/{name}-{part}"),
        makes=dataset,
    )


def screens_step(sessions: Path, screens: Path) -> Step:
    """Pictures of menus and loading screens, as a person would pick them out: from what is learned from."""
    return Step(
        name="screens",
        says="some pictures of menus and loading screens",
        command=("training.experiments.screens", str(sessions), str(screens)),
        makes=screens,
    )
