"""Games in which little labelled play and much unlabelled play are had: who plays, how much, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from playloom.errors import PlayloomError
from playloom.yaml_files import did_you_mean
from training.experiments.games import GAMES, ExperimentGame, Play

EPISODES, QUICK_EPISODES = 30, 6
"""That each policy plays."""

QUICK_STEPS = 150
QUICK_LITTLE, QUICK_MUCH = 2, 4


@dataclass(frozen=True, kw_only=True)
class TransferGame:
    """A game and its players.

    Attributes:
        base: how it is set up, and how an inverse dynamics model looks at it.
        little: play whose input is known.
        much: play of others of which only the video is looked at; its input is kept, to say what labels are worth.
        max_steps: of an episode that is judged.
        judged: further options of `playloom evaluate policy`.
        policy: further overrides of `playloom train policy`.
    """

    base: ExperimentGame
    little: Play
    much: Play
    max_steps: int
    judged: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()

    @property
    def little_share(self) -> float:
        """How much of each step is the little play, where it is mixed with the much: at least a quarter, because it is
        sure."""
        little, much = (play.episodes * play.steps for play in (self.little, self.much))
        return max(0.25, round(little / (little + much), 3))


TRANSFERS: Mapping[str, TransferGame] = MappingProxyType(
    {
        "courier": TransferGame(
            base=GAMES["courier"],
            little=Play(player="ada", agent="scripted", seed=1000, episodes=6, steps=1500),
            much=Play(player="ben", agent="scripted", seed=2000, episodes=60, steps=1500),
            max_steps=900,
        ),
        "pong": TransferGame(
            # Who plays by pictures is a step late. At a frame skip of 4 the scripted player itself loses by that nearly
            # every point, at 2 hardly one.
            base=replace(GAMES["pong"], options=("--frame-skip", "2", "--sticky", "0.25")),
            little=Play(player="ada", agent="scripted", seed=1000, episodes=2, steps=4000),
            much=Play(player="ben", agent="scripted", seed=2000, episodes=20, steps=4000),
            max_steps=3000,
            judged=("--sticky", "0.25"),  # without it all games begin alike, and many go on so
            policy=("model.picture_width=80", "model.picture_height=104"),
        ),
        "health_gathering": TransferGame(
            base=ExperimentGame(
                environment="VizdoomHealthGathering-v1",
                device="keyboard",
                task="Stay alive",
                options=("--size", "160x120", "--frame-skip", "4"),
                train=(),
                test=(),
                window=3,
                picture=(80, 64),
            ),
            little=Play(player="ada", agent="scripted", seed=1000, episodes=4, steps=525),
            much=Play(player="ben", agent="scripted", seed=2000, episodes=60, steps=525),
            max_steps=525,
            policy=("model.picture_width=80", "model.picture_height=64"),
        ),
    }
)


def find_transfer(name: str) -> TransferGame:
    """The game of that name.

    Raises:
        PlayloomError: there is none.
    """
    if name not in TRANSFERS:
        raise PlayloomError(f"there is no such experiment on '{name}'", remedy=did_you_mean(name, TRANSFERS))
    return TRANSFERS[name]


def with_little(game: TransferGame, episodes: int) -> TransferGame:
    """The same with another amount of little play.

    Raises:
        PlayloomError: the play whose input is known would be the play that is to be labelled.
    """
    if game.little.seed < game.much.seed <= game.little.seed + episodes - 1:
        most = game.much.seed - game.little.seed
        raise PlayloomError(f"{episodes} little episodes are too many: the seeds of the much play begin after {most}")
    return replace(game, little=replace(game.little, episodes=episodes))


def quick(game: TransferGame) -> TransferGame:
    """The same with little to play, to try the chain out."""
    return replace(
        game,
        little=replace(game.little, episodes=QUICK_LITTLE, steps=QUICK_STEPS),
        much=replace(game.much, episodes=QUICK_MUCH, steps=QUICK_STEPS),
        max_steps=60,
        policy=(),
    )
