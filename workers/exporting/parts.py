"""Into which datasets an export is divided: one, one a player, one a day, or the parts of a split."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from playloom.datasets.selection import EpisodeSpan
from playloom.errors import FileError

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME = 80


class ExportBy(StrEnum):
    """What one of the datasets holds."""

    PLAYER = "player"
    DATE = "date"


def divide(spans: Sequence[EpisodeSpan], episodes: Sequence[int], by: ExportBy) -> dict[str, list[int]]:
    """The chosen episodes by the name of their directory.

    Args:
        spans: of the version.
        episodes: those that are chosen.
        by: what one directory holds.
    """
    chosen = set(episodes)
    parts: dict[str, list[int]] = {}
    names: dict[str, str] = {}  # which player a directory belongs to: two may be written alike
    for span in spans:
        if by is ExportBy.PLAYER:
            name = directory_name(span.session.player)
            if names.setdefault(name, span.session.player_id) != span.session.player_id:
                name = directory_name(span.session.player_id)
        else:
            name = f"{datetime.fromtimestamp(span.session.recorded_unix_ns / 1e9):%Y-%m-%d}"
        own = [episode for episode in range(span.first, span.first + span.count) if episode in chosen]
        if own:
            parts.setdefault(name, []).extend(own)
    return parts


def directory_name(text: str) -> str:
    """A name from outside as a directory's."""
    return _SAFE.sub("-", text).strip("-.")[:MAX_NAME] or "unnamed"


def read_split(path: Path, *, version: int) -> dict[str, list[int]]:
    """The parts that `playloom datasets split --output` wrote.

    Raises:
        FileError: it cannot be read, or is a split of another version.
    """
    try:
        values = json.loads(path.read_text())
        parts = {part: [int(episode) for episode in values[part]] for part in ("train", "validation", "test")}
        of = int(values["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(path, f"is no split: {error}", remedy="Make one with 'playloom datasets split'") from error
    if of != version:
        raise FileError(
            path, f"is a split of version {of}, not of {version}", remedy=f"Add --version {of}, or split again"
        )
    return {part: episodes for part, episodes in parts.items() if episodes}
