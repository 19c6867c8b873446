"""The walk through a game's actions: where the player is, what they have just chosen, and what the profile is by now.

It knows no screen: the wizard shows it, tests drive it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from capture_node.mapping.clashes import Clash, find_clashes, overlap_of
from capture_node.mapping.gestures import Gesture
from capture_node.mapping.proposals import PUSHES, adjusted, is_held, propose, same_control, turned
from playloom.bindings import Binding, ButtonBinding, KeyBinding, MouseButtonBinding
from playloom.game_definition import ActionClass, ActionDefinition, GameDefinition
from playloom.mapping_profile import MappingProfile, check_profile


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One action on the way. Attributes: number: from 0; action_class: the class that it is of."""

    number: int
    action_class: ActionClass
    action: ActionDefinition


class MappingWalk:
    """A player's way through the actions of the classes that the profile names.

    Attributes:
        game: the game.
        profile: what has been chosen so far.
        stops: the actions, in the order of the action vector.
        candidate: what the player has just done, not yet kept; None before.
        refusal: why the last gesture cannot be taken, a sentence, or None.
        adding: whether what is kept next joins the action's controls instead of taking their place.
    """

    def __init__(self, game: GameDefinition, profile: MappingProfile) -> None:
        check_profile(profile, game)
        classes = {one.id: one for one in game.classes}
        found = [(classes[class_id], action) for class_id in profile.class_ids for action in classes[class_id].actions]
        self.game = game
        self.profile = profile
        self.stops = tuple(
            Stop(number=number, action_class=one, action=action) for number, (one, action) in enumerate(found)
        )
        self.candidate: Binding | None = None
        self.refusal: str | None = None
        self.adding = False
        self._push = 0
        self._place = 0
        self._place = self._next_open(0)

    @property
    def current(self) -> Stop | None:
        """The action that is asked for; None when the last has been passed."""
        return self.stops[self._place] if self._place < len(self.stops) else None

    @property
    def push(self) -> str | None:
        """The direction that buttons and keys are asked for; None for an action without directions."""
        pushes = self._pushes
        return pushes[self._push] if pushes else None

    @property
    def in_directions(self) -> bool:
        """Whether the player is between the directions of one action."""
        return self._push > 0

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What the current action has."""
        return () if self.current is None else self.profile.bindings.get(self.current.action.id, ())

    @property
    def open(self) -> tuple[Stop, ...]:
        """Actions that are neither mapped nor skipped."""
        return tuple(stop for stop in self.stops if self.is_open(stop))

    def is_open(self, stop: Stop) -> bool:
        return not self.profile.bindings.get(stop.action.id) and stop.action.id not in self.profile.skipped

    def clashes(self) -> tuple[Clash, ...]:
        """Other actions that the candidate would do, too."""
        if self.candidate is None or self.current is None:
            return ()
        return tuple(find_clashes(self.candidate, self.current.action.id, self.profile, self.game))

    def warnings(self) -> tuple[str, ...]:
        """What would be odd about the current action if the candidate were kept, each a sentence."""
        if self.current is None:
            return ()
        wanted = self.profile if self.candidate is None else self._with_candidate()
        mark = f"{self.current.action.id}: "
        said = check_profile(wanted, self.game) if wanted.bindings.get(self.current.action.id) else ()
        return tuple(one.removeprefix(mark) for one in said if one.startswith(mark))

    def serves_already(self) -> Binding | None:
        """The binding of the current action itself that the candidate meets."""
        if self.candidate is None or not self.adding:
            return None
        return next((one for one in self.bindings if overlap_of(self.candidate, one) is not None), None)

    def take(self, gesture: Gesture) -> bool:
        """The player did something; whether that kept the candidate, by doing it once more."""
        if self.current is None:
            return False
        proposal = propose(gesture, self.current.action.kind, self.push)
        self.refusal = proposal.refusal
        if proposal.binding is None:
            return False
        if not is_held(proposal.binding) and self.candidate is not None and is_held(self.candidate):
            return False  # a mouse that was only touched takes nothing's place
        if self.candidate is None or not same_control(proposal.binding, self.candidate):
            self.candidate = proposal.binding
            return False
        if not is_held(proposal.binding):
            return False  # the mouse goes on moving
        self.keep()
        return True

    def adjust(self, steps: int) -> None:
        """Move the candidate's threshold or scale."""
        if self._hold_candidate():
            assert self.candidate is not None
            self.candidate = adjusted(self.candidate, steps)

    def turn(self) -> None:
        """Give the candidate its next direction."""
        if self._hold_candidate():
            assert self.candidate is not None
            assert self.current is not None
            self.candidate = turned(self.candidate, self.current.action.kind)

    def keep(self) -> bool:
        """Keep the candidate and go on. Without one, go on if the action has controls; False if there is nothing."""
        if self.current is None:
            return False
        if self.candidate is not None:
            directed = _is_directed(self.candidate)
            self._store()
            if directed and self._push + 1 < len(self._pushes):
                self._listen(push=self._push + 1, adding=True)
            else:
                self._go(self._place + 1)
            return True
        if self._push and self._push + 1 < len(self._pushes):
            self._listen(push=self._push + 1, adding=True)
            return True
        if self.bindings or self.current.action.id in self.profile.skipped:
            self._go(self._place + 1)
            return True
        return False

    def another(self) -> None:
        """Keep the candidate and listen for one more control of the same action."""
        if self.current is None:
            return
        if self.candidate is not None:
            directed = _is_directed(self.candidate)
            self._store()
            self._listen(push=self._push + 1 if directed and self._push + 1 < len(self._pushes) else 0, adding=True)
        elif self.bindings:
            self._listen(push=0, adding=True)

    def skip(self) -> None:
        """Leave the current action out, or, where it has controls, leave it as it is; and go on."""
        if self.current is None:
            return
        if not self.bindings:
            self._change(self.current.action.id, (), skipped=True)
        self._go(self._place + 1)

    def again(self) -> None:
        """Throw the current action's controls away and ask anew."""
        if self.current is not None:
            self._change(self.current.action.id, (), skipped=False)
            self._listen(push=0, adding=False)

    def back(self) -> None:
        """To the action before, as it is. What was not kept is dropped."""
        self._go(max(self._place - 1, 0))

    def go_to(self, number: int) -> None:
        """To the action with this number, or, at their end, to none."""
        self._go(number)

    def next_open(self) -> None:
        """To the next action that is neither mapped nor skipped; to the end where there is none."""
        self._go(self._next_open(self._place))

    def finish(self) -> None:
        """Say that nothing is left to map: what is open is skipped."""
        for stop in self.open:
            self._change(stop.action.id, (), skipped=True)
        self.profile = replace(self.profile, complete=True)

    @property
    def _pushes(self) -> Sequence[str]:
        return () if self.current is None else PUSHES.get(self.current.action.kind, ())

    def _hold_candidate(self) -> bool:
        """Whether there is a candidate to change; if not, the action's only binding becomes it."""
        if self.candidate is None and len(self.bindings) == 1 and not self.adding:
            self.candidate = self.bindings[0]
        return self.candidate is not None

    def _with_candidate(self) -> MappingProfile:
        assert self.current is not None
        assert self.candidate is not None
        before = self.bindings if self.adding else ()
        kept = before if self.candidate in before else (*before, self.candidate)
        return self._with(self.current.action.id, kept, skipped=False)

    def _store(self) -> None:
        self.profile = self._with_candidate()

    def _change(self, action_id: str, bindings: tuple[Binding, ...], *, skipped: bool) -> None:
        self.profile = self._with(action_id, bindings, skipped=skipped)

    def _with(self, action_id: str, bindings: tuple[Binding, ...], *, skipped: bool) -> MappingProfile:
        return replace(
            self.profile,
            bindings={**self.profile.bindings, action_id: bindings},
            skipped=self.profile.skipped | {action_id} if skipped else self.profile.skipped - {action_id},
            complete=self.profile.complete and (bool(bindings) or skipped),
        )

    def _next_open(self, first: int) -> int:
        order = [*range(first, len(self.stops)), *range(first)]
        return next((place for place in order if self.is_open(self.stops[place])), len(self.stops))

    def _go(self, place: int) -> None:
        self._place = place
        self._listen(push=0, adding=False)

    def _listen(self, *, push: int, adding: bool) -> None:
        self._push = push
        self.adding = adding
        self.candidate = self.refusal = None


def _is_directed(binding: Binding) -> bool:
    return isinstance(binding, ButtonBinding | KeyBinding | MouseButtonBinding) and binding.direction is not None


def new_profile(game: GameDefinition, class_ids: Sequence[str], profile_name: str) -> MappingProfile:
    """A profile in which nothing is mapped yet."""
    return MappingProfile(game_id=game.game_id, class_ids=tuple(class_ids), profile_name=profile_name)
