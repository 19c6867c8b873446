"""What every import is asked for: where to, whose play, and how strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from playloom.errors import PlayloomError

MAX_CRF = 51


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """One import of many sources into sessions.

    Attributes:
        output: the directory that the sessions are put into.
        player, game_id, profile_name, task: who played what, with which mapping profile and goal; None: not known.
        strict: stop at the first source with any fault.
        crf: quality of videos that have to be encoded anew, as x264 counts it; smaller is better and larger.

    Raises:
        PlayloomError: from the constructor, for a value that cannot be, naming the option.
    """

    output: Path
    player: str | None = None
    game_id: str | None = None
    profile_name: str | None = None
    task: str | None = None
    strict: bool = False
    crf: int = 18

    def __post_init__(self) -> None:
        for option in ("player", "game_id", "profile_name", "task"):
            value: str | None = getattr(self, option)
            if value is not None and (not value.strip() or not value.isprintable()):
                name = {"game_id": "game", "profile_name": "profile"}.get(option, option)
                raise PlayloomError(f"--{name} {value!r} cannot be used", remedy="Give one line of text")
        if not 0 <= self.crf <= MAX_CRF:
            raise PlayloomError(f"--crf {self.crf} is out of range", remedy=f"Give 0 to {MAX_CRF}")

    def told(self) -> Mapping[str, object]:
        """All of it that decides what a session holds, by name."""
        return {
            "player": self.player,
            "game_id": self.game_id,
            "profile_name": self.profile_name,
            "task": self.task,
            "crf": self.crf,
        }


def parse_choice[Choice: StrEnum](option: str, text: str, choices: type[Choice]) -> Choice:
    """The member of an enumeration that a person named."""
    try:
        return choices(text)
    except ValueError:
        raise PlayloomError(f"{option} {text} is not known", remedy=f"Choose one of {', '.join(choices)}") from None
