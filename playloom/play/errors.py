"""What can go wrong when a policy plays; whatever it is, everything is let go first."""

from __future__ import annotations

from collections.abc import Sequence

from playloom.errors import PlayloomError


class PlayError(PlayloomError):
    """A policy cannot play here, or cannot go on."""


class BadChunkError(PlayError):
    """An answer that nobody may act on: values that are no numbers, of another layout, or not asked for."""


class LayoutMismatchError(PlayError):
    """The policy's actions are not those of the game, or not in their order.

    Attributes:
        theirs: the policy's.
        ours: the game's.
    """

    def __init__(self, theirs: Sequence[str], ours: Sequence[str], *, game_id: str) -> None:
        self.theirs, self.ours = tuple(theirs), tuple(ours)
        super().__init__(
            f"the policy's actions are {', '.join(theirs) or 'none'}; those of {game_id} are {', '.join(ours)}",
            remedy="Take a policy of this game, or the game definition that it was trained by",
        )
