"""Verifying a recording: play its actions again and compare every picture with what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playloom.environments.catalogue import differences, remake_environment
from playloom.environments.environment import Environment, Image
from playloom.environments.hashes import bytes_hash, frame_hash
from playloom.environments.spec import EnvironmentSpec, EpisodeOutcome, read_environment
from playloom.environments.steps import STEPS_FILE, Steps, read_steps
from playloom.errors import RecordingError
from playloom.recording.mp4_index import index_video
from playloom.recording.session import open_session
from playloom.recording.session_info import SessionInfo, file_record
from playloom.recording.sync_table import read_sync


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first thing in which a replay is not its recording.

    Attributes:
        step: where.
        what: "frame", "memory", "reward", "terminated", "truncated", "action" or "end".
        recorded: what the recording says.
        replayed: what the replay did.
    """

    step: int
    what: str
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.what} is {self.replayed}, was {self.recorded} when recorded"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a replay found.

    Attributes:
        session: its directory.
        environment_id: the game.
        steps: how many were recorded.
        difference: the first, or None.
        faults: what else is wrong with the session: files changed since, frames missing from the video.
        changes: packages and files of this machine that are not those of the recording.
    """

    session: Path
    environment_id: str
    steps: int
    difference: Difference | None
    faults: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def is_deterministic(self) -> bool:
        return self.difference is None

    @property
    def is_good(self) -> bool:
        return self.difference is None and not self.faults


def replay(environment: Environment, steps: Steps) -> Iterator[tuple[int, Image | None, Difference | None]]:
    """Play the recorded actions again.

    Yields:
        Each step's number, its picture (None after the end), and in what it differs from the recording. The last
        item has the number of steps and the picture after the last step.
    """
    image: Image | None = environment.reset()
    for step in range(len(steps)):
        recorded = steps[step]
        difference = None
        if image is None:
            yield step, None, Difference(step=step, what="end", recorded="not reached", replayed="reached")
            return
        ram = environment.ram()
        for what, then, now in (
            ("frame", recorded.frame_hash, frame_hash(image)),
            ("memory", recorded.ram_hash, "" if ram is None else bytes_hash(ram)),
        ):
            if then != now and difference is None:
                difference = Difference(step=step, what=what, recorded=then or "none", replayed=now or "none")
        if not environment.has_action(recorded.action):
            invalid = Difference(step=step, what="action", recorded=str(recorded.action), replayed="not possible")
            yield step, image, difference or invalid
            return
        result = environment.step(recorded.action)
        for what, then, now in (
            ("reward", f"{recorded.reward:g}", f"{result.reward:g}"),
            ("terminated", str(recorded.terminated), str(result.terminated)),
            ("truncated", str(recorded.truncated), str(result.truncated)),
        ):
            if then != now and difference is None:
                difference = Difference(step=step, what=what, recorded=then.lower(), replayed=now.lower())
        yield step, image, difference
        image = result.image
        if result.is_last and step + 1 < len(steps):
            over = Difference(step=step + 1, what="end", recorded="not reached", replayed="reached")
            yield step + 1, image, over
            return
    yield len(steps), image, None


def verify_session(path: Path) -> Verification:
    """Replay one session and compare.

    Raises:
        RecordingError: it is not a session of a game, or cannot be read.
        EnvironmentChoiceError: the game cannot run here.
    """
    session = open_session(path)
    spec, outcome = read_environment(path)
    steps = read_steps(path / STEPS_FILE)
    environment = remake_environment(spec)
    difference = None
    try:
        changes = differences(spec, environment.spec)
        for step, image, found in replay(environment, steps):
            difference = found
            if difference is None and step == len(steps) and outcome is not None:
                difference = _end_difference(environment, step, image, outcome)
            if difference is not None:
                break
    finally:
        environment.close()
    return Verification(
        session=path,
        environment_id=spec.environment_id,
        steps=len(steps),
        difference=difference,
        faults=tuple(_faults(path, session.info, spec, steps, outcome)),
        changes=tuple(changes),
    )


def _end_difference(
    environment: Environment, step: int, image: Image | None, outcome: EpisodeOutcome
) -> Difference | None:
    ram = environment.ram()
    for what, then, now in (
        ("frame", outcome.last_frame_hash, "" if image is None else frame_hash(image)),
        ("memory", outcome.last_ram_hash, "" if ram is None else bytes_hash(ram)),
    ):
        if then != now:
            return Difference(step=step, what=what, recorded=then or "none", replayed=now or "none")
    return None


def _faults(
    path: Path, info: SessionInfo | None, spec: EnvironmentSpec, steps: Steps, outcome: EpisodeOutcome | None
) -> Iterator[str]:
    """What is wrong with the session beside what the replay shows, as sentences without a full stop."""
    if info is None or outcome is None:
        yield "the recording was interrupted"
    if steps.cut_off:
        yield f"{STEPS_FILE} ends within a row"
    if outcome is not None and outcome.steps != len(steps):
        yield f"{STEPS_FILE} has {len(steps)} steps, {outcome.steps} were played"
    for name, recorded in (info.files if info is not None else {}).items():
        file = path / name
        if not file.is_file():
            yield f"{name} is missing"
        elif file_record(file) != recorded:
            yield f"{name} has been changed since it was recorded"
    try:
        video = index_video(path / "capture.mp4")
        rows, _ = read_sync(path / "sync.csv")
    except RecordingError as error:
        yield str(error)
        return
    if len(video.pts) != len(steps):
        yield f"the video has {len(video.pts)} frames, {len(steps)} steps were recorded"
    if len(rows.frame_index) != len(steps):
        yield f"sync.csv has {len(rows.frame_index)} rows, {len(steps)} steps were recorded"
    even = (spec.width + spec.width % 2, spec.height + spec.height % 2)
    if (video.width, video.height) != even:
        yield f"the video is {video.width}x{video.height}, the game draws {even[0]}x{even[1]}"
