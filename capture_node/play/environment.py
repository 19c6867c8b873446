"""Playing the environments by a policy, at the game's own pace, alone or beside a player."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from capture_node.gym.episode import EpisodeReport, play_episode
from capture_node.gym.options import RecordOptions, session_name
from capture_node.gym.players import SimulatedClock, agent_player
from capture_node.play.fitting import as_pad, both_devices, fitting_fps
from capture_node.play.link import PolicyLink
from capture_node.play.pace import Pace
from capture_node.play.pilot import Pilot, PilotFigures, PilotOptions
from playloom.environments.catalogue import find_game, make_environment
from playloom.environments.definitions import game_definition_of
from playloom.environments.environment import Environment, Image, action_of
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.environments.presets import Preset, load_preset
from playloom.environments.settings import EnvironmentSettings
from playloom.environments.spec import EpisodeOutcome
from playloom.play.assist import Assist
from playloom.play.kill_switch import NOTHING, GuardedSink, KillSwitch, SwitchNews, patience_at
from playloom.play.pressing import Pressing
from playloom.recording.acting_log import ActingLog


@dataclass(frozen=True, kw_only=True)
class EnvironmentPlay:
    """What is played, by whom.

    Attributes:
        environment: a name of the game.
        settings: of the first episode; every further one has the next seed.
        root: where sessions go; None: nothing is recorded.
        player: the player's name in the sessions.
        beside: the agent that plays beside the policy ("scripted", …); None: nobody, or a person at the hands given.
        actions: the policy's; None: all.
        confidence: how sure the policy must be of an action.
        device: what it presses, where the game knows both.
        preset_files: that change the packaged presets.
        episodes, max_steps: how many, and of each how long.
        paced: whether a second of the game takes a second.
        profile_name: the mapping profile that fits, for the sessions.
        pilot: how the policy plays.
    """

    environment: str
    settings: EnvironmentSettings
    root: Path | None = None
    player: str = "agent"
    beside: str | None = None
    actions: tuple[str, ...] | None = None
    confidence: float = 0.0
    device: InputDevice = InputDevice.KEYBOARD
    preset_files: tuple[Path, ...] = ()
    episodes: int = 1
    max_steps: int | None = None
    paced: bool = True
    profile_name: str | None = None
    pilot: PilotOptions = field(default_factory=PilotOptions)


@dataclass(frozen=True, kw_only=True)
class PlayedEpisode:
    """What became of an episode.

    Attributes:
        report: of the game.
        figures: of the policy's play.
        late: frames that began more than one after their time.
        real_s: how long it took.
        fps: of the game.
    """

    report: EpisodeReport
    figures: PilotFigures
    late: int
    real_s: float
    fps: int

    @property
    def real_time_factor(self) -> float:
        """Game seconds a second."""
        return self.report.outcome.steps / self.fps / self.real_s if self.real_s else 0.0


class Screen(Protocol):
    """Where somebody watches, and perhaps plays."""

    def show(self, image: Image, line: str) -> bool:
        """Show a frame; whether the game goes on."""
        ...

    def sample(self) -> HeldControls:
        """What the hands before it hold."""
        ...


class _NobodyWatches:
    def show(self, image: Image, line: str) -> bool:
        del image, line
        return True

    def sample(self) -> HeldControls:
        return NOTHING


class HeldSink:
    """An environment's input: what is held counts when the game is stepped."""

    def hold(self, held: HeldControls) -> None:
        self.held = held

    def close(self) -> None:
        self.held = NOTHING


class PolicyPlayer:
    """A player of `capture_node.gym` who does what a pilot says."""

    pauses: Sequence[tuple[int, int]] = ()

    def __init__(
        self,
        pilot: Pilot,
        switch: KillSwitch,
        pace: Pace,
        screen: Screen,
        preset: Preset,
        beside: Callable[[Image, Environment], HeldControls | None] | None,
        tell: Callable[[str], object],
    ) -> None:
        self._pilot, self._pace = pilot, pace
        self._screen, self._preset, self._beside = screen, preset, beside
        self._line = ""
        self._news = SwitchNews(switch, tell)

    def hold(self, image: Image, environment: Environment) -> HeldControls | None:
        self._pace.wait()
        if not self._screen.show(image, self._line):
            return None
        player = self._screen.sample() if self._beside is None else self._beside(image, environment)
        if player is None:
            return None
        held = self._pilot.step(image, as_pad(environment, self._preset, player))
        self._line = self._status()
        return held

    def _status(self) -> str:
        if reason := self._news.look():
            return f"the agent is off: {reason}"
        return "the agent plays" if self._pilot.left else "the agent is waited for"


