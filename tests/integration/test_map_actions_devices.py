"""The wizard at real devices: SDL3's virtual pad, and a terminal of its own in which the command runs."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

from capture_node.inputs.gamepads import Gamepads
from capture_node.mapping.feed import InputFeed
from capture_node.mapping.overview_screen import OverviewScreen
from capture_node.mapping.wizard import MapActionsApp, Wanted
from playloom.bindings import describe
from playloom.game_definition import load_game_definition
from playloom.mapping_profile import load_mapping_profile, save_mapping_profile
from tests.support.conversions import convert, read_episodes
from tests.support.numbered_sessions import GAME_YAML, expected_action, write_numbered_session
from tests.support.sdl3_pads import SDL3_LIBRARY, VirtualPad, virtual_pad
from tests.support.x_screen import x_screen

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_game_is_mapped_with_a_pad_alone_and_what_was_recorded_with_it_converts(tmp_path: Path) -> None:
    (tmp_path / "game.yaml").write_text(GAME_YAML)
    path = tmp_path / "pad.yaml"
    game = load_game_definition(tmp_path / "game.yaml")

    async def play(pad: VirtualPad) -> None:
        wanted = Wanted(game=game, profile=None, profile_name="pad")
        app = MapActionsApp(wanted, InputFeed([Gamepads()]), lambda made: save_mapping_profile(made, path))

        async def reach(condition: str) -> None:
            for _ in range(500):
                await asyncio.sleep(0.01)
                walk = app.walk
                if walk is not None and condition in (
                    f"{walk.candidate}",
                    walk.current and walk.current.action.id,
                    app.screen.__class__.__name__,
                ):
                    return
            raise AssertionError(f"never came to {condition}")

        async with app.run_test(size=(100, 30)) as pilot:
            while not app.reader.pads:
                await asyncio.sleep(0.01)
            await reach("move")
            pad.move("leftx", -0.9)
            pad.move("leftx", 0.0)
            await reach("StickBinding(control='left_stick')")
            pad.move("lefty", 0.9)
            pad.move("lefty", 0.0)
            await reach("attack")
            for _ in range(2):
                pad.press("south")
                await asyncio.sleep(0.02)
                pad.release("south")
                await asyncio.sleep(0.02)
            await reach("heavy")
            pad.move("right_trigger", 1.0)
            pad.move("right_trigger", 0.0)
            await reach("TriggerBinding(control='right_trigger', threshold=0.1)")
            pad.move("right_trigger", 1.0)
            pad.move("right_trigger", 0.0)
            await reach("OverviewScreen")
            assert isinstance(app.screen, OverviewScreen)
            await pilot.press("f9")

    with virtual_pad(name="Wizard's pad") as pad:
        asyncio.run(play(pad))

    profile = load_mapping_profile(path, game)
    assert profile.complete
    assert profile.warnings == ()
    assert {action: [describe(one) for one in bound] for action, bound in profile.bindings.items()} == {
        "move": ["stick left_stick"],
        "attack": ["button south"],
        "heavy": ["trigger right_trigger from 0.1"],
    }
    write_numbered_session(tmp_path / "sessions" / "a", 12)
    convert(tmp_path, profiles=(profile,))
    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.action.tolist() == [expected_action(number) for number in range(12)]


class Terminal:
    """A terminal in which a command runs, and what it shows."""

    def __init__(self, command: list[str], directory: Path, display: str | None = None) -> None:
        self._screen, inside = pty.openpty()
        ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "NO_COLOR")}
        if display is not None:
            environment["DISPLAY"] = display
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=inside,
            stdout=inside,
            stderr=subprocess.STDOUT,
            env=environment | {"TERM": "xterm-256color", "PLAYLOOM_SDL3": str(SDL3_LIBRARY)},
            start_new_session=True,
        )
        os.close(inside)
        self.shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(30)
        os.close(self._screen)

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        deadline_s = time.monotonic() + timeout_s
        while text not in self.shown:
            assert time.monotonic() < deadline_s, f"never showed {text!r}:\n{self.shown[-3000:]}"
            self._read(0.2)

    def type(self, keys: str) -> None:
        self.shown = ""
        os.write(self._screen, keys.encode())

    def wait(self) -> int:
        """Its exit status; what it still shows is read meanwhile."""
        deadline_s = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < deadline_s, "it does not end"
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], timeout_s)
        if not ready:
            return False
        try:
            data = os.read(self._screen, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


def test_in_a_terminal_keys_are_answers_what_was_mapped_stays_after_ctrl_c_and_the_next_run_goes_on(
    tmp_path: Path,
) -> None:
    game = EXAMPLES / "games" / "atari-pong.yaml"
    command = [str(Path(sys.executable).with_name("playloom")), "map-actions", str(game), "mine.yaml"]

    with Terminal(command, tmp_path) as terminal:
        terminal.wait_for("Press the control for")
        terminal.type("w")
        terminal.wait_for("key w")
        terminal.type("\r")
        terminal.wait_for("1 of 3 done")
        terminal.type("\x03")
        assert terminal.wait() == 0
        assert "mine.yaml: profile mine, 1 of 3 actions mapped" in terminal.shown
        assert f"Next: finish it: playloom map-actions {game} mine.yaml" in terminal.shown

    with Terminal(command, tmp_path) as terminal:
        terminal.wait_for("1 of 3 done")
        terminal.type("s")
        terminal.wait_for("key s")
        terminal.type("\r")
        terminal.wait_for("2 of 3 done")
        terminal.type("\x1bOR")  # F3
        terminal.wait_for("Every action is mapped or skipped")
        terminal.type("\x1b[20~")  # F9
        assert terminal.wait() == 0
        assert "mine.yaml: profile mine, 2 of 3 actions mapped, 1 skipped" in terminal.shown

    profile = load_mapping_profile(tmp_path / "mine.yaml", load_game_definition(game))
    assert {action: [describe(one) for one in bound] for action, bound in profile.bindings.items()} == {
        "up": ["key w"],
        "down": ["key s"],
        "fire": [],
    }
    assert (profile.complete, profile.skipped) == (True, {"fire"})


def test_on_a_desktop_modifiers_combinations_and_the_mouse_are_heard_as_they_are_pressed(tmp_path: Path) -> None:
    game = EXAMPLES / "games" / "action-rpg.yaml"
    command = [str(Path(sys.executable).with_name("playloom")), "map-actions", str(game), "mine.yaml"]

    with x_screen() as screen, Terminal([*command, "--class", "default"], tmp_path, screen.display) as terminal:
        terminal.wait_for("Push the stick for")
        terminal.type("\x1bOR")  # F3
        terminal.wait_for("1 of 6 done")
        for _ in range(6):
            screen.type("mousemove_relative", "--", "60", "0")
        terminal.wait_for("mouse moved")
        terminal.type("\r")
        terminal.wait_for("2 of 6 done")
        screen.type("key", "Shift_L")
        terminal.wait_for("key left shift")
        terminal.type("\r")
        terminal.wait_for("3 of 6 done")
        screen.type("keydown", "Control_L", "key", "e", "keyup", "Control_L")
        terminal.wait_for("key left ctrl + key e")
        terminal.type("\r")
        terminal.wait_for("4 of 6 done")
        screen.type("click", "3")
        terminal.wait_for("mouse right button")
        terminal.type("\r")
        terminal.wait_for("5 of 6 done")
        screen.type("click", "4")
        terminal.wait_for("▶ wheel")
        terminal.type("\r")
        terminal.wait_for("Every action is mapped or skipped")
        terminal.type("\x1b[20~")  # F9
        assert terminal.wait() == 0

    profile = load_mapping_profile(tmp_path / "mine.yaml", load_game_definition(game))
    assert {action: [describe(one) for one in bound] for action, bound in profile.bindings.items()} == {
        "move": [],
        "look": ["mouse_motion xy"],
        "roll": ["key left_shift"],
        "interact": ["combo left_ctrl + e"],
        "potion": ["mouse_button right"],
        "zoom": ["mouse_wheel y"],
    }
