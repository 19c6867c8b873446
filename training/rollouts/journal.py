"""What has been played, an episode a file, so that whoever is interrupted goes on and plays nothing twice.

OUTPUT/
    settings.json               what was played, and by whom
    episodes/PLAYER/SEED.json   of each episode; beside it SEED.npy, the rows that a policy held
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playloom.errors import OutputError
from training.rollouts.episode import Episode

SETTINGS_FILE, EPISODES = "settings.json", "episodes"


class Journal:
    """The episodes of one evaluation.

    Args:
        directory: of the evaluation.
        game: of `GameSettings`: all that decides what a player meets.

    Raises:
        OutputError: the directory holds something else, or cannot be written.
    """

    def __init__(self, directory: Path, game: Mapping[str, Any]) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path = directory / SETTINGS_FILE
            if path.exists():
                self._check(json.loads(path.read_text(encoding="utf-8")), game)
            elif any(not one.name.startswith(".") for one in directory.iterdir()):
                raise OutputError(directory, "holds other files", remedy="Name a folder of its own with -o")
            self._write(path, json.dumps({"game": game}, indent=1).encode())
        except (OSError, ValueError) as error:
            raise OutputError(directory, f"cannot be used: {error}", remedy="Name another folder with -o") from error

    def _check(self, found: Any, game: Mapping[str, Any]) -> None:
        before = found.get("game") if isinstance(found, dict) else None
        if before == json.loads(json.dumps(game)):
            return
        differing = sorted(
            key for key in game if not isinstance(before, dict) or before.get(key) != json.loads(json.dumps(game[key]))
        )
        raise OutputError(
            self.directory,
            f"holds episodes of a game that was set up in another way ({', '.join(differing)})",
            remedy="Name another folder with -o, or give what was given then",
        )

    def played(self, player: str, fingerprint: str, seed: int) -> Episode | None:
        """An episode that was played, by who plays now as it did then."""
        try:
            document = json.loads(self._path(player, seed).read_text(encoding="utf-8"))
            if document.pop("fingerprint") != fingerprint:
                return None
            return Episode.from_document(document)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def add(self, episode: Episode, fingerprint: str) -> None:
        """Keep an episode.

        Raises:
            OutputError: it cannot be written.
        """
        path = self._path(episode.player, episode.seed)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if episode.rows is not None:
                with path.with_suffix(".npy").open("wb") as file:
                    np.save(file, episode.rows, allow_pickle=False)
            self._write(path, json.dumps({**json.loads(episode.to_json()), "fingerprint": fingerprint}).encode())
        except OSError as error:
            raise OutputError(path, f"cannot be written: {error.strerror or error}") from error

    def rows(self, player: str, seed: int) -> NDArray[np.float32]:
        """What a policy held in an episode, float32[steps, actions].

        Raises:
            OutputError: it is not there any more.
        """
        path = self._path(player, seed).with_suffix(".npy")
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise OutputError(path, f"cannot be read: {error}", remedy="Remove it, and play again") from error

    def _path(self, player: str, seed: int) -> Path:
        return self.directory / EPISODES / safe_name(player) / f"{seed}.json"

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(path)


def safe_name(name: str) -> str:
    """A player's name as part of a file's."""
    return "".join(sign if sign.isalnum() or sign in "-_.@" else "-" for sign in name).strip(".") or "player"
