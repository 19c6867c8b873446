"""How fast a policy plays: from a picture to its answer, answers a second, and whether the game keeps its own speed.

`playloom policy serve` runs in a process of its own with a policy of a preset's size that has learned nothing, which
takes as long as one that has; `playloom play` plays Courier (30 frames a second, 128x128) and VizDoom (35 frames a
second, 320x240) beside it on the same machine, through gRPC on loopback, each frame shown for its time. The preset is
cpu, and with a GPU h100: SigLIP 2 of the base size at 256x256. Then four players ask one server as fast as they can:
together, and each alone after the other.

An answer's time is from the moment at which the observation goes out to that at which its rows can be held. They are
held from the next frame on, so that at most one frame's time comes on top. Real time is the game's own: 1 is reached
where no frame begins late, and nothing can be above it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.harness import RESULTS_ROOT, Row, Settings, figure, main

if TYPE_CHECKING:
    from capture_node.play.link import PolicyLink
    from playloom.environments.spec import EnvironmentSpec
    from training.action_space import ActionSpace

ROOT = RESULTS_ROOT / "play"
GAMES = {"courier": None, "VizdoomHealthGathering-v1": (320, 240)}
"""Games, each with its picture's size; None: its own."""

PLAYERS = 4


def rows(settings: Settings) -> Iterator[Row]:
    """All figures."""
    import torch

    gpu = torch.cuda.is_available()
    preset = "debug" if settings.quick else "h100" if gpu else "cpu"
    device = torch.cuda.get_device_name() if gpu else f"{os.cpu_count()} CPU cores"
    for name, size in GAMES.items():
        yield from _game(name, size, preset, device, 3 if settings.quick else 60)
    yield from _together(preset, device, 2 if settings.quick else 10)


def _game(name: str, size: tuple[int, int] | None, preset: str, device: str, seconds: float) -> Iterator[Row]:
    from capture_node.play.environment import EnvironmentPlay, play_environment
    from capture_node.play.pilot import PilotOptions
    from playloom.environments.settings import EnvironmentSettings
    from playloom.play.kill_switch import KillSwitch

    spec = _spec(name, size)
    fps = round(spec.steps_per_second)
    with _served(_untaught(preset, _space(spec), fps)) as link:
        played = list(
            play_environment(
                EnvironmentPlay(
                    environment=name,
                    settings=EnvironmentSettings(seed=1, size=size),
                    episodes=max(1, round(seconds / 10)),
                    max_steps=round(fps * min(seconds, 10)),
                    pilot=PilotOptions(),
                ),
                link,
                KillSwitch(),
                lambda: False,
            )
        )
    answers_ms = sorted(1000 * second for one in played for second in one.figures.round_s)
    compute_ms = [ms for one in played for ms in one.figures.compute_ms]
    real_s = sum(one.real_s for one in played)
    frames = sum(one.report.outcome.steps for one in played)
    without = sum(one.figures.without_row for one in played)
    title = f"{spec.game_id} at {fps}/s, preset {preset}"
    limit = f"the policy alone {median(compute_ms):.1f} ms"
    yield figure(f"{title}: real-time factor", frames / fps / real_s, "of real time", peer=device, at_least=0.99)
    yield figure(f"{title}: picture to answer, p50", median(answers_ms), "ms", limit=limit)
    yield figure(f"{title}: picture to answer, p99", answers_ms[int(0.99 * len(answers_ms))], "ms", limit=limit)
    yield figure(f"{title}: answers", len(answers_ms) / real_s, "chunks/s")
    yield figure(f"{title}: frames that the policy had said something for", 100 * (1 - without / frames), "%")


def _together(preset: str, device: str, seconds: float) -> Iterator[Row]:
    """Several players of one server, as fast as they can, beside one."""
    path = _untaught(preset, _space(_spec("courier", None)), 30)
    with _served(path) as first:
        alone = _asked([first], seconds)
        more = [_line(first) for _ in range(PLAYERS - 1)]
        for link in more:
            link.__enter__()
        try:
            together = _asked([first, *more], seconds)
        finally:
            for link in more:
                link.__exit__()
    peer = f"one player {alone:.1f} chunks/s"
    yield figure(f"{PLAYERS} players of one server, preset {preset}", together, "chunks/s", peer=f"{peer}, {device}")
    yield figure("players together / one alone", together / alone, "× peer")


