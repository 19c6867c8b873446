"""Playing a game in a window by a policy: pictures from the screen, keys or a pad of the system's for the hands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from capture_node.assembly import focus_watch
from capture_node.clock import now_ns
from capture_node.inputs.gamepads import Gamepads
from capture_node.inputs.input_source import InputSource
from capture_node.inputs.keyboard_mouse import keyboard_and_mouse
from capture_node.play.focus import played_in_focus
from capture_node.play.kill_inputs import KillControls
from capture_node.play.link import PolicyLink
from capture_node.play.pace import Pace
from capture_node.play.pilot import Pilot, PilotFigures, PilotOptions
from capture_node.play.players_pad import PlayersPad
from capture_node.play.sinks.choosing import KEYBOARD_MOUSE, make_keys, make_pad, needed_device
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.recorder.picture_fit import PictureFit
from capture_node.recorder.recorder import Recorder
from capture_node.recorder.settings import InputScope, RecorderSettings
from capture_node.sources.catalogue import open_source
from capture_node.sources.frame_source import FrameSource, Grab, SourceDescription, SourceKind, SourceLostError
from capture_node.sources.gym_source import ScriptedHands
from playloom.environments.held import HeldControls
from playloom.environments.input_device import InputDevice
from playloom.errors import CaptureError
from playloom.game_definition import GameDefinition
from playloom.mapping_profile import MappingProfile
from playloom.play.assist import Assist
from playloom.play.errors import PlayError
from playloom.play.kill_switch import NOTHING, ControlSink, GuardedSink, KillSwitch, SwitchNews, patience_at
from playloom.play.pressing import Pressing
from playloom.recording.acting_log import ActingLog

FIRST_PICTURE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class ScreenPlay:
    """What is played, by whom.

    Attributes:
        source: the window or monitor.
        game: the definition that the policy's dataset was made by.
        profile: how the controls are pressed.
        capture: how the screen is recorded, and so what the policy sees.
        actions: the policy's; None: all.
        confidence: how sure the policy must be of an action.
        beside: whether a player's gamepad is listened to.
        root: where sessions go; None: nothing is recorded.
        player: whose sessions they are.
        seconds: how long; None: until it is stopped.
        pilot: how the policy plays.
    """

    source: SourceDescription
    game: GameDefinition
    profile: MappingProfile
    capture: RecordingProfile
    actions: tuple[str, ...] | None = None
    confidence: float = 0.0
    beside: bool = False
    root: Path | None = None
    player: str = "agent"
    seconds: float | None = None
    pilot: PilotOptions = field(default_factory=PilotOptions)


@dataclass(frozen=True, kw_only=True)
class PlayedScreen:
    """How it went.

    Attributes:
        figures: of the policy's play.
        late: frames that began more than one after their time.
        real_s: how long it took.
        sessions: that were recorded.
        ended_by: why it ended.
    """

    figures: PilotFigures
    late: int
    real_s: float
    sessions: tuple[Path, ...]
    ended_by: str


def play_screen(
    play: ScreenPlay,
    link: PolicyLink,
    switch: KillSwitch,
    kill: KillControls,
    is_stopped: Callable[[], bool],
    *,
    tell: Callable[[str], object] = lambda _: None,
    sink: ControlSink | None = None,
) -> PlayedScreen:
    """Play until somebody stops it, the time is up, or the window is closed.

    Args:
        play: what.
        link: to the policy.
        switch: that wins.
        kill: the player's keys and buttons that throw it.
        is_stopped: asked before every frame.
        tell: is told what the player should know.
        sink: where controls are held; None: the system's.

    Raises:
        PlayError: the policy is not for this game or its layout.
        CaptureError: there is no picture, or nothing can be pressed here.
    """
    facts = link.facts
    if facts.game_id != play.game.game_id:
        raise PlayError(
            f"{facts.label} plays {facts.game_id}, and the game definition is of {play.game.game_id}",
            remedy="Name the definition that the policy's dataset was made by",
        )
    pressing = Pressing(play.game, play.profile)
    assist = Assist(facts, pressing, actions=play.actions, confidence=play.confidence)
    device = needed_device(pressing, [action for action in assist.actions if action not in pressing.unbound])
    if device == KEYBOARD_MOUSE and play.source.kind is not SourceKind.WINDOW:
        raise CaptureError(
            "The keyboard", "keys go to the window that has the focus, whichever it is", remedy="Name it with --window"
        )
    capture = replace(play.capture, fps=facts.fps)
    log = ActingLog(facts.label, assist.actions)
    hands = ScriptedHands(InputDevice.GAMEPAD)
    pace, news = Pace(facts.fps), SwitchNews(switch, tell)

    def noted(held: HeldControls, acting: AbstractSet[str]) -> None:
        hands.hold(held)
        log.note(now_ns(), acting)

    with ExitStack() as stack:
        player = PlayersPad(kill)
        listened = [Gamepads()] if play.beside or kill.has_button else []
        stack.enter_context(_listening([*listened, keyboard_and_mouse()], player, tell))
        sink = sink or _make_sink(device, player)
        guard = stack.enter_context(GuardedSink(sink, switch, patience_s=patience_at(facts.fps), noted=noted))
        pilot = Pilot(link, pressing, assist, guard, play.pilot, log=log, tell=tell)
        focus = stack.enter_context(played_in_focus(focus_watch(play.source), guard, switch))
        source = open_source(play.source, fps=facts.fps, with_pointer=capture.cursor)
        source.open()
        stack.callback(source.close)
        first = _first(source)
        video = capture.video_settings(first.image.shape[1], first.image.shape[0])
        fit = PictureFit(video.width, video.height)
        recorder = None if play.root is None else _recorder(play, play.root, capture, log, hands, device)
        if recorder is not None:
            recorder.start()
            stack.callback(recorder.stop)
        began_s = time.monotonic()
        ended_by = "the player"
        pace.restart()
        while not is_stopped():
            pilot.skip(pace.wait())
            news.look()
            if play.seconds is not None and time.monotonic() - began_s > play.seconds:
                ended_by = "time"
                break
            try:
                grab = source.grab()
            except SourceLostError as error:
                ended_by = str(error)
                break
            if grab is None or not focus.is_set():
                pilot.begin_episode()  # what was seen and said before is of another time
                continue
            pilot.step(fit.fit(grab), player.held() if play.beside else NOTHING)
        real_s = time.monotonic() - began_s
        guard.let_go()
        sessions = () if recorder is None else tuple(session.path for session in recorder.stop())
    return PlayedScreen(figures=pilot.figures, late=pace.late, real_s=real_s, sessions=sessions, ended_by=ended_by)


def _make_sink(device: AbstractSet[str], player: PlayersPad) -> ControlSink:
    if device == KEYBOARD_MOUSE:
        return make_keys()
    player.expect_agent()
    pad = make_pad()
    player.know_agent(pad.place)
    return pad


def _first(source: FrameSource) -> Grab:
    give_up_s = time.monotonic() + FIRST_PICTURE_S
    while (grab := source.grab()) is None:
        if time.monotonic() > give_up_s:
            raise CaptureError(f"'{source.description.title}'", "gives no picture", remedy="Show the window")
        threading.Event().wait(0.02)
    return grab


@contextmanager
def _listening(sources: Sequence[InputSource], player: PlayersPad, tell: Callable[[str], object]) -> Iterator[None]:
    """Listen to what can be listened to; that a kill key is not heard is said."""
    started: list[InputSource] = []
    try:
        for source in sources:
            try:
                source.start(player.take)
            except CaptureError as error:
                tell(f"The player's {source.name} cannot be heard, nor a kill switch on it: {error}")
                continue
            started.append(source)
        yield
    finally:
        for source in started:
            source.stop()


def _recorder(
    play: ScreenPlay,
    root: Path,
    capture: RecordingProfile,
    log: ActingLog,
    hands: ScriptedHands,
    device: AbstractSet[str],
) -> Recorder:
    settings = RecorderSettings(
        root=root,
        profile=capture,
        player=play.player,
        game_id=play.game.game_id,
        profile_name=play.profile.profile_name,
        task=play.pilot.task or None,
        input_scope=InputScope.FOCUS if device == KEYBOARD_MOUSE else InputScope.PADS,
        acting=log,
    )
    # Keys are recorded as the system hears them, with the player's own among them; of pads what goes to the game.
    inputs: list[InputSource] = [keyboard_and_mouse()] if device == KEYBOARD_MOUSE else [hands]
    if device == KEYBOARD_MOUSE and play.beside:
        inputs.append(Gamepads())
    source = open_source(play.source, fps=capture.fps, with_pointer=capture.cursor)
    return Recorder(source=source, inputs=inputs, focus=focus_watch(play.source), settings=settings)
