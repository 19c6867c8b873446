"""From what a person names to what is played: policies are opened and looked at, the game is set up as they know it.

Whatever does not fit is refused here, before anybody plays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playloom.environments.agents.agent import AGENTS, SCRIPTED_GAMES
from playloom.environments.agents.hands import make_hands
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.game import Game
from playloom.environments.presets import load_preset
from playloom.environments.row_hands import row_names
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import EnvironmentSpec, Platform
from playloom.errors import PlayloomError
from playloom.play.rhythm import rows_between_looks
from training.data.dataset import GameDataset, open_training_dataset
from training.errors import DatasetMismatchError, TrainingError
from training.rollouts.hands import Policy
from training.rollouts.player_room import Opener, open_policy
from training.rollouts.settings import LONGEST_S, GameSettings, Player
from training.runs.checkpoint import EMA, read_checkpoint
from training.runs.directory import find_checkpoint

SIZED = (Platform.VIZDOOM, Platform.COURIER)
"""Where the size of the picture can be chosen."""


@dataclass(frozen=True, kw_only=True)
class OpenedPolicy:
    """A policy that was named.

    Attributes:
        checkpoint: where it lies.
        sha256: of its weights.
        policy: itself.
    """

    checkpoint: Path
    sha256: str
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What is played, and by whom.

    Attributes:
        game: set up.
        spec: of the game with any seed.
        players: policies first, in the order in which they were named.
        notes: what has to be known of this choice, sentences.
        terms: under which the policies may be used.
    """

    game: GameSettings
    spec: EnvironmentSpec
    players: tuple[Player, ...]
    notes: tuple[str, ...]
    terms: tuple[str, ...]


def open_policies(runs: Sequence[Path], device: str, opener: Opener = open_policy) -> list[OpenedPolicy]:
    """The policies of some runs or checkpoints.

    Raises:
        CheckpointError: one is none, or not whole.
    """
    found: list[OpenedPolicy] = []
    for run in runs:
        checkpoint = find_checkpoint(run)
        files: Mapping[str, Any] = read_checkpoint(checkpoint, ()).state["files"]
        sha256 = str(files.get(f"{EMA}.safetensors", {}).get("sha256", ""))
        found.append(OpenedPolicy(checkpoint=checkpoint, sha256=sha256, policy=opener(checkpoint, device)))
    return found


def prepare(
    policies: Sequence[OpenedPolicy],
    *,
    game: str | None,
    wanted: GameSettings,
    frame_skip: int | None,
    max_steps: int | None,
    agents: Sequence[str] | None,
    execute: int | None,
    delay: int,
    task: str | None,
    seeds: Sequence[int],
) -> Prepared:
    """See that the policies can play the game, and set it up as they know it.

    Args:
        policies: at least one.
        game: a name of the game; None: the one that the policies were trained on.
        wanted: what was said of the game; its environment, frame skip and length are filled in here.
        frame_skip: None: the one that gives the policies' rate.
        max_steps: None: two minutes of play.
        agents: who else plays; None: random, no-op, and the scripted player where there is one.
        execute: rows of each chunk; None: as many as `rows_between_looks` says.
        delay: frames until a chunk can be used.
        task: what policies are told; None: the first that each knows.
        seeds: of the games.

    Raises:
        DatasetMismatchError: a policy was trained for another game, another layout of its actions or another rate.
        PlayloomError: the game is not installed or cannot be set up so; there is no such agent or task.
    """
    first = policies[0].policy
    found = find_game(game or first.game_id)
    size = wanted.size
    notes: list[str] = []
    if size is None and found.platform in SIZED:
        size = next((dataset.picture_size for dataset in _trained_on(first)), None)
    bare = _spec(found, replace(wanted, size=size), 1)
    for one in policies:
        _check_game(one.policy, found, bare)
    skip = frame_skip or max(1, round(bare.native_fps / first.fps))
    spec = _spec(found, replace(wanted, size=size), skip)
    for one in policies:
        _check_rate(one.policy, spec)
    settings = replace(
        wanted,
        environment=found.environment_id,
        frame_skip=skip,
        size=size,
        max_steps=max_steps or max(1, round(LONGEST_S * spec.steps_per_second)),
    )
    notes += _known_seeds(policies, seeds)
    players = [*_policy_players(policies, execute=execute, delay=delay, task=task), *_agents(agents, found, settings)]
    terms = tuple(dict.fromkeys(term for one in policies if one.policy.lineage for term in one.policy.lineage.terms))
    return Prepared(game=settings, spec=spec, players=tuple(players), notes=tuple(notes), terms=terms)


