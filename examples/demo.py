"""The demo: two players play real games, and their sessions become LeRobot datasets.

Runs the commands that a person would type, and shows them: `make demo`, or `python -m examples.demo [DIRECTORY]`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

EXAMPLES = Path(__file__).parent
PLAYLOOM = Path(sys.executable).parent / "playloom"
OUTPUT = Path("demo-output")
MARK = ".made-by-the-playloom-demo"
"""Only a directory that holds this file is replaced."""

console = Console(emoji=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class Game:
    """One game of the demo. Both players play it, each for ``steps`` steps."""

    environment: str
    game_id: str
    task: str
    steps: int

    @property
    def definition(self) -> Path:
        return EXAMPLES / "games" / f"{self.game_id}.yaml"

    def profile(self, player: str) -> Path:
        return EXAMPLES / "profiles" / f"{self.game_id}-{player}.yaml"


GAMES = (
    Game(
        environment="VizdoomDefendCenter-v1",
        game_id="vizdoom-defend-the-center",
        task="Shoot every monster before it reaches you",
        steps=700,
    ),
    Game(environment="ALE/Pong-v5", game_id="atari-pong", task="Win the game of Pong", steps=1800),
)
PLAYERS = {"ada": "keyboard", "grace": "gamepad"}


def playloom(*arguments: str | Path) -> None:
    """Show a command and run it. Raises SystemExit if it fails."""
    words = [os.path.relpath(word) if isinstance(word, Path) else word for word in arguments]
    console.print(f"[bold cyan]$[/] playloom {shlex.join(words)}")
    done = subprocess.run([PLAYLOOM, *words], check=False)
    if done.returncode:
        console.print(f"[bold red]The demo stopped:[/] this command ended with status {done.returncode}.")
        raise SystemExit(1)
    console.print()


def fresh_directory(directory: Path) -> Path:
    """An empty directory; what an earlier demo made there goes away, anything else is left alone."""
    if directory.exists():
        if not (directory / MARK).exists():
            console.print(f"[bold red]error:[/] {directory} exists and is not a demo's. Move it away, or name another.")
            raise SystemExit(1)
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    (directory / MARK).touch()
    return directory


def record(game: Game, sessions: Path) -> None:
    for seed, (player, device) in enumerate(PLAYERS.items()):
        playloom(
            *("gym", "record", game.environment, "--output", sessions, "--headless", "--agent", "scripted"),
            *("--player", player, "--profile", player, "--input", device, "--task", game.task),
            *("--max-steps", str(game.steps), "--seed", str(seed)),
        )


def convert(game: Game, sessions: Path, dataset: Path) -> None:
    profiles = [word for player in PLAYERS for word in ("--action-mapping", game.profile(player))]
    playloom(
        *("convert", "--session-root", sessions, "--game-definition", game.definition, *profiles),
        *("--output-root", dataset, "--repo-id", f"demo/{game.game_id}", "--max-pre-action-seconds", "1"),
    )


def open_with_lerobot(datasets: list[Path]) -> None:
    """Show that LeRobot reads what was written, as a researcher would."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    console.print("[bold cyan]>>>[/] from lerobot.datasets.lerobot_dataset import LeRobotDataset")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    for path in datasets:
        shown = os.path.relpath(path)
        console.print(f"[bold cyan]>>>[/] dataset = LeRobotDataset({f'demo/{path.name}'!r}, root={shown!r})")
        dataset = LeRobotDataset(f"demo/{path.name}", root=path)
        middle: dict[str, Any] = dataset[len(dataset) // 2]  # pyright: ignore[reportAssignmentType]
        console.print(f"{dataset.num_episodes} episodes, {dataset.num_frames} frames at {dataset.fps} frames a second")
        for key in ("observation.images.main", "action", "controller"):
            console.print(f"  {key}: {middle[key].dtype} {tuple(middle[key].shape)}")
        names = dataset.features["action"]["names"]
        held = [name for name, value in zip(names, middle["action"].tolist(), strict=True) if value]
        console.print(f"  frame {len(dataset) // 2}, task {middle['task']!r}: {' + '.join(held) or 'nothing held'}\n")


def main() -> None:
    began = time.monotonic()
    output = fresh_directory(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
    console.print("[bold]Two players play. Ada has a keyboard, Grace a gamepad; both are scripted agents.[/]\n")
    for game in GAMES:
        record(game, output / "sessions" / game.game_id)

    console.print("[bold]Are the recordings good? Does a replay give the same pictures?[/]\n")
    for game in GAMES:
        playloom("validate", output / "sessions" / game.game_id)
    playloom("gym", "verify", output / "sessions" / GAMES[-1].game_id)

    console.print("[bold]Each game's sessions become one dataset, whatever the players' devices.[/]\n")
    datasets = [output / "datasets" / game.game_id for game in GAMES]
    for game, dataset in zip(GAMES, datasets, strict=True):
        convert(game, output / "sessions" / game.game_id, dataset)

    console.print("[bold]LeRobot reads them.[/]\n")
    open_with_lerobot(datasets)

    picture = output / "preview.png"
    playloom("preview", datasets[0], "-o", picture)

    console.print(f"[bold green]Done in {time.monotonic() - began:.0f} s.[/] In {output} you find")
    console.print("  sessions/     what was recorded: video, frame times and inputs, a directory each")
    console.print("  datasets/     a LeRobot dataset for each game")
    console.print("  preview.png   frames of the first, with what the player did\n")
    console.print("Try next")
    console.print(f"  playloom preview {datasets[0]} -o play.mp4     the play as a video with its controls")
    console.print("  playloom gym record pong                       play yourself: Space starts, Esc stops")
    console.print("  playloom --help                                everything else; it is .venv/bin/playloom")


if __name__ == "__main__":
    main()