def play_environment(
    play: EnvironmentPlay,
    link: PolicyLink,
    switch: KillSwitch,
    is_stopped: Callable[[], bool],
    *,
    screen: Screen | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> Iterator[PlayedEpisode]:
    """Play episode after episode.

    Args:
        play: what.
        link: to the policy.
        switch: that wins.
        is_stopped: asked before every step.
        screen: where somebody watches; None: nobody does.
        tell: is told what the player should know.

    Raises:
        PlayError: the policy is not for this game, its rate or its layout.
        PlayloomError: the game cannot run here, or nothing can be recorded.
    """
    game = find_game(play.environment)
    for index in range(play.episodes):
        if is_stopped():
            return
        settings = replace(play.settings, seed=(play.settings.seed + index) % 2**31)
        environment = make_environment(game, settings, informed=play.beside == "scripted")
        try:
            yield _play_one(play, environment, link, switch, is_stopped, screen or _NobodyWatches(), tell)
        finally:
            environment.close()


def _play_one(
    play: EnvironmentPlay,
    environment: Environment,
    link: PolicyLink,
    switch: KillSwitch,
    is_stopped: Callable[[], bool],
    screen: Screen,
    tell: Callable[[str], object],
) -> PlayedEpisode:
    spec = environment.spec
    fps = fitting_fps(link.facts, spec)
    preset = load_preset(spec, play.preset_files)
    pressing = Pressing(game_definition_of(spec), both_devices(spec, preset, play.device))
    assist = Assist(link.facts, pressing, actions=play.actions, confidence=play.confidence)
    log = ActingLog(link.facts.label, assist.actions)
    beside = None if play.beside is None else agent_player(play.beside, environment, preset, play.device).hold
    pace = Pace(fps if play.paced else None)
    # Games wait for their step: what is late on the machine's clock is not late in the game, nor in a dataset of it.
    clock = SimulatedClock(fps)

    def noted(held: HeldControls, acting: AbstractSet[str]) -> None:
        del held
        log.note(clock.time_ns(pilot.figures.frames), acting)

    with GuardedSink(HeldSink(), switch, patience_s=patience_at(fps), noted=noted) as guard:
        pilot = Pilot(link, pressing, assist, guard, play.pilot, log=log, tell=tell)
        player = PolicyPlayer(pilot, switch, pace, screen, preset, beside, tell)
        pilot.begin_episode()
        first_image = environment.reset()
        pace.restart()
        began_s = time.monotonic()
        if play.root is None:
            report = _unrecorded(play, environment, player, preset, first_image, is_stopped)
        else:
            detail = f"{datetime.now():%Y%m%d-%H%M%S}-{spec.seed}"
            report = play_episode(
                environment,
                player,
                preset,
                _record_options(play, play.root, fps),
                name=session_name(spec.game_id, play.player, detail),
                clock=clock,
                first_image=first_image,
                is_stopped=is_stopped,
                acting=log,
                late_frames=lambda: pace.late,
            )
        real_s = time.monotonic() - began_s
    return PlayedEpisode(report=report, figures=pilot.figures, late=pace.late, real_s=real_s, fps=fps)


def _unrecorded(
    play: EnvironmentPlay,
    environment: Environment,
    player: PolicyPlayer,
    preset: Preset,
    first_image: Image,
    is_stopped: Callable[[], bool],
) -> EpisodeReport:
    image: Image | None = first_image
    score, steps, ended_by = 0.0, 0, "max_steps"
    while play.max_steps is None or steps < play.max_steps:
        assert image is not None
        held = None if is_stopped() else player.hold(image, environment)
        if held is None:
            ended_by = "player"
            break
        result = environment.step(action_of(environment, held, preset.actions_of(held)))
        score, steps, image = score + result.reward, steps + 1, result.image
        if result.is_last:
            ended_by = "terminated" if result.terminated else "truncated"
            break
    outcome = EpisodeOutcome(steps=steps, score=score, ended_by=ended_by, last_frame_hash="", last_ram_hash="")
    spec = environment.spec
    return EpisodeReport(
        session=None, game_id=spec.game_id, seed=spec.seed, outcome=outcome, duration_s=steps / spec.steps_per_second
    )


def _record_options(play: EnvironmentPlay, root: Path, fps: int) -> RecordOptions:
    return RecordOptions(
        environment=play.environment,
        settings=play.settings,
        root=root,
        player=play.player,
        device=play.device,
        preset_files=play.preset_files,
        max_steps=play.max_steps,
        fps=fps,
        profile_name=play.profile_name,
        task=play.pilot.task or None,
    )
