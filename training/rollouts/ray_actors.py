"""Players as Ray actors: several episodes at once, here or on a cluster. The one module of rollouts that knows Ray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from playloom.errors import PlayloomError
from training.errors import TrainingError
from training.ray_cluster import Standpoint, ray_cluster
from training.rollouts.episode import Episode
from training.rollouts.player_room import PlayerRoom
from training.rollouts.settings import GameSettings, Machine, Player

POLL_S = 0.5
TRIES = 2
"""An actor that dies is replaced, and its episode played once more."""


class _Actor:
    def __init__(self, game: GameSettings, machine: Machine, standpoint: Standpoint) -> None:
        standpoint.take()
        self._room = PlayerRoom(game, machine)

    def play(self, player: Player, seed: int) -> Episode | PlayloomError:
        try:
            return self._room.play(player, seed)
        except PlayloomError as error:  # subclasses have constructors of their own, which do not survive the way
            return PlayloomError(error.problem, remedy=error.remedy)


def play_on_ray(
    game: GameSettings,
    machine: Machine,
    games: Sequence[tuple[Player, int]],
    *,
    workers: int,
    address: str | None,
    gpus: float,
) -> Iterator[Episode]:
    """Play in actors, each as soon as one is free; yields episodes in the order of their ends.

    Args:
        game: what is played.
        machine: where policies compute.
        games: who plays with which seed.
        workers: actors.
        address: of a cluster; None: on this machine.
        gpus: that an actor asks for.

    Raises:
        TrainingError: Ray cannot be reached, or an episode's actor has died again and again.
        PlayloomError: an episode cannot be played.
    """
    with ray_cluster(address, without="--workers 0") as ray:
        actor_class: Any = ray.remote(_Actor)
        actor_class = actor_class.options(num_cpus=1, num_gpus=gpus)
        standpoint = Standpoint.ours()
        left = [(player, seed, 1) for player, seed in reversed(games)]
        idle = [actor_class.remote(game, machine, standpoint) for _ in range(min(workers, len(games)))]
        busy: dict[Any, tuple[Any, Player, int, int]] = {}
        while left or busy:
            while left and idle:
                actor, (player, seed, attempt) = idle.pop(), left.pop()
                busy[actor.play.remote(player, seed)] = (actor, player, seed, attempt)
            ready, _ = ray.wait(list(busy), timeout=POLL_S)
            for reference in ready:
                actor, player, seed, attempt = busy.pop(reference)
                try:
                    result = ray.get(reference)
                except ray.exceptions.RayError as error:
                    if attempt >= TRIES:
                        reason = str(error).strip().splitlines()
                        raise TrainingError(
                            f"{player.name}, seed {seed}: its process died: {reason[-1] if reason else ''}",
                            remedy="Try fewer --workers; what was played is kept",
                        ) from error
                    idle.append(actor_class.remote(game, machine, standpoint))
                    left.append((player, seed, attempt + 1))
                    continue
                if isinstance(result, PlayloomError):
                    raise result
                idle.append(actor)
                yield result
