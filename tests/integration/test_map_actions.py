"""The wizard of `playloom map-actions`, as a player drives it: controls through an input source, keys to steer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from capture_node.clock import now_ns
from capture_node.inputs.events import (
    InputEvent,
    Key,
    MouseButton,
    MouseMotion,
    MouseWheel,
    PadAdded,
    PadAxis,
    PadButton,
)
from capture_node.inputs.input_source import EventSink
from capture_node.mapping.action_screen import ActionScreen
from capture_node.mapping.class_screen import ClassScreen
from capture_node.mapping.feed import InputFeed
from capture_node.mapping.overview_screen import OverviewScreen
from capture_node.mapping.wizard import MapActionsApp, Wanted
from playloom.cli import run
from playloom.controls import AXIS_IDS, BUTTON_IDS, KEYS, MOUSE_BUTTON_IDS
from playloom.errors import CaptureError, OutputError
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import MappingProfile, load_mapping_profile, save_mapping_profile
from tests.support.conversions import convert
from tests.support.numbered_sessions import GAME_YAML, expected_action, write_numbered_session

EXAMPLES = Path(__file__).parents[2] / "examples"
RPG = EXAMPLES / "games" / "action-rpg.yaml"


class Player:
    """An input source and a player at it: what they do arrives as from real devices."""

    name = "a player"

    def __init__(self) -> None:
        self._sink: EventSink | None = None

    @property
    def is_heard(self) -> bool:
        return self._sink is not None

    def start(self, sink: EventSink) -> None:
        self._sink = sink
        self.do(PadAdded(monotonic_ns=now_ns(), pad=0, name="Test pad", guid="03"))

    def stop(self) -> None:
        self._sink = None

    def do(self, *events: InputEvent) -> None:
        assert self._sink is not None
        self._sink(events)

    def press(self, *buttons: str) -> None:
        ids = [BUTTON_IDS[name] for name in buttons]
        self.do(*(PadButton(monotonic_ns=now_ns(), pad=0, button=one, pressed=True) for one in ids))
        self.do(*(PadButton(monotonic_ns=now_ns(), pad=0, button=one, pressed=False) for one in ids))

    def push(self, axis: str, *values: float) -> None:
        self.do(*(PadAxis(monotonic_ns=now_ns(), pad=0, axis=AXIS_IDS[axis], value=value) for value in values))

    def type(self, *keys: str) -> None:
        for key in keys:
            self.do(*(Key(monotonic_ns=now_ns(), scancode=KEYS[key], pressed=pressed) for pressed in (True, False)))

    def click(self, button: str) -> None:
        number = MOUSE_BUTTON_IDS[button]
        self.do(*(MouseButton(monotonic_ns=now_ns(), button=number, pressed=pressed) for pressed in (True, False)))


class Session:
    """The wizard while it runs."""

    def __init__(self, app: MapActionsApp, pilot: Pilot[None], player: Player) -> None:
        self.app = app
        self.pilot = pilot
        self.player = player

    async def steer(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self, seconds: float = 0.0) -> None:
        """Let the wizard take what was done, ``seconds`` from now."""
        await asyncio.sleep(seconds)
        self.app.poll()
        await self.pilot.pause(0.0)
        for _ in range(1000):
            if self._is_in_place() or not self.app.is_running:
                return
            await asyncio.sleep(0.005)  # a screen is being put up

    def _is_in_place(self) -> bool:
        walk = self.app.walk
        wanted = ClassScreen if walk is None else OverviewScreen if walk.current is None else ActionScreen
        stack = self.app.screen_stack
        return bool(stack) and isinstance(stack[-1], wanted) and bool(stack[-1].query("#commands"))

    async def does(self, what: Callable[[], None], times: int = 1) -> None:
        for _ in range(times):
            what()
            await self.settle()

    def shown(self, widget: str) -> str:
        return str(self.app.screen.query_one(f"#{widget}", Static).visual)


@asynccontextmanager
async def wizard(
    path: Path, game: Path = RPG, *, name: str = "ada", classes: Sequence[str] = ("default", "warrior"), **options: Any
) -> AsyncIterator[Session]:
    definition = load_game_definition(game)
    profile = load_mapping_profile(path, definition) if path.exists() else None
    wanted = Wanted(game=definition, profile=profile, profile_name=name, class_ids=tuple(classes))
    player = Player()
    save = options.get("save", lambda made: save_mapping_profile(made, path))
    app = MapActionsApp(wanted, InputFeed([player]), save)
    async with app.run_test(size=options.get("size", (80, 24))) as pilot:
        session = Session(app, pilot, player)
        while not player.is_heard:
            await asyncio.sleep(0.005)
        await session.settle()
        yield session


def drive(play: Callable[[], Awaitable[None]]) -> None:
    async def run_play() -> None:
        await play()

    asyncio.run(run_play())


def bindings(path: Path) -> dict[str, list[str]]:
    from playloom.bindings import describe

    profile = load_mapping_profile(path, load_game_definition(RPG))
    return {action: [describe(one) for one in bound] for action, bound in profile.bindings.items()}


def test_a_player_maps_a_whole_game_with_a_pad_and_the_profile_converts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "game.yaml").write_text(GAME_YAML)
    path = tmp_path / "mine.yaml"

    async def play() -> None:
        async with wizard(path, tmp_path / "game.yaml", name="mine", classes=()) as session:
            player = session.player
            assert "Push the stick for move" in session.shown("question")
            await session.does(lambda: player.push("leftx", 0.4, 0.9, 0.0))
            assert "left stick" in session.shown("chosen")
            await session.does(lambda: player.push("leftx", 0.9, 0.0))
            assert "Press the control for attack" in session.shown("question")
            await session.does(lambda: player.press("south"), times=2)
            await session.does(lambda: player.push("right_trigger", 0.5, 1.0, 0.0))
            await session.steer(*["f7"] * 8)
            assert "right trigger, from 0.5" in session.shown("chosen")
            await session.steer("enter")
            assert isinstance(session.app.screen, OverviewScreen)
            await session.steer("f9")

    drive(play)
    assert run(["profile", "check", str(tmp_path / "game.yaml"), str(path)]) == 0
    assert "warning" not in capsys.readouterr().out
    game = load_game_definition(tmp_path / "game.yaml")
    profile = load_mapping_profile(path, game)
    assert (profile.complete, profile.profile_name) == (True, "mine")
    write_numbered_session(tmp_path / "sessions" / "a", 12)
    convert(tmp_path, profiles=(profile,))
    from tests.support.conversions import read_episodes

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.action.tolist() == [expected_action(number) for number in range(12)]


def test_every_answer_is_saved_at_once_and_the_wizard_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def first() -> None:
        async with wizard(path) as session:
            assert not path.exists()
            await session.does(lambda: session.player.push("lefty", -1.0, 0.0), times=2)
            assert bindings(path) == {"move": ["stick left_stick"]}
            await session.steer("f3")
            await session.does(lambda: session.player.press("east"), times=2)
            assert bindings(path)["roll"] == ["button east"]
            await session.does(lambda: session.player.press("south"))
            await session.steer("ctrl+c")
        assert session.app.is_saved

    async def second() -> None:
        async with wizard(path) as session:
            assert "Interact" in session.shown("question")
            assert "3 of 9 done" in session.shown("title")
            await session.steer("backspace")
            assert "gamepad east" in session.shown("chosen")

    drive(first)
    assert bindings(path) == {"move": ["stick left_stick"], "look": [], "roll": ["button east"]}
    assert not load_mapping_profile(path).complete
    drive(second)


def test_a_wizard_that_was_only_looked_at_leaves_no_file(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml") as session:
            await session.steer("f9", "backspace", "ctrl+q")

    drive(play)
    assert list(tmp_path.iterdir()) == []


def test_keys_mouse_and_combinations_are_taken_as_they_are_pressed(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            player = session.player
            for key in "wasd":
                await session.does(lambda key=key: player.type(key), times=2)
            player.do(*(MouseMotion(monotonic_ns=now_ns(), dx=50, dy=4) for _ in range(9)))
            await session.settle(0.35)
            assert "mouse moved, × 0.01" in session.shown("chosen")
            await session.steer("f7", "enter")
            await session.does(lambda: player.type("space"), times=2)
            await session.does(lambda: player.type("e"))
            await session.steer("f5")
            await session.does(lambda: player.press("left_shoulder", "dpad_up"), times=2)
            await session.does(lambda: player.type("q"), times=2)
            player.do(MouseWheel(monotonic_ns=now_ns(), dx=0, dy=1))
            await session.settle(0.35)
            await session.steer("enter")
            await session.does(lambda: player.click("left"), times=2)
            await session.does(lambda: player.click("right"), times=2)
            await session.steer("f3")

    drive(play)
    assert bindings(path) == {
        "move": ["key w up", "key a left", "key s down", "key d right"],
        "look": ["mouse_motion xy"],
        "roll": ["key space"],
        "interact": ["key e", "combo left_shoulder + dpad_up"],
        "potion": ["key q"],
        "zoom": ["mouse_wheel y"],
        "strike": ["mouse_button left"],
        "heavy_strike": ["mouse_button right"],
        "war_cry": [],
    }


def test_a_control_that_serves_two_actions_is_told_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.steer("f3", "f3")
            await session.does(lambda: session.player.press("south"), times=2)
            await session.does(lambda: session.player.press("south"))
            assert "! It does Roll, too: both will be on together" in session.shown("notes")
            await session.steer("enter")

    drive(play)
    assert bindings(path)["roll"] == bindings(path)["interact"] == ["button south"]


def test_what_is_held_while_enter_is_pressed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.does(lambda: session.player.push("leftx", 1.0))
            await session.steer("enter")
            await session.does(lambda: session.player.push("leftx", 0.0))
            assert "Look around" in session.shown("question")
            assert "nothing pressed yet" in session.shown("chosen")

    drive(play)
    assert bindings(path) == {"move": ["stick left_stick"]}


def test_what_cannot_do_an_action_is_answered_with_the_reason(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml") as session:
            assert session.app.walk is not None
            session.app.walk.go_to(7)
            session.app.show()
            await session.does(lambda: session.player.press("south"))
            assert "A gamepad button has no depth" in session.shown("chosen")
            await session.steer("enter")
            assert "Press a control first, or F3 to skip" in session.shown("notes")

    drive(play)


def test_bars_follow_the_stick_and_the_trigger_shows_its_threshold(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml") as session:
            assert "Test pad" in session.shown("live")
            await session.does(lambda: session.player.push("rightx", -0.42))
            assert "R ↔ ───██│───── −0.42" in session.shown("live")
            await session.does(lambda: session.player.push("rightx", 0.0))
            await session.steer("f3", "f3")
            await session.does(lambda: session.player.push("left_trigger", 1.0, 0.0))
            await session.does(lambda: session.player.push("left_trigger", 0.25))
            assert "██████──────┃─────────── ○ off" in session.shown("chosen")
            await session.does(lambda: session.player.push("left_trigger", 0.5))
            assert "████████████┃─────────── ● on" in session.shown("chosen")

    drive(play)


def test_keys_that_steer_are_answers_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.steer("f3", "f3")
            await session.does(lambda: session.player.type("return"))
            assert "nothing pressed yet" in session.shown("chosen")
            await session.steer("f2")
            assert "Press any key for Roll" in session.shown("question")
            session.player.type("return")
            await session.steer("enter")
            assert "key return" in session.shown("chosen")
            await session.settle(0.3)
            await session.steer("enter")
            assert "Interact" in session.shown("question")

    drive(play)
    assert bindings(path)["roll"] == ["key return"]


def test_where_nobody_else_tells_of_keys_the_terminal_does(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.steer("f3", "f3")
            await session.steer("x")
            await session.settle(0.2)
            assert "key x" in session.shown("chosen")
            await session.steer("enter")
            await session.steer("ctrl+f")
            await session.settle(0.2)
            assert "key left ctrl + key f" in session.shown("chosen")
            await session.steer("enter")

    drive(play)
    assert (bindings(path)["roll"], bindings(path)["interact"]) == (["key x"], ["combo left_ctrl + f"])


def test_a_key_that_a_source_and_the_terminal_tell_of_is_pressed_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml") as session:
            await session.steer("f3", "f3")
            session.player.type("x")
            await session.steer("x")
            await session.settle(0.25)
            assert "Roll" in session.shown("question")
            assert "key x" in session.shown("chosen")

    drive(play)


def test_what_is_typed_into_another_window_is_no_answer(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml") as session:
            await session.steer("f3", "f3")
            session.app.app_focus = False
            await session.does(lambda: session.player.type("p"))
            assert "nothing pressed yet" in session.shown("chosen")
            await session.does(lambda: session.player.press("south"))
            assert "gamepad south" in session.shown("chosen")

    drive(play)


def test_a_click_on_a_command_is_the_command(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.pilot.click("#commands", offset=(37, 0))
            session.player.click("left")
            await session.settle(0.25)
            assert "skip" in session.shown("commands")
            assert "Look around" in session.shown("question")

    drive(play)
    assert load_mapping_profile(path).skipped == {"move"}


def test_the_classes_are_asked_for_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path, classes=()) as session:
            await session.steer("down", "space", "enter")
            assert "Push the stick for Move" in session.shown("question")
            await session.does(lambda: session.player.push("leftx", 1.0, 0.0), times=2)

    drive(play)
    assert load_mapping_profile(path).class_ids == ("default", "sorceress")


def test_at_least_one_class_is_needed(tmp_path: Path) -> None:
    async def play() -> None:
        async with wizard(tmp_path / "ada.yaml", classes=()) as session:
            await session.steer("space", "down", "space", "down", "space", "enter")
            assert session.app.walk is None

    drive(play)


def test_the_overview_shows_what_is_pressed_opens_an_action_and_finishes_when_asked_twice(tmp_path: Path) -> None:
    path = tmp_path / "ada.yaml"

    async def play() -> None:
        async with wizard(path) as session:
            await session.does(lambda: session.player.push("leftx", 1.0, 0.0), times=2)
            await session.steer("f9")
            assert "8 actions have no control yet: Look around, Roll" in session.shown("summary")
            await session.does(lambda: session.player.push("leftx", -0.5))
            table = session.app.screen.query_one(DataTable)
            assert str(table.get_cell("move", "now")) == "−0.50  +0.00"
            await session.steer("down", "enter")
            assert isinstance(session.app.screen, ActionScreen)
            assert "Roll" in session.shown("question")
            await session.does(lambda: session.player.push("leftx", 0.0))
            await session.does(lambda: session.player.press("east"), times=2)
            await session.steer("f9", "f9")
            assert "F9 once more skips Look around, Interact" in session.shown("summary")
            assert not load_mapping_profile(path).complete
            await session.steer("f9")

    drive(play)
    profile = load_mapping_profile(path, load_game_definition(RPG))
    assert profile.complete
    assert profile.skipped == {"look", "interact", "potion", "zoom", "strike", "heavy_strike", "war_cry"}


def test_a_profile_that_cannot_be_saved_is_told_and_tried_again(tmp_path: Path) -> None:
    full = True
    saved: list[MappingProfile] = []

    def save(profile: MappingProfile) -> None:
        if full:
            raise OutputError(tmp_path / "ada.yaml", "cannot be written: No space left on device")
        saved.append(profile)

    async def play() -> None:
        nonlocal full
        async with wizard(tmp_path / "ada.yaml", save=save) as session:
            await session.does(lambda: session.player.push("leftx", 1.0, 0.0), times=2)
            assert "Not saved: " in session.shown("notes")
            assert not session.app.is_saved
            full = False
            await session.steer("f3")
            assert "Not saved" not in session.shown("notes")

    drive(play)
    assert [len(profile.bindings) for profile in saved] == [2]


def test_legamers_profiles_are_gone_on_with_and_keep_what_only_legamer_knows(tmp_path: Path) -> None:
    path = tmp_path / "grace.yaml"
    written = (EXAMPLES / "profiles" / "action-rpg-grace.yaml").read_text()
    before, after = written.split("  interact:\n")
    path.write_text(before + "  interact: {skipped: false, bindings: []}\n  potion:" + after.split("  potion:")[1])

    async def play() -> None:
        async with wizard(path) as session:
            assert "Press the control for Interact" in session.shown("question")
            await session.does(lambda: session.player.press("dpad_down"), times=2)
            await session.steer("f9")

    drive(play)
    assert bindings(path)["interact"] == ["button dpad_down"]
    assert bindings(path)["potion"] == ["combo left_shoulder + dpad_up", "combo left_trigger + righty negative"]
    assert "created_at: 2026-04-20T17:18:45Z" in path.read_text()
    assert "axis_button_thresholds:" in path.read_text()


class Broken(Player):
    def start(self, sink: EventSink) -> None:
        raise CaptureError("the keyboard", "nobody may listen to it", remedy="Log in")


def test_what_cannot_be_listened_to_is_shown(tmp_path: Path) -> None:
    async def play() -> None:
        wanted = Wanted(game=load_game_definition(RPG), profile=None, profile_name="ada", class_ids=("default",))
        app = MapActionsApp(wanted, InputFeed([Broken()]), lambda made: None)
        async with app.run_test(size=(100, 30)) as pilot:
            session = Session(app, pilot, Player())
            await session.settle(0.1)
            assert "! the keyboard: nobody may listen to it. Log in" in session.shown("live")

    drive(play)


def test_a_source_that_cannot_be_listened_to_is_no_reason_to_stop() -> None:
    feed = InputFeed([Broken(), Player()])
    feed.start()
    assert feed.problems == ["the keyboard: nobody may listen to it. Log in"]
    assert [type(event) for event in feed.take()] == [PadAdded]
    feed.stop()
    feed.stop()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["GAME", "p.yaml"], "map-actions asks questions and needs a terminal"),
        (["GAME", "p.yaml", "--profile-name", "a/b"], "--profile-name: 'a/b' cannot be a name."),
        (["GAME", "p.yaml", "--profile-name", ""], "--profile-name: '' cannot be a name."),
        (
            ["GAME", "p.yaml", "--class", "warior"],
            "the game 'action_rpg' has no class 'warior'. Did you mean 'warrior'?",
        ),
        (["GAME", "nowhere/p.yaml"], "nowhere/p.yaml: its directory does not exist"),
        (["GAME", "ADA", "--class", "sorceress"], "the profile 'ada' is for the classes default, warrior"),
        (["nothing.yaml"], "nothing.yaml: cannot be read"),
        (["PONG", "ADA"], "it is for the game 'action_rpg', and the game definition is 'atari-pong'"),
    ],
)
def test_what_cannot_be_mapped_is_refused_before_the_wizard_opens(
    arguments: list[str],
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {
        "GAME": str(RPG),
        "PONG": str(EXAMPLES / "games" / "atari-pong.yaml"),
        "ADA": str(EXAMPLES / "profiles" / "action-rpg-ada.yaml"),
    }
    assert run(["map-actions", *(names.get(one, one) for one in arguments)]) == 1
    assert error in " ".join(capsys.readouterr().err.split())
