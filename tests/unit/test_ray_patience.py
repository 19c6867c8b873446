"""A node of a Ray cluster has time to start."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from playloom import ray_patience
from playloom.ray_patience import NodeDiedError, time_to_start


def ray_whose_node_comes_after(questions: int) -> Any:
    """As much of Ray as is asked for a new node."""
    asked: list[tuple[str, str]] = []

    def get_node(gcs_address: str, node_id: str) -> str:
        asked.append((gcs_address, node_id))
        if len(asked) <= questions:
            raise RuntimeError("no node yet")
        return "the node"

    def start_raylet(*_: str, **options: Any) -> Any:
        return SimpleNamespace(options=options, process=subprocess.Popen(["sleep", "0"]))

    services = SimpleNamespace(get_node=get_node, asked=asked, start_raylet=start_raylet)
    return SimpleNamespace(_private=SimpleNamespace(services=services))


def test_a_node_that_is_not_there_yet_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_patience, "_LOOK_S", 0.0)
    ray = ray_whose_node_comes_after(5)
    services = ray._private.services
    own = services.get_node
    with time_to_start(ray):
        assert services.get_node("gcs:1", "n1") == "the node"
    assert services.asked == [("gcs:1", "n1")] * 6
    assert services.get_node is own


def test_a_raylet_is_told_the_ports_of_its_agents_for_which_it_would_not_wait() -> None:
    services = ray_whose_node_comes_after(0)._private.services
    with time_to_start(SimpleNamespace(_private=SimpleNamespace(services=services))):
        told = services.start_raylet(
            "redis",
            metrics_agent_port=None,
            runtime_env_agent_port=31_999,
            dashboard_agent_listen_port=52_365,
            node_manager_port=0,
        )
    told.process.wait()
    told = told.options
    assert (told["runtime_env_agent_port"], told["node_manager_port"]) == (31_999, 0)
    for name in ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port"):
        assert 20_000 <= told[name] <= 32_000


def test_a_node_that_never_comes_is_waited_for_no_longer_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_patience, "START_S", 0.0)
    ray = ray_whose_node_comes_after(1000)
    with time_to_start(ray), pytest.raises(TimeoutError, match="its node was not up within 0 s"):
        ray._private.services.get_node("gcs:1", "n1")


def test_a_node_whose_raylet_has_died_is_not_waited_for() -> None:
    ray = ray_whose_node_comes_after(1000)
    services = ray._private.services
    with time_to_start(ray):
        services.start_raylet("redis").process.wait()
        with pytest.raises(NodeDiedError, match="its raylet has died while it started"):
            services.get_node("gcs:1", "n1")
