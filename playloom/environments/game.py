"""One game that can be played: its names and whether it runs on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from playloom.environments.spec import Platform


@dataclass(frozen=True, kw_only=True)
class Game:
    """An environment that exists, set up or not.

    Attributes:
        environment_id: Gymnasium's name for it.
        platform: what runs it.
        game_id: the id that game definitions and sessions use.
        playable: whether everything that it needs is on this machine.
        missing: what it needs and does not find; None if it is playable.
        aliases: further names that people know it by.
        source: the platform's own facts (the ROM's name; the scenario, map and skill).
    """

    environment_id: str
    platform: Platform
    game_id: str
    playable: bool = True
    missing: str | None = None
    aliases: tuple[str, ...] = ()
    source: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def plain(name: str) -> str:
    """A name without case, punctuation and version: ``ALE/Pong-v5`` becomes ``alepong``."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"-v\d+$", "", name.strip().lower()))


def kebab(name: str) -> str:
    """``SpaceInvaders`` and ``space_invaders`` become ``space-invaders``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")
