"""Playing one episode and recording it: the loop that people and agents share.

Frame k is what was on the screen before step k, and has the time at which step k's controls were read. A step is
written only when it has been played, frame and row together, so that a recording never holds a frame without its
step, whenever it is interrupted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from capture_node.gym.options import RecordOptions
from capture_node.gym.players import FrameClock, Player
from playloom.environments.environment import Environment, Image, action_of
from playloom.environments.hashes import bytes_hash, frame_hash
from playloom.environments.presets import Preset
from playloom.environments.spec import ENVIRONMENT_FILE, EpisodeOutcome, write_environment
from playloom.environments.steps import STEPS_FILE, StepRecord, StepWriter
from playloom.recording.acting_log import ActingLog
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.session_info import Clock
from playloom.recording.writer import SessionStart, SessionWriter, VideoSettings

SHORTEST_CUT_S = 1.0
"""An episode that its player breaks off earlier is not worth keeping."""


@dataclass(frozen=True, kw_only=True)
class EpisodeReport:
    """What became of an episode.

    Attributes:
        session: its directory; None if it was broken off at once and nothing was kept.
        game_id: the game.
        seed: the episode's seed.
        outcome: how it went.
        duration_s: of the play, on the session's clock.
    """

    session: Path | None
    game_id: str
    seed: int
    outcome: EpisodeOutcome
    duration_s: float


def play_episode(
    environment: Environment,
    player: Player,
    preset: Preset,
    options: RecordOptions,
    *,
    name: str,
    clock: FrameClock,
    first_image: Image,
    is_stopped: Callable[[], bool],
    acting: ActingLog | None = None,
    late_frames: Callable[[], int] = lambda: 0,
) -> EpisodeReport:
    """Play from ``first_image`` to the end of the episode and record it.

    Args:
        environment: reset, and showing ``first_image``.
        name: the session's directory in the options' root.
        clock: of the frames.
        is_stopped: asked before every step; the episode is ended in good order when it says so.
        acting: who acts in each frame, where an agent plays a part.
        late_frames: asked at the end how many frames came late beside those that are so by the clock.

    Raises:
        OutputError: the session exists already or cannot be written.
    """
    spec = environment.spec
    fps = options.video_fps(spec)
    start = SessionStart(
        source="gym",
        game_id=spec.game_id,
        player=options.player,
        profile_name=options.profile_name,
        task=options.task,
        clock=Clock(
            kind=clock.kind,
            started_unix_ns=time.time_ns(),
            started_monotonic_ns=clock.time_ns(0),
        ),
        acting=acting,
    )
    video = VideoSettings(width=spec.width, height=spec.height, fps=fps)
    with SessionWriter.create(options.root, name=name, start=start, video=video) as writer:
        write_environment(writer.path, spec)
        with StepWriter(writer.path / STEPS_FILE) as steps:
            outcome, duration_s, late = _play(
                environment, player, preset, options, clock, first_image, is_stopped, writer, steps
            )
        write_environment(writer.path, spec, outcome)
        for begin_ns, end_ns in player.pauses:
            writer.mark("pause", begin_ns=begin_ns, end_ns=end_ns)
        writer.add_file(ENVIRONMENT_FILE)
        writer.add_file(STEPS_FILE)
        writer.finish(late=max(0, late - len(player.pauses)) + late_frames())
        too_short = outcome.ended_by == "player" and outcome.steps < SHORTEST_CUT_S * fps
    if too_short:
        shutil.rmtree(writer.path)
    return EpisodeReport(
        session=None if too_short else writer.path,
        game_id=spec.game_id,
        seed=spec.seed,
        outcome=outcome,
        duration_s=duration_s,
    )


def _play(
    environment: Environment,
    player: Player,
    preset: Preset,
    options: RecordOptions,
    clock: FrameClock,
    first_image: Image,
    is_stopped: Callable[[], bool],
    writer: SessionWriter,
    steps: StepWriter,
) -> tuple[EpisodeOutcome, float, int]:
    """Play and record; how it went, how long it took in seconds, and how many frames came over a tick late."""
    image: Image | None = first_image
    score, ended_by = 0.0, "max_steps"
    fps = options.video_fps(environment.spec)
    first_ns = last_ns = late = 0
    while options.max_steps is None or steps.count < options.max_steps:
        assert image is not None
        held = None if is_stopped() else player.hold(image, environment)
        if held is None:
            ended_by = "player"
            break
        time_ns = clock.time_ns(steps.count)
        late += last_ns > 0 and time_ns - last_ns > 2_000_000_000 / fps
        first_ns, last_ns = first_ns or time_ns, time_ns
        action = action_of(environment, held, preset.actions_of(held))
        ram = environment.ram()
        result = environment.step(action)
        writer.add_inputs(InputSnapshot(monotonic_ns=time_ns, keys=held.keys, buttons=held.buttons, axes=held.axes))
        writer.add_frame(image, time_ns)
        steps.add(
            StepRecord(
                action=action,
                reward=result.reward,
                terminated=result.terminated,
                truncated=result.truncated,
                frame_hash=frame_hash(image),
                ram_hash="" if ram is None else bytes_hash(ram),
            )
        )
        score += result.reward
        image = result.image
        if result.is_last:
            ended_by = "terminated" if result.terminated else "truncated"
            break
    ram = environment.ram()
    outcome = EpisodeOutcome(
        steps=steps.count,
        score=score,
        ended_by=ended_by,
        last_frame_hash="" if image is None else frame_hash(image),
        last_ram_hash="" if ram is None else bytes_hash(ram),
    )
    duration_s = (last_ns - first_ns) / 1e9 + 1 / fps if steps.count else 0.0
    return outcome, round(duration_s, 3), late
