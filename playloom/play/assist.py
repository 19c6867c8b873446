"""Who acts: which actions the agent may hold, how sure it must be, and what the player holds beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from playloom.environments.held import HeldControls
from playloom.errors import PlayloomError
from playloom.play.errors import LayoutMismatchError
from playloom.play.kill_switch import NOTHING
from playloom.play.policy_facts import PolicyFacts
from playloom.play.pressing import Pressing, both
from playloom.play.timeline import Row
from playloom.yaml_files import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be held at a frame.

    Attributes:
        held: by agent and player together.
        player: by the player alone, were there no agent.
        acting: the actions that the agent holds or leaves alone by its own choice; the player's of these are ignored.
    """

    held: HeldControls
    player: HeldControls
    acting: frozenset[str]


class Assist:
    """Puts agent and player together, action by action.

    Args:
        facts: of the policy.
        pressing: of the game's layout.
        actions: the agent's; None: all of them.
        confidence: the agent holds an action only where it is at least so sure of it; else it is the player's.

    Attributes:
        actions: the agent's, in the vector's order.

    Raises:
        LayoutMismatchError: the policy's action vector is not the game's.
        PlayloomError: the game has no such action, or nothing can press it.
    """

    def __init__(
        self, facts: PolicyFacts, pressing: Pressing, *, actions: Collection[str] | None = None, confidence: float = 0.0
    ) -> None:
        if facts.action_names != pressing.layout.names or facts.layout_version != pressing.layout.version:
            raise LayoutMismatchError(facts.action_names, pressing.layout.names, game_id=pressing.layout.game_id)
        if sorted(facts.actions) != sorted(pressing.actions):
            raise LayoutMismatchError(facts.actions, pressing.actions, game_id=pressing.layout.game_id)
        if actions is not None and not actions:
            raise PlayloomError(
                "no action is the agent's", remedy=f"Name some to hold, of {', '.join(pressing.actions)}; or all"
            )
        for action in actions or ():
            if action not in pressing.actions:
                raise PlayloomError(
                    f"{facts.game_id} has no action '{action}'", remedy=did_you_mean(action, pressing.actions)
                )
            if action in pressing.unbound:
                raise PlayloomError(f"the mapping profile has no control for '{action}'", remedy="Map it, or leave it")
        self._pressing = pressing
        self._confidence = confidence
        self._head: Mapping[str, int] = {action: n for n, head in enumerate(facts.heads) for action in head.actions}
        self.actions = tuple(one for one in pressing.actions if actions is None or one in actions)

    def wish(self, row: Row | None, player: HeldControls = NOTHING) -> Wish:
        """What is to be held.

        Args:
            row: the policy's; None where it says nothing, and everything is the player's.
            player: what the player holds.
        """
        if row is None:
            return Wish(held=player, player=player, acting=frozenset())
        sure = row.confidence >= np.float32(self._confidence)
        acting = frozenset(action for action in self.actions if sure[self._head[action]])
        agent = self._pressing.press(row.values, acting)
        return Wish(held=both(self._pressing.without(player, acting), agent), player=player, acting=acting)
