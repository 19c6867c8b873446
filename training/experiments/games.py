"""Games that play themselves for an experiment: who plays, with which seeds, and how a model looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from playloom.errors import PlayloomError
from playloom.yaml_files import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Play:
    """Episodes of one player.

    Attributes:
        player: who plays: the name in the dataset.
        agent: of `playloom gym record --agent`.
        seed: of the first episode; the next has the next.
        episodes: how many.
        steps: an episode at most.
    """

    player: str
    agent: str
    seed: int
    episodes: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class ExperimentGame:
    """A game and how it is played, learned and judged.

    Attributes:
        environment: of `playloom gym record`.
        device: what the player's hands are on.
        task: what the player does.
        options: further ones of `playloom gym record`.
        train, test: who plays what is learned from, and what is judged. No seed and no player is in both, except where
            a game has one player only.
        window: pictures that the model sees at once.
        picture: as the model sees it: width, height.
        overrides: further ones of `playloom train idm`.
    """

    environment: str
    device: str
    task: str
    options: tuple[str, ...] = ()
    train: tuple[Play, ...]
    test: tuple[Play, ...]
    window: int
    picture: tuple[int, int]
    overrides: tuple[str, ...] = ()


GAMES: Mapping[str, ExperimentGame] = MappingProxyType(
    {
        "courier": ExperimentGame(
            environment="courier",
            device="gamepad",
            task="Deliver the parcels",
            options=("--size", "96x96"),
            train=(
                Play(player="ada", agent="scripted", seed=1000, episodes=20, steps=1500),
                Play(player="cleo", agent="random", seed=2000, episodes=20, steps=1500),
            ),
            test=(Play(player="ben", agent="casual", seed=9000, episodes=12, steps=1500),),
            window=8,
            picture=(96, 96),
        ),
        "my_way_home": ExperimentGame(
            environment="VizdoomMyWayHome-v1",
            device="keyboard",
            task="Find the armour",
            # Over a single tick a player who glides on looks like one who begins to walk: two pictures do not tell.
            options=("--size", "160x120", "--frame-skip", "4"),
            train=(Play(player="ada", agent="random", seed=1000, episodes=80, steps=525),),
            test=(Play(player="ada", agent="random", seed=9000, episodes=12, steps=525),),
            window=2,
            picture=(80, 64),
        ),
        "pong": ExperimentGame(
            environment="ALE/Pong-v5",
            device="keyboard",
            task="Win at Pong",
            options=("--frame-skip", "4"),
            train=(
                Play(player="ada", agent="scripted", seed=1000, episodes=10, steps=2000),
                Play(player="cleo", agent="random", seed=2000, episodes=20, steps=2000),
            ),
            test=(
                Play(player="ben", agent="random", seed=9000, episodes=8, steps=2000),
                Play(player="dan", agent="scripted", seed=9500, episodes=4, steps=2000),
            ),
            window=5,
            picture=(80, 112),
        ),
        "boxing": ExperimentGame(
            environment="ALE/Boxing-v5",
            device="keyboard",
            task="Win at Boxing",
            options=("--frame-skip", "4"),
            train=(Play(player="ada", agent="random", seed=1000, episodes=30, steps=2000),),
            test=(Play(player="ben", agent="random", seed=9000, episodes=10, steps=2000),),
            window=5,
            picture=(80, 112),
        ),
    }
)


def find_experiment(name: str) -> ExperimentGame:
    """The game of that name.

    Raises:
        PlayloomError: there is none.
    """
    if name not in GAMES:
        raise PlayloomError(f"there is no experiment on '{name}'", remedy=did_you_mean(name, GAMES))
    return GAMES[name]


def smaller(plays: tuple[Play, ...], *, episodes: int, steps: int) -> tuple[Play, ...]:
    """The same players with less to play, to try the chain out."""
    return tuple(
        Play(
            player=play.player,
            agent=play.agent,
            seed=play.seed,
            episodes=min(episodes, play.episodes),
            steps=min(steps, play.steps),
        )
        for play in plays
    )
