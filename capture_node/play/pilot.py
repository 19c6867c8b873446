"""One tick after another: what the policy said for now goes to the game, and what is seen goes to the policy.

Nothing here waits. Row t is held while picture t is on the screen, by a chunk that was asked for by an earlier picture;
what the picture leads to can be held from the next frame on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from capture_node.play.link import PolicyLink
from playloom.environments.held import HeldControls
from playloom.errors import PlayloomError
from playloom.model_picture import PictureScaler
from playloom.play.assist import Assist
from playloom.play.errors import PlayError
from playloom.play.kill_switch import NOTHING, GuardedSink
from playloom.play.policy_facts import PolicyFacts
from playloom.play.pressing import Pressing
from playloom.play.rhythm import rows_between_looks
from playloom.play.timeline import ActionTimeline
from playloom.play.wire import Observed
from playloom.recording.acting_log import ActingLog


@dataclass(frozen=True, kw_only=True)
class PilotOptions:
    """How to play.

    Attributes:
        task: what to do; "" for none.
        seed: of what the policy draws at random.
        blend: frames that sticks take from one chunk to the next.
        execute: the next answer is asked for after so many frames; 0: as `rows_between_looks` says.
    """

    task: str = ""
    seed: int = 0
    blend: int = 2
    execute: int = 0


@dataclass(kw_only=True)
class PilotFigures:
    """How it went.

    Attributes:
        frames: all.
        acted: in which the agent held something, or left it alone, by its own choice.
        without_row: in which the policy had said nothing for.
        killed: in which the switch was off.
        chunks: answers that were played.
        late_chunks: answers that came when all they covered was past.
        lost: how often the line was lost.
        round_s: of the last answers, from sending to coming.
        compute_ms: of these, what the policy took.
        batch: of these, how many players were answered at once.
    """

    frames: int = 0
    acted: int = 0
    without_row: int = 0
    killed: int = 0
    chunks: int = 0
    late_chunks: int = 0
    lost: int = 0
    round_s: deque[float]
    compute_ms: deque[float]
    batch: deque[int]


class Pilot:
    """Plays by a policy. For one thread.

    Args:
        link: to the policy.
        pressing: of the game.
        assist: says who acts.
        guard: before the game.
        options: how.
        log: is told which policy acts; None: nobody asks. Who acts in a frame is known to the guard.
        tell: is told what the player should know.

    Attributes:
        figures: how it went so far.

    Raises:
        PlayError: the next answer is to be asked for when nothing is left of the one before.
    """

    def __init__(
        self,
        link: PolicyLink,
        pressing: Pressing,
        assist: Assist,
        guard: GuardedSink,
        options: PilotOptions,
        *,
        log: ActingLog | None = None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        facts = link.facts
        self._link, self._pressing, self._assist, self._guard = link, pressing, assist, guard
        self._options, self._log, self._tell = options, log, tell
        if options.execute > facts.chunk:
            raise PlayError(
                f"an answer of {facts.label} covers {facts.chunk} frames, and none are left after {options.execute}",
                remedy=f"Take --execute 1 to {facts.chunk}",
            )
        self._execute = options.execute or rows_between_looks(facts.chunk, facts.fps)
        self._facts = facts
        self._timeline = ActionTimeline(facts.heads, blend=options.blend)
        self._scaler = PictureScaler(facts.picture_size)
        self._seen: deque[NDArray[np.uint8]] = deque(maxlen=(facts.history - 1) * facts.frame_step + 1)
        self._frame = self._episode_from = link.next_frame
        self._offered = -1
        self._told_slow = False
        self.figures = PilotFigures(round_s=deque(maxlen=4096), compute_ms=deque(maxlen=4096), batch=deque(maxlen=4096))

    @property
    def left(self) -> int:
        """For how many frames the policy has said what to hold."""
        return self._timeline.left(self._frame)

    def begin_episode(self) -> None:
        """Forget what was seen: what comes now belongs to another game."""
        self._seen.clear()
        self._timeline.clear()
        self._episode_from = self._frame
        self._offered = -1
        self._guard.let_go()

    def skip(self, frames: int) -> None:
        """So many frames went by unseen: their rows are past, and the last picture stands for theirs."""
        self._frame += frames
        self._link.next_frame = self._frame
        if self._seen:
            self._seen.extend([self._seen[-1]] * min(frames, self._seen.maxlen or 0))

    def step(self, picture: NDArray[np.uint8] | av.VideoFrame, player: HeldControls = NOTHING) -> HeldControls:
        """Hold what is to be held while this picture is on the screen.

        Args:
            picture: the frame, as it is recorded.
            player: what the player holds.

        Returns:
            What is held.

        Raises:
            PlayloomError: the game's input is gone.
        """
        frame = self._frame
        self._hear(frame)
        row = self._timeline.row(frame)
        wish = self._assist.wish(row, player)
        passed = self._guard.hold(wish.held, wish.player, wish.acting)
        held = wish.held if passed else wish.player
        self._count(row is not None, passed and bool(wish.acting), passed=passed)
        self._look(frame, picture, held)
        self._frame = self._link.next_frame = frame + 1
        return held

    def _hear(self, frame: int) -> None:
        arrival = self._link.take()
        if arrival.lost:
            self.figures.lost += 1
            self._timeline.clear()
            self._offered = -1
        # What was asked for in the last episode says nothing of this one.
        if arrival.rows is None or arrival.rows.first <= self._episode_from:
            return
        played = self._timeline.add(arrival.rows, now=frame)
        if self._log is not None:
            self._log.take_over(self._link.facts.label)
        figures = self.figures
        figures.chunks += played
        figures.late_chunks = self._timeline.late
        figures.round_s.append(arrival.round_s)
        figures.compute_ms.append(arrival.compute_ms)
        figures.batch.append(arrival.batch)
        if not played:
            self._offered = -1
            covered_ms, took_ms = 1000 * len(arrival.rows) / self._facts.fps, 1000 * arrival.round_s
            self._say_slow(f"an answer took {took_ms:.0f} ms, and what it covered lasts {covered_ms:.0f} ms")

    def _count(self, has_row: bool, acted: bool, *, passed: bool) -> None:
        figures = self.figures
        figures.frames += 1
        figures.without_row += not has_row
        figures.acted += acted
        figures.killed += not passed
        if has_row:
            self._told_slow = False
        elif figures.chunks and not self._link.is_lost and self._frame > self._episode_from + 1:
            self._say_slow("there is no answer for now")

    def _say_slow(self, why: str) -> None:
        if not self._told_slow:
            self._told_slow = True
            self._tell(f"The policy is too slow: {why}; nothing of it is held until one comes in time")

    def _look(self, frame: int, picture: NDArray[np.uint8] | av.VideoFrame, held: HeldControls) -> None:
        self._seen.append(self._scaler(picture))
        # A line that comes back is to find what is seen now, and not what was seen half an answer ago.
        if self._offered >= 0 and frame < self._offered + self._execute and not self._link.is_lost:
            return
        self._offered = frame
        facts = self._facts
        places = [len(self._seen) - 1 - age * facts.frame_step for age in reversed(range(facts.history))]
        self._link.offer(
            Observed(
                frame=frame,
                pictures=np.stack([self._seen[max(0, place)] for place in places]),
                held=self._pressing.read(held),
                task=self._options.task,
                seed=(self._options.seed << 32 | frame) % 2**64,
            )
        )


def chosen_task(facts: PolicyFacts, wished: str | None) -> str:
    """The task to play for: the one that is wished, or else the policy's only one, or none.

    Raises:
        PlayloomError: the policy does not know it.
    """
    if wished is None:
        return facts.tasks[0] if len(facts.tasks) == 1 else ""
    if wished and wished not in facts.tasks:
        known = _listed(facts.tasks)
        raise PlayloomError(f"{facts.label} does not know the task '{wished}'", remedy=f"It knows {known}")
    return wished


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"
