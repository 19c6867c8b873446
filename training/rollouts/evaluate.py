"""Policies at play: everybody plays the same games, what was played is kept, and the figures are made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playloom.errors import OutputError
from playloom.figures import count_in_words
from training.rollouts.episode import Episode
from training.rollouts.figures import Comparison, PlayerFigures, Share, compare, player_figures, share_of_way
from training.rollouts.journal import Journal, safe_name
from training.rollouts.player_room import Opener, PlayerRoom, open_policy
from training.rollouts.prepare import OpenedPolicy, Prepared
from training.rollouts.recorded import RECORDED, recorded_episodes
from training.rollouts.results import Results, Video, write_results
from training.rollouts.settings import EPISODES, Machine, Player

RANDOM, SCRIPTED = "random", "scripted"
VIDEOS = "videos"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is to be done.

    Attributes:
        prepared: what is played, and by whom.
        policies: as they were opened; a process of ours plays with these.
        seeds: of the games.
        output: a directory.
        machine: where policies compute.
        workers: Ray actors; 0: this process plays.
        ray_address: of a cluster; None: Ray on this machine.
        gpus: that an actor asks for.
        recordings: of a player to compare with; None: none.
        videos: whether rollouts are drawn.
    """

    prepared: Prepared
    policies: Sequence[OpenedPolicy]
    seeds: tuple[int, ...]
    output: Path
    machine: Machine
    workers: int = 0
    ray_address: str | None = None
    gpus: float = 0.0
    recordings: Path | None = None
    videos: bool = True


def evaluate(evaluation: Evaluation, on_episode: Callable[[Episode, int, int], None]) -> Results:
    """Let everybody play what has not been played yet, and write down what came of it.

    Args:
        evaluation: what is to be done.
        on_episode: is told each episode that has ended, how many have, and all of them.

    Raises:
        OutputError: the output cannot be written, or holds something else.
        PlayloomError: an episode cannot be played; those before are kept.
    """
    prepared = evaluation.prepared
    journal = Journal(evaluation.output, prepared.game.to_document())
    wanted = [(player, seed) for seed in evaluation.seeds for player in prepared.players]
    episodes: dict[tuple[str, int], Episode] = {}
    for player, seed in wanted:
        before = journal.played(player.name, player.fingerprint, seed)
        if before is not None:
            episodes[player.name, seed] = before
    fingerprints = {player.name: player.fingerprint for player in prepared.players}
    left = [(player, seed) for player, seed in wanted if (player.name, seed) not in episodes]
    for episode in _play(evaluation, left):
        journal.add(episode, fingerprints[episode.player])
        episodes[episode.player, episode.seed] = episode
        on_episode(episode, len(episodes), len(wanted))
    return _results(evaluation, journal, episodes)


def _play(evaluation: Evaluation, games: Sequence[tuple[Player, int]]) -> Iterator[Episode]:
    if not games:
        return
    prepared = evaluation.prepared
    if evaluation.workers:
        from training.rollouts.ray_actors import play_on_ray

        yield from play_on_ray(
            prepared.game,
            evaluation.machine,
            games,
            workers=evaluation.workers,
            address=evaluation.ray_address,
            gpus=evaluation.gpus,
        )
        return
    room = PlayerRoom(prepared.game, evaluation.machine, opener=_already(evaluation.policies))
    for player, seed in games:
        yield room.play(player, seed)


def _already(policies: Sequence[OpenedPolicy]) -> Opener:
    """Takes policies that are open; others are opened."""
    opened = {one.checkpoint.resolve(): one.policy for one in policies}
    return lambda path, device: opened[path] if path in opened else open_policy(path, device)


