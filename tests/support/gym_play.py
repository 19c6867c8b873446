"""Short recordings of real games."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from capture_node.gym.episode import EpisodeReport
from capture_node.gym.options import RecordOptions
from capture_node.gym.record import record_agent
from playloom.environments.agents.agent import make_agent
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import Platform


def record(
    root: Path,
    game: str,
    *,
    agent: str = "random",
    steps: int = 200,
    episodes: int = 1,
    workers: int = 1,
    seed: int = 3,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> list[EpisodeReport]:
    """Let an agent play and record it."""
    options = RecordOptions(
        environment=game,
        settings=EnvironmentSettings(seed=seed, **(settings or {})),
        root=root,
        player=more.pop("player", "ada"),
        agent=agent,
        episodes=episodes,
        max_steps=steps,
        **more,
    )
    return list(record_agent(options, workers, lambda: False))


def record_one(root: Path, game: str, **more: Any) -> Path:
    """Record one episode and return its session's directory."""
    (report,) = record(root, game, **more)
    assert report.session is not None
    return report.session


def score(game: str, agent: str, *, seed: int, steps: int) -> float:
    """What an agent earns, without recording it."""
    found = find_game(game)
    size = (320, 240) if found.platform is Platform.VIZDOOM else None
    environment = make_environment(found, EnvironmentSettings(seed=seed, size=size), informed=True)
    try:
        player = make_agent(agent, environment.spec)
        image = environment.reset()
        earned = 0.0
        for _ in range(steps):
            result = environment.step(environment.action_for(player.act(image, environment)))
            earned += result.reward
            if result.is_last or result.image is None:
                break
            image = result.image
        return earned
    finally:
        environment.close()
