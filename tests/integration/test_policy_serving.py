from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capture_node.node.tls import own_certificate
from capture_node.play.link import PolicyLink, PolicyServerError
from playloom.client.access import ServerAccess, server_at
from playloom.environments.courier.definition import courier_definition, courier_profile
from playloom.game_definition import ActionKind
from playloom.listen_address import AddressError, parse_address
from playloom.play.wire import Observed, observation_message
from playloom.recording.acting_log import read_acted
from playloom.token_file import own_token
from tests.support.play_facts import COURIER_HEADS, COURIER_NAMES, courier_facts
from tests.support.policy_checkpoints import untaught_policy
from training.action_space import ActionSpace, Head, HeadKind
from training.errors import PolicyError
from training.policy.acting import Chunk
from training.serving.batching import Batcher
from training.serving.server import PolicyGrpcServer, TlsFiles
from training.serving.service import PolicyService

PLAYLOOM = Path(__file__).parents[2] / ".venv/bin/playloom"
FACTS = courier_facts(chunk=4, history=1, side=8)
COURIER_SPACE = ActionSpace(
    game_id="courier",
    layout_version=1,
    names=COURIER_NAMES,
    heads=tuple(Head(name=one.name, kind=HeadKind(one.kind), places=one.places) for one in COURIER_HEADS),
)
SECONDS = 60.0


