"""Which number a gamepad has: its own for as long as we listen, also after its cable was pulled and put in again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PadIdentity:
    """What a pad can be known by.

    Attributes:
        guid: SDL's id of its model.
        path: where the system has it; it may come back elsewhere.
        serial: its own number, where it has one.
    """

    guid: str
    path: str | None = None
    serial: str | None = None


class PadNumbers:
    """Gives numbers from 0, in the order of appearance.

    A pad that appears takes the number of a pad that is gone, if it can be the same: by its serial number, else of its
    model and place, else of its model.
    """

    def __init__(self) -> None:
        self._seen: list[PadIdentity] = []
        self._here: set[int] = set()

    def take(self, identity: PadIdentity) -> int:
        """A pad is here; returns its number."""
        number = self._number_of(identity)
        if number == len(self._seen):
            self._seen.append(identity)
        self._seen[number] = identity
        self._here.add(number)
        return number

    def leave(self, number: int) -> None:
        """The pad of a number is gone."""
        self._here.remove(number)

    def _number_of(self, identity: PadIdentity) -> int:
        best, best_likeness = len(self._seen), 0
        for number, seen in enumerate(self._seen):
            likeness = 0 if number in self._here else _likeness(identity, seen)
            if likeness > best_likeness:
                best, best_likeness = number, likeness
        return best


def _likeness(one: PadIdentity, other: PadIdentity) -> int:
    """From 0, certainly another, to 3, certainly the same."""
    if one.guid != other.guid:
        return 0
    if one.serial and other.serial:
        return 3 if one.serial == other.serial else 0
    return 2 if one.path is not None and one.path == other.path else 1