def _results(evaluation: Evaluation, journal: Journal, episodes: dict[tuple[str, int], Episode]) -> Results:
    prepared, fps = evaluation.prepared, evaluation.prepared.spec.steps_per_second
    figures = [
        player_figures(
            player.name, [episodes[player.name, seed] for seed in evaluation.seeds], is_policy=player.is_policy, fps=fps
        )
        for player in prepared.players
    ]
    notes = list(prepared.notes)
    if evaluation.recordings is not None:
        found, left_out = recorded_episodes(evaluation.recordings, prepared.spec, prepared.game.max_steps)
        figures.append(player_figures(RECORDED, found, is_policy=False, fps=fps))
        notes += [f"The recording {name} is left out: it {why}." for name, why in left_out.items()]
    if len(evaluation.seeds) < EPISODES:
        notes.append(
            f"{count_in_words(len(evaluation.seeds), 'episode')} each: an interval over fewer than {EPISODES} is a "
            "guess."
        )
    notes += _alike(evaluation, journal)
    videos = _videos(evaluation, journal, figures, notes) if evaluation.videos else ()
    results = Results(
        game={
            **prepared.game.to_document(),
            "game_id": prepared.spec.game_id,
            "steps_per_second": prepared.spec.steps_per_second,
            "packages": dict(prepared.spec.packages),
            "seeds": [evaluation.seeds[0], evaluation.seeds[-1]],
        },
        players=tuple(figures),
        settings={player.name: player.to_document() for player in prepared.players},
        comparisons=tuple(comparisons(figures)),
        shares=tuple(shares(figures)),
        machine={
            "device": evaluation.machine.device,
            "workers": evaluation.workers,
            "processors": os.cpu_count(),
        },
        notes=tuple(notes),
        terms=prepared.terms,
        videos=tuple(videos),
    )
    write_results(results, evaluation.output)
    return results


def _alike(evaluation: Evaluation, journal: Journal) -> Iterator[str]:
    """Games that a policy has played the same, to the byte, count as one: an interval over them is too narrow."""
    for player in evaluation.prepared.players:
        if player.is_policy:
            different = len({journal.rows(player.name, seed).tobytes() for seed in evaluation.seeds})
            if different < len(evaluation.seeds):
                yield (
                    f"{player.name} played only {count_in_words(different, 'different game')} of "
                    f"{len(evaluation.seeds)}: the seed changes too little here, and its interval is too narrow. "
                    "In Atari, --sticky 0.25 makes games differ."
                )


def comparisons(players: Sequence[PlayerFigures]) -> Iterator[Comparison]:
    """Each policy beside everybody else, two policies once."""
    for place, one in enumerate(players):
        if one.is_policy:
            for other in players[place + 1 :]:
                yield compare(one, other)


def shares(players: Sequence[PlayerFigures]) -> Iterator[Share]:
    """How far each policy has come from random play to the player to learn from, where both have played."""
    by_name = {one.name: one for one in players}
    goal = by_name.get(SCRIPTED) or by_name.get(RECORDED)
    floor = by_name.get(RANDOM)
    if goal is None or floor is None:
        return
    for one in players:
        share = share_of_way(one, floor, goal) if one.is_policy else None
        if share is not None:
            yield share


def _videos(
    evaluation: Evaluation, journal: Journal, figures: Sequence[PlayerFigures], notes: list[str]
) -> Iterator[Video]:
    """Draw the best, the median and the worst episode of each policy, and see that they are what was played."""
    from training.rollouts.videos import Rollout, chosen_episodes, write_rollout

    names = {
        player.name: one.policy.space.names
        for player, one in zip(evaluation.prepared.players, evaluation.policies, strict=False)
    }
    for one in figures:
        if not one.is_policy:
            continue
        for which, seed in chosen_episodes(dict(one.scores)):
            rollout = Rollout(
                game=evaluation.prepared.game,
                seed=seed,
                names=names[one.name],
                rows=journal.rows(one.name, seed),
                title=f"{one.name}, {which}",
            )
            file = f"{VIDEOS}/{safe_name(one.name)}-{which}-{seed}.mp4"
            score = write_rollout(rollout, evaluation.output / file)
            if abs(score - one.scores[seed]) > 1e-3:
                notes.append(
                    f"Played again, seed {seed} of {one.name} came to {score:g} and not to {one.scores[seed]:g}: "
                    "this game does not repeat itself here, and its video shows another play."
                )
            yield Video(player=one.name, which=which, seed=seed, score=one.scores[seed], file=file)


def check_output(output: Path) -> None:
    """Refuse a place that is a file, before anybody plays.

    Raises:
        OutputError: it is one.
    """
    if output.exists() and not output.is_dir():
        raise OutputError(output, "is a file", remedy="Name a folder with -o")
