"""How much of an action the pictures can show at all: the ceiling of every inverse dynamics model.

From a moment of play the emulator is branched: each action is taken once, for one step, and then play goes on as it
did. Actions whose next ``window - 1`` pictures are equal, pixel for pixel, cannot be told apart by whoever sees only
these. Of n actions that look like k different things, at most k can be told rightly if all are equally likely, so

    ceiling = mean over moments of (different continuations / different actions).

Actions that do the same thing at a moment count as one, or the ceiling would be low for no reason: in Pong, FIRE is
NOOP while the ball is in play; in Boxing nothing works for who was hit. Two actions are the same at a moment if the
pictures agree when either is taken once and also when either is held for `HOLD_STEPS`. By the same rule an answer is
right if it is the same as what was held: `accuracy`, which may be divided by the ceiling.

People do not play all actions equally. `with_habit` is the ceiling of the play that was branched: whoever knows which
actions the pictures leave, and names the one of them that this play holds most often. It is above `uniform` where one
action is held most of the time, and a model that knows how long hands hold things may still pass it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from playloom.environments.environment import BranchingEnvironment, EnvironmentAction, Image
from playloom.environments.hashes import frame_hash
from playloom.environments.spec import EnvironmentSpec, Platform
from training.errors import TrainingError
from training.metrics.intervals import Figure, figure, share

HOLD_STEPS = 12
"""For so long an action is held to see what it does: a console may look at its knobs every few frames only."""
SPACING_STEPS = 7
"""From one moment to the next, at least; odd, as some games look at their knobs in every other frame."""
MOST_BUTTONS_AT_ONCE = 3
"""Where a game has few buttons, so many are also tried together."""
FEW_BUTTONS = 4


@dataclass(frozen=True, kw_only=True)
class PixelCeiling:
    """What the pictures of one game can show.

    Attributes:
        environment_id: the game.
        frame_skip: emulated frames a step.
        window: pictures of a clip; its first frame's action shows in the others.
        actions: how many were tried at each moment.
        uniform: the ceiling of an accuracy if all actions are equally likely.
        with_habit: of the play that was branched.
        accuracy: of the answers, at the same moments; None where no answers were given.
    """

    environment_id: str
    frame_skip: int
    window: int
    actions: int
    uniform: Figure
    with_habit: Figure
    accuracy: Figure | None = None

    @property
    def accuracy_over_ceiling(self) -> float | None:
        """Of `uniform`: above 1 where the model knows habits as well, and therefore the kinder of the two."""
        return self._accuracy_over(self.uniform)

    @property
    def accuracy_over_habit(self) -> float | None:
        """Of `with_habit`, the ceiling of the very play that the answers are about."""
        return self._accuracy_over(self.with_habit)

    def _accuracy_over(self, ceiling: Figure) -> float | None:
        if self.accuracy is None or self.accuracy.value is None or not ceiling.value:
            return None
        return self.accuracy.value / ceiling.value


def candidates(environment: BranchingEnvironment) -> dict[str, EnvironmentAction]:
    """The actions of a game by name: all, where they can be counted; else each alone, of few buttons also together."""
    spec = environment.spec
    if spec.platform is Platform.ATARI:
        return dict(zip(spec.action_meanings, range(len(spec.action_meanings)), strict=True))
    sizes = range(MOST_BUTTONS_AT_ONCE + 1) if len(spec.action_names) <= FEW_BUTTONS else (0, 1)
    chosen = [held for size in sizes for held in combinations(spec.action_names, size)]
    return {"+".join(held) or "nothing": environment.action_for(frozenset(held)) for held in chosen}


def pixel_ceiling(
    environment: BranchingEnvironment,
    play: Sequence[EnvironmentAction],
    *,
    window: int,
    states: int,
    first_step: int = 0,
    tried: Sequence[EnvironmentAction] = (),
) -> PixelCeiling:
    """The ceiling of one episode: `branches_of` and `ceiling_of`."""
    branches = branches_of(environment, play, window=window, states=states, first_step=first_step, tried=tried)
    return ceiling_of(environment.spec, branches, window=window)


def branches_of(
    environment: BranchingEnvironment,
    play: Sequence[EnvironmentAction],
    *,
    window: int,
    states: int,
    first_step: int = 0,
    tried: Sequence[EnvironmentAction] = (),
    answers: Sequence[EnvironmentAction | None] = (),
    anew: Callable[[], BranchingEnvironment] | None = None,
) -> list[Branches]:
    """Branch a game along some play.

    Args:
        environment: fresh; it is reset, stepped, and left somewhere.
        play: the actions of an episode, as recorded or drawn.
        window: pictures of a clip, at least 2.
        states: moments that are branched, spread over the play.
        first_step: where the first moment may be; games begin with steps in which nothing works.
        tried: the actions that are told apart; empty takes all `candidates`.
        answers: what a model says was held at each step of the play; None where it says nothing, empty if never.
        anew: gives the same game fresh, for each moment where saving moves it on; closed here. None: the play of such a
            game runs away from what was recorded by some tics with each moment.

    Raises:
        TrainingError: the play is too short, or the game is not the same after it was taken back.
    """
    if anew is not None and environment.saving_moves_on:
        found: list[Branches] = []
        for moment in _moments(len(play), window, states, first_step):
            with closing(anew()) as fresh:
                found += _along(fresh, play, [moment], window, tried, answers)
        return found
    return _along(environment, play, _moments(len(play), window, states, first_step), window, tried, answers)


def _along(
    environment: BranchingEnvironment,
    play: Sequence[EnvironmentAction],
    moments: Sequence[int],
    window: int,
    tried: Sequence[EnvironmentAction],
    answers: Sequence[EnvironmentAction | None],
) -> list[Branches]:
    assert window >= 2
    assert len(answers) in (0, len(play))
    tried = list(dict.fromkeys(tried)) or list(candidates(environment).values())
    branches: list[Branches] = []
    image: Image | None = environment.reset()
    step = 0
    for moment in moments:
        while step < moment and image is not None:
            image = environment.step(play[step]).image
            step += 1
        if image is None:
            raise TrainingError(f"the episode ends at step {step}, before the play does", remedy="Take its own play")
        answer = answers[moment] if answers else None
        following = play[moment + 1 : moment + window - 1]
        branches.append(_branch(environment, tried, play[moment], answer, following))
    return branches


def ceiling_of(spec: EnvironmentSpec, branches: Sequence[Branches], *, window: int) -> PixelCeiling:
    """The ceiling of all moments together, and the accuracy of the answers at them."""
    habits = Counter(one.taken for one in branches)
    answered = [one for one in branches if one.answer is not None]
    return PixelCeiling(
        environment_id=spec.environment_id,
        frame_skip=spec.frame_skip,
        window=window,
        actions=max((len(one.tried) for one in branches), default=0),
        uniform=_mean([one.distinct_share for one in branches]),
        with_habit=_mean([float(one.is_same(one.usual(habits), one.taken)) for one in branches]),
        accuracy=_mean([float(one.is_same(one.answer, one.taken)) for one in answered]) if answered else None,
    )


@dataclass(frozen=True, kw_only=True)
class Branches:
    """What each action would have done at one moment.

    Attributes:
        tried: the actions that are told apart.
        shown: by action, the pictures of the window.
        done: by action, everything that was seen of it.
        taken: what the play did.
        answer: what a model says that it did.
    """

    tried: tuple[EnvironmentAction, ...]
    shown: dict[EnvironmentAction, int]
    done: dict[EnvironmentAction, int]
    taken: EnvironmentAction
    answer: EnvironmentAction | None

    @property
    def distinct_share(self) -> float:
        return len({self.shown[one] for one in self.tried}) / len({self.done[one] for one in self.tried})

    def is_same(self, one: EnvironmentAction | None, other: EnvironmentAction) -> bool:
        return one is not None and self.done[one] == self.done[other]

    def usual(self, habits: Counter[EnvironmentAction]) -> EnvironmentAction:
        """What this play does most often, of what looks like what it did."""
        left = [one for one in self.shown if self.shown[one] == self.shown[self.taken]]
        weights = Counter[int]()
        for one in left:
            weights[self.done[one]] += habits[one]
        return max(left, key=lambda one: weights[self.done[one]])


def _moments(steps: int, window: int, states: int, first_step: int) -> list[int]:
    spacing = SPACING_STEPS
    last_step = steps - max(window, HOLD_STEPS)
    while first_step + (states - 1) * (spacing + 2) < last_step:
        spacing += 2
    moments = list(range(first_step, max(0, last_step), spacing))[:states]
    if not moments:
        raise TrainingError(f"play of {steps} steps is too short to branch", remedy="Take a longer recording")
    return moments


def _branch(
    environment: BranchingEnvironment,
    tried: Sequence[EnvironmentAction],
    taken: EnvironmentAction,
    answer: EnvironmentAction | None,
    following: Sequence[EnvironmentAction],
) -> Branches:
    actions = list(dict.fromkeys([*tried, taken, *(() if answer is None else (answer,))]))
    saved = environment.save()
    shown = {action: _seen(environment, saved, [action, *following]) for action in actions}
    if _seen(environment, saved, [actions[0], *following]) != shown[actions[0]]:
        raise TrainingError(
            f"{environment.spec.environment_id} goes on differently from one and the same moment",
            remedy="Record without sticky actions",
        )
    done = {action: hash((shown[action], _seen(environment, saved, [action] * HOLD_STEPS))) for action in actions}
    environment.restore(saved)
    return Branches(tried=tuple(tried), shown=shown, done=done, taken=taken, answer=answer)


def _seen(environment: BranchingEnvironment, saved: object, actions: Sequence[EnvironmentAction]) -> int:
    """The pictures after each action, as one number; what comes after an episode's end is nothing."""
    environment.restore(saved)
    pictures: list[str] = []
    for action in actions:
        result = environment.step(action)
        pictures.append("" if result.image is None else frame_hash(result.image))
        if result.is_last:
            break
    return hash(tuple(pictures))


def _mean(values: Sequence[float]) -> Figure:
    """Of moments, which are taken for independent: they lie apart."""
    parts = np.column_stack([values, np.ones(len(values))]) if values else np.zeros((0, 2))
    return figure(parts, share)
