"""Which of the keys that are held were not meant for the game: those of the player's hotkeys."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass

from capture_node.hotkeys.hotkey import Hotkey, Modifier
from playloom.controls import KEYS

_SIDES = {modifier: frozenset({KEYS[f"left_{modifier}"], KEYS[f"right_{modifier}"]}) for modifier in Modifier}
_ALL = frozenset[int]().union(*_SIDES.values())


@dataclass(frozen=True)
class _Combination:
    scancode: int
    modifiers: frozenset[Modifier]


class HotkeyKeys:
    """Takes hotkeys out of what is held.

    A hotkey's last key is never shown. Its modifiers are shown until then, for nobody knows before what they are for;
    from then on they count as released until they are pressed anew.

    Args:
        hotkeys: combinations that order something of Playloom.
    """

    def __init__(self, hotkeys: Collection[Hotkey]) -> None:
        self._combinations = [_Combination(hotkey.scancode, hotkey.modifiers) for hotkey in hotkeys]
        self._hidden: set[int] = set()

    def shown(self, held: Set[int]) -> frozenset[int]:
        """What the game's recording gets of the keys that are held now; to be asked after each change of them."""
        self._hidden &= held
        modifiers = frozenset(modifier for modifier, sides in _SIDES.items() if sides & held)
        for combination in self._combinations:
            if combination.scancode in held and combination.modifiers == modifiers:
                self._hidden |= {combination.scancode} | (_ALL & held)
        return frozenset(held - self._hidden)
