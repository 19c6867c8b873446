"""`playloom convert` with the one game definition and the one profile of a directory.

python -m training.experiments.convert SESSIONS GAMES DATASET REPO_ID
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from training.errors import TrainingError


def files_of(games: Path) -> tuple[Path, Path]:
    """The definition and the profile that `playloom gym define` wrote.

    Raises:
        TrainingError: they are not there.
    """
    found = sorted(games.glob("*.yaml"), key=lambda path: len(path.name))
    if len(found) != 2 or not found[1].name.startswith(found[0].stem + "-"):
        raise TrainingError(f"{games}: holds no game definition with its profile", remedy="Begin in an empty directory")
    return found[0], found[1]


def main(sessions: str, games: str, dataset: str, repo_id: str) -> int:
    """Run it; gives its status."""
    definition, profile = files_of(Path(games))
    options = ("--game-definition", definition, "--action-mapping", profile, "--output-root", dataset)
    words = ("convert", "--session-root", sessions, *map(str, options), "--repo-id", repo_id)
    return subprocess.run([sys.executable, "-m", "playloom", *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