class Echo:
    """Moves as far as the picture is bright; whoever shows a black one makes it fail, and it fails for all asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def act(
        self,
        pictures: NDArray[np.uint8],
        *,
        held: NDArray[np.float32],
        tasks: Sequence[str],
        seeds: Sequence[int],
    ) -> Chunk:
        assert self.gate.wait(SECONDS)
        self.batches.append(len(pictures))
        if not pictures.reshape(len(pictures), -1).any(axis=1).all():
            raise PolicyError("test@1: row 0 is no number")
        values = np.zeros((len(pictures), 4, 14), np.float32)
        values[:, :, 0] = pictures.mean(axis=(1, 2, 3, 4))[:, None] / 255
        return Chunk(values=values, confidence=np.ones((len(pictures), 4, len(COURIER_HEADS)), np.float32))


def seen(brightness: int, frame: int = 0) -> Observed:
    pictures = np.full((1, 8, 8, 3), brightness, np.uint8)
    return Observed(frame=frame, pictures=pictures, held=np.zeros(14, np.float32), task="", seed=1)


@contextmanager
def served(policy: Echo, *, tls: TlsFiles | None = None, token: str = "t" * 43, players: int = 16) -> Iterator[str]:
    with Batcher(policy, max_wait_s=0.2) as batcher:
        service = PolicyService(FACTS, batcher, max_players=players)
        server = PolicyGrpcServer(service, token, address=parse_address("127.0.0.1:0"), tls=tls)
        server.start()
        try:
            yield server.address
        finally:
            server.stop()


@contextmanager
def line(address: str, token: str = "t" * 43) -> Iterator[PolicyLink]:
    with PolicyLink(replace(server_at(address), token=token), silence_s=SECONDS) as link:
        yield link


def answer(link: PolicyLink, observed: Observed) -> float:
    link.offer(observed)
    until_s = time.monotonic() + SECONDS
    while (rows := link.take().rows) is None:
        assert time.monotonic() < until_s
        time.sleep(0.002)
    assert rows.first == observed.frame + 1
    return round(float(rows.values[0, 0]) * 255)


def test_two_players_who_ask_together_are_answered_together_each_with_his_own() -> None:
    policy = Echo()
    with served(policy) as address, line(address) as ada, line(address) as grace:
        assert answer(ada, seen(10, 1)) == 10  # alone
        assert answer(grace, seen(20, 5)) == 20
        policy.batches.clear()
        policy.gate.clear()
        found: dict[str, float] = {}
        players = [
            threading.Thread(target=lambda: found.update(ada=answer(ada, seen(30, 2)))),
            threading.Thread(target=lambda: found.update(grace=answer(grace, seen(40, 6)))),
        ]
        for player in players:
            player.start()
        policy.gate.set()
        for player in players:
            player.join(SECONDS)
    assert found == {"ada": 30, "grace": 40}
    assert policy.batches == [2]


def test_what_one_player_shows_does_not_cost_the_other_his_answer() -> None:
    policy = Echo()
    with Batcher(policy, max_wait_s=SECONDS) as batcher:
        batcher.join()
        batcher.join()
        failed: list[str] = []

        def ask_black() -> None:
            try:
                batcher.ask(seen(0))
            except PolicyError as error:
                failed.append(str(error))

        other = threading.Thread(target=ask_black)
        other.start()
        found = batcher.ask(seen(50))
        other.join(SECONDS)
    assert round(float(found.values[0, 0]) * 255) == 50
    assert failed == ["test@1: row 0 is no number"]
    assert policy.batches == [2, 1, 1]


def test_a_player_who_is_alone_waits_for_nobody() -> None:
    with Batcher(Echo(), max_wait_s=SECONDS * 10) as batcher:
        batcher.join()
        assert batcher.ask(seen(50)).batch == 1


def test_whoever_waits_when_the_server_ends_is_told() -> None:
    policy = Echo()
    policy.gate.clear()
    failed: list[str] = []

    def ask() -> None:
        try:
            batcher.ask(seen(50))
        except PolicyError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with Batcher(policy, max_batch=1) as batcher:
        for thread in threads:
            thread.start()
        threading.Timer(0.1, policy.gate.set).start()
    for thread in threads:
        thread.join(SECONDS)
    assert set(failed) <= {"the policy server ends"}
    with pytest.raises(PolicyError, match="the policy server ends"):
        batcher.ask(seen(50))


def test_a_fault_of_the_model_is_the_players_error_and_not_the_servers_end() -> None:
    with served(Echo()) as address, line(address) as link:
        link.offer(seen(0))
        until_s = time.monotonic() + SECONDS
        while not link.take().lost:
            assert time.monotonic() < until_s
            time.sleep(0.002)
        until_s = time.monotonic() + SECONDS
        while link.is_lost:
            link.offer(seen(60))
            assert time.monotonic() < until_s
            time.sleep(0.01)


def test_without_the_token_nothing_is_told() -> None:
    with (
        served(Echo()) as address,
        pytest.raises(PolicyServerError, match=r"refuses: the policy server's token is missing or another one"),
        line(address, "x" * 43),
    ):
        pass


def test_off_loopback_there_is_tls_and_the_certificate_is_looked_at(tmp_path: Path) -> None:
    own_certificate(tmp_path / "tls", ["127.0.0.1"])
    files = TlsFiles.read(tmp_path / "tls/tls-certificate.pem", tmp_path / "tls/tls-key.pem")
    with served(Echo(), tls=files) as address:
        access = replace(server_at(address, tmp_path / "tls/tls-certificate.pem"), token="t" * 43)
        with PolicyLink(access) as link:
            assert answer(link, seen(70)) == 70
        with pytest.raises(PolicyServerError, match="cannot be reached"):
            PolicyLink(ServerAccess(address=address, tls=True, token="t" * 43))
    with Batcher(Echo()) as batcher, pytest.raises(AddressError, match="speaks TLS only"):
        PolicyGrpcServer(PolicyService(FACTS, batcher), "t" * 43, address=parse_address("0.0.0.0:0"))


def test_one_player_more_than_there_is_room_for_is_told_so() -> None:
    said: list[str] = []
    with served(Echo(), players=1) as address, line(address) as first:
        assert answer(first, seen(80)) == 80
        with PolicyLink(replace(server_at(address), token="t" * 43), said.append) as second:
            second.offer(seen(90))
            until_s = time.monotonic() + SECONDS
            while not said:
                second.offer(seen(90))
                assert time.monotonic() < until_s
                time.sleep(0.01)
    assert "is full: 1 players are playing already" in said[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pictures": np.zeros((2, 8, 8, 3), np.uint8)}, "384 were sent"),
        ({"held": np.zeros(3, np.float32)}, "14 action values"),
        ({"held": np.full(14, np.nan, np.float32)}, "14 action values"),
        ({"task": "Dance"}, "does not know the task 'Dance'"),
    ],
)
def test_an_observation_that_does_not_fit_is_refused(change: dict[str, object], words: str) -> None:
    said: list[str] = []
    with served(Echo()) as address, PolicyLink(replace(server_at(address), token="t" * 43), said.append) as link:
        link.offer(replace(seen(10), **change))
        until_s = time.monotonic() + SECONDS
        while not said:
            assert time.monotonic() < until_s
            time.sleep(0.005)
    assert words in said[0]


def test_the_documented_heads_are_those_of_the_game() -> None:
    kinds = {action.id: action.kind for one in courier_definition().classes for action in one.actions}
    assert [head.kind for head in COURIER_HEADS][:3] == ["stick", "stick", "trigger"]
    assert kinds["move"] is ActionKind.VECTOR2
    assert courier_profile("p").class_ids == ("default",)
    assert len(observation_message(seen(1)).pictures) == FACTS.picture_bytes


def playloom(home: Path, *arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [PLAYLOOM, *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "PLAYLOOM_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "400"},
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_a_policy_is_served_plays_beside_a_player_and_what_it_played_converts(tmp_path: Path) -> None:
    run = untaught_policy(tmp_path / "run", space=COURIER_SPACE, chunk=8)
    environment = {**os.environ, "PLAYLOOM_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        [PLAYLOOM, "policy", "serve", run, "--listen", "127.0.0.1:0", "--threads", "1"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as server:
        assert server.stdout is not None
        try:
            lines = [server.stdout.readline() for _ in range(4)]
            assert "untaught@7 plays courier at 30 frames a second" in lines[0]
            address = re.findall(r"127\.0\.0\.1:\d+", lines[2])[0]
            play = ["play", "courier", "--server", address, "--headless", "--seed", "5", "--json"]
            alone = playloom(tmp_path / "home", *play, "--max-steps", "20")
            assert json.loads(alone.stdout)[0]["steps"] == 20
            beside = playloom(
                tmp_path / "home", *play, "--max-steps", "60", "--beside", "scripted", "--hold", "dash,look",
                "--profile", "pad", "-o", tmp_path / "sessions",
            )  # fmt: skip
            other = playloom(tmp_path / "home", "play", "pong", "--server", address, "--headless", status=1)
            assert "untaught@7 plays courier, and this is atari-pong" in other.stderr
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=SECONDS)
    assert server.returncode == 0
    [row] = json.loads(beside.stdout)
    assert row["frames_agent"] > 0
    session = Path(row["session"])
    acted = read_acted(session)
    assert acted is not None
    assert acted.actions == ("look", "dash")
    assert acted.policy == "untaught@7"
    assert len(acted.by_agent) == 60
    assert acted.by_agent.sum() == 2 * row["frames_agent"]
    playloom(tmp_path / "home", "gym", "verify", session)
    playloom(
        tmp_path / "home",
        "gym",
        "define",
        "courier",
        "--input",
        "gamepad",
        "--profile",
        "pad",
        "-o",
        tmp_path / "games",
    )
    assert own_token(tmp_path / "home/data/policy")
    made = playloom(
        tmp_path / "home", "convert", "--session-root", tmp_path / "sessions", "--game-definition",
        tmp_path / "games/courier.yaml", "--action-mapping", tmp_path / "games/courier-pad.yaml", "--output-root",
        tmp_path / "dataset", "--repo-id", "me/played",
    )  # fmt: skip
    assert "60 frames" in made.stdout