def _asked(links: Sequence[PolicyLink], seconds: float) -> float:
    """Answers a second, of all who ask again as soon as they are answered."""
    from playloom.play.wire import Observed

    counts = [0] * len(links)
    until_s = time.monotonic() + seconds

    def ask(place: int) -> None:
        link = links[place]
        facts = link.facts
        width, height = facts.picture_size
        pictures = np.random.default_rng(place).integers(0, 255, (facts.history, height, width, 3), np.uint8)
        frame = link.next_frame
        while time.monotonic() < until_s:
            link.offer(
                Observed(frame=frame, pictures=pictures, held=np.zeros(facts.width, np.float32), task="", seed=frame)
            )
            while link.take().rows is None:
                if time.monotonic() > until_s + seconds:
                    return
                time.sleep(0.0005)
            counts[place] += 1
            frame = link.next_frame = frame + 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(links))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


@contextmanager
def _served(run: Path) -> Iterator[PolicyLink]:
    """A line to a server of its own process."""
    from capture_node.play.link import PolicyLink
    from playloom.client.access import server_at
    from playloom.token_file import read_token

    token = ROOT / "token"
    command = [sys.executable, "-m", "playloom", "policy", "serve", str(run), "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*command, "--token", str(token)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = ""
            for line in server.stdout:
                if line.startswith("next,"):
                    break
                if found := re.search(r"listens at (\S+);", line):
                    address = found.group(1)
            access = replace(server_at(address), token=read_token(token / "token"))
            with PolicyLink(access, print, silence_s=10) as link:
                yield link
        finally:
            server.terminate()


def _line(other: PolicyLink) -> PolicyLink:
    from capture_node.play.link import PolicyLink

    return PolicyLink(other.access, print, silence_s=10)


def _spec(name: str, size: tuple[int, int] | None) -> EnvironmentSpec:
    from playloom.environments.catalogue import find_game, make_environment
    from playloom.environments.settings import EnvironmentSettings

    environment = make_environment(find_game(name), EnvironmentSettings(seed=1, size=size))
    environment.close()
    return environment.spec


def _space(spec: EnvironmentSpec) -> ActionSpace:
    """What a dataset of this game would have."""
    from playloom.actions.layout import layout_of
    from playloom.environments.definitions import CLASS_ID, game_definition_of
    from training.action_space import ActionSpace, Head, HeadKind

    kinds = {"vector2": HeadKind.STICK, "trigger": HeadKind.TRIGGER, "digital": HeadKind.DIGITAL}
    layout = layout_of(game_definition_of(spec), [CLASS_ID])
    heads = tuple(
        Head(name=slot.action_id, kind=kinds[slot.kind.value], places=tuple(range(slot.start, slot.start + slot.size)))
        for slot in layout.slots
    )
    return ActionSpace(game_id=spec.game_id, layout_version=layout.version, names=layout.names, heads=heads)


def _untaught(preset: str, space: ActionSpace, fps: int) -> Path:
    """A run of a preset's size that has learned nothing."""
    import torch

    from training.ema import WeightAverage
    from training.idm.balance import class_balance
    from training.policy.loading import kind_of, policy_document
    from training.policy.model import PolicyModel
    from training.policy.options import PROGRAM, options_of
    from training.runs.checkpoint import EMA, MODEL, Checkpoint, write_checkpoint
    from training.runs.lineage import new_lineage

    config = options_of(PROGRAM.compose([f"preset={preset}", "data.path=nowhere"])).model
    played = np.random.default_rng(0).integers(0, 2, (100, space.width)).astype(np.float32)
    torch.manual_seed(0)
    model = PolicyModel(config, space, tasks=1, balance=class_balance([played], space))
    document = {
        "kind": kind_of(config), "space": space.to_document(), "model": policy_document(config), "tasks": ["Play"],
        "fps": fps, "frame_step": 1,
    }  # fmt: skip
    run = ROOT / f"{preset}-{space.game_id}"
    shutil.rmtree(run, ignore_errors=True)
    checkpoint = Checkpoint(
        config=document,
        lineage=new_lineage(kind_of(config), run.name, []),
        state={"step": 0},
        tensors={MODEL: model.state_dict(), EMA: WeightAverage(model).state_dict()},
    )
    write_checkpoint(run / "checkpoints", 0, checkpoint)
    return run


if __name__ == "__main__":
    main("bench.play", __doc__, rows)