def _spec(game: Game, settings: GameSettings, frame_skip: int) -> EnvironmentSpec:
    environment = make_environment(game, replace(settings, frame_skip=frame_skip).of_episode(0))
    try:
        return environment.spec
    finally:
        environment.close()


def _check_game(policy: Policy, game: Game, spec: EnvironmentSpec) -> None:
    if policy.game_id != game.game_id:
        raise DatasetMismatchError(
            f"{policy.label} was trained to play {policy.game_id or 'a game without a name'}, not {game.game_id}",
            remedy=f"Let it play {policy.game_id}, or name a policy of {game.game_id}",
        )
    environment = make_environment(game, EnvironmentSettings.of(spec))
    try:
        known = row_names(environment)
    finally:
        environment.close()
    strange = [name for name in policy.space.names if name not in known]
    if strange:
        raise DatasetMismatchError(
            f"{policy.label} presses {', '.join(strange)}, which {game.environment_id} does not have; "
            f"it has {', '.join(known)}",
            remedy="Train on a dataset that was converted with the definition of 'playloom gym define', "
            "whose actions are the game's own",
        )


def _check_rate(policy: Policy, spec: EnvironmentSpec) -> None:
    if round(spec.steps_per_second) != policy.fps:
        raise DatasetMismatchError(
            f"{policy.label} was trained on {policy.fps} rows a second, and {spec.environment_id} with a frame skip of "
            f"{spec.frame_skip} has {spec.steps_per_second:g}",
            remedy="Leave --frame-skip out, or name the one that the dataset was recorded with",
        )


def _trained_on(policy: Policy) -> Iterator[GameDataset]:
    """The datasets that a policy was trained on, those that still lie where they lay."""
    for one in policy.lineage.datasets if policy.lineage else ():
        with suppress(PlayloomError):
            yield open_training_dataset(one.path, version=one.version)


def _known_seeds(policies: Sequence[OpenedPolicy], seeds: Sequence[int]) -> list[str]:
    notes: list[str] = []
    for one in policies:
        known = {episode.seed for dataset in _trained_on(one.policy) for episode in dataset.episodes}
        met = [seed for seed in seeds if seed in known]
        if met:
            notes.append(
                f"{one.policy.label} was trained on {len(met)} of these games (seed {met[0]} is one): its figures "
                "flatter. Take another --seed."
            )
    return notes


def _policy_players(
    policies: Sequence[OpenedPolicy], *, execute: int | None, delay: int, task: str | None
) -> list[Player]:
    players: list[Player] = []
    for one in policies:
        policy = one.policy
        if delay >= policy.chunk:
            raise TrainingError(
                f"{policy.label} says {policy.chunk} rows at once: behind a delay of {delay} frames none is left",
                remedy=f"Choose a --delay below {policy.chunk}",
            )
        rows = execute or min(rows_between_looks(policy.chunk, policy.fps), policy.chunk - delay)
        if rows > policy.chunk - delay:
            raise TrainingError(
                f"{policy.label} says {policy.chunk} rows at once: with a delay of {delay} frames, {rows} of each "
                "cannot be played",
                remedy=f"Choose an --execute up to {policy.chunk - delay}",
            )
        if task and task not in policy.tasks:
            known = ", ".join(f"'{known}'" for known in policy.tasks) or "none"
            raise TrainingError(f"{policy.label} does not know the task '{task}'", remedy=f"It knows {known}")
        told = task if task is not None else (policy.tasks[0] if policy.tasks else "")
        taken = {player.name for player in players}
        name = next(name for name in _names(policy.label) if name not in taken)
        players.append(
            Player(
                name=name,
                checkpoint=one.checkpoint.resolve(),
                sha256=one.sha256,
                execute=rows,
                delay=delay,
                task=told,
            )
        )
    return players


def _names(label: str) -> list[str]:
    return [label, *(f"{label}#{number}" for number in range(2, 1000))]


def _agents(agents: Sequence[str] | None, game: Game, settings: GameSettings) -> list[Player]:
    if agents is None:
        agents = ["random", "noop", *(["scripted"] if game.game_id in SCRIPTED_GAMES else [])]
    for name in agents:
        if name not in AGENTS:
            raise PlayloomError(f"there is no agent '{name}'", remedy=f"Choose one of {', '.join(AGENTS)}, or none")
        environment = make_environment(game, settings.of_episode(0))
        try:
            make_hands(name, environment, load_preset(environment.spec, settings.preset_files), settings.device)
        finally:
            environment.close()
    return [Player(name=name) for name in dict.fromkeys(agents)]
