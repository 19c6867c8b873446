"""A real window on a real X server, played by a policy through keys."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capture_node.play.kill_inputs import KillControls
from capture_node.play.link import PolicyLink
from capture_node.play.screen import PlayedScreen, ScreenPlay, play_screen
from capture_node.play.sinks.x11_keys import X11Keys
from capture_node.recorder.capture_profile import RecordingProfile
from capture_node.sources.catalogue import SourceRequest, find_source
from capture_node.sources.x11_display import X11Display
from playloom.bindings import KeyBinding
from playloom.client.access import ServerAccess
from playloom.controls import KEYS
from playloom.environments.courier.definition import courier_definition, courier_profile
from playloom.environments.held import HeldControls
from playloom.errors import CaptureError
from playloom.play.kill_switch import KillSwitch
from playloom.recording.acting_log import read_acted
from tests.support.policy_server_child import serve
from tests.support.x_screen import Screen, x_screen
from tests.support.x_windows import pattern_window

SECONDS = 60.0
X_KEYCODES = {"w": 25, "d": 40, "space": 65}


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with x_screen() as found:
        monkeypatch.setenv("DISPLAY", found.display)
        yield found


class Keyboard:
    """What the X server says is down."""

    def __init__(self, screen: Screen) -> None:
        self._display = X11Display(screen.display)

    def down(self) -> set[str]:
        keys: Any = self._display.connection.core.QueryKeymap().reply().keys
        return {name for name, code in X_KEYCODES.items() if keys[code // 8] >> code % 8 & 1}

    def wait(self, down: set[str]) -> None:
        until_s = time.monotonic() + SECONDS
        while self.down() != down:
            assert time.monotonic() < until_s, self.down()
            time.sleep(0.01)


def test_keys_are_held_changed_and_let_go(screen: Screen) -> None:
    keyboard, sink = Keyboard(screen), X11Keys(screen.display)
    sink.hold(HeldControls(keys=frozenset({KEYS["w"], KEYS["space"]})))
    assert keyboard.down() == {"w", "space"}
    sink.hold(HeldControls(keys=frozenset({KEYS["d"], KEYS["space"]}), mouse_motion=(2.5, 0.0)))
    assert keyboard.down() == {"d", "space"}
    sink.close()
    sink.close()
    assert keyboard.down() == set()


def test_keys_are_let_go_when_the_program_that_holds_them_is_killed(screen: Screen) -> None:
    code = (
        "import time\n"
        "from capture_node.play.sinks.x11_keys import X11Keys\n"
        "from playloom.environments.held import HeldControls\n"
        f"X11Keys().hold(HeldControls(keys=frozenset({{{KEYS['w']}, {KEYS['d']}}})))\n"
        "time.sleep(600)\n"
    )
    keyboard = Keyboard(screen)
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ) as process:
        keyboard.wait({"w", "d"})
        process.kill()
    keyboard.wait(set())


def test_keys_are_let_go_though_the_helper_is_gone_and_none_is_pressed_without_it(screen: Screen) -> None:
    keyboard, sink = Keyboard(screen), X11Keys(screen.display)
    sink.hold(HeldControls(keys=frozenset({KEYS["w"]})))
    helper = our_helper()
    os.kill(helper, signal.SIGKILL)
    keyboard.wait({"w"})
    while Path(f"/proc/{helper}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with pytest.raises(CaptureError, match="the helper that would let go of it has ended"):
        sink.hold(HeldControls(keys=frozenset({KEYS["d"]})))
    assert keyboard.down() == set()
    sink.close()


def our_helper() -> int:
    """The process that lets go of the keys for this one."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    module = b"capture_node.play.sinks.x11_keys"
    [helper] = [child for child in children if module in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")]
    return int(helper)


def test_a_server_that_is_gone_is_an_error_that_says_so(screen: Screen) -> None:
    sink = X11Keys(screen.display)
    screen.stop()
    with pytest.raises(CaptureError, match="the X server is gone"):
        sink.hold(HeldControls(keys=frozenset({KEYS["d"]})))
    with pytest.raises(CaptureError, match="the X server is gone"):
        sink.close()


def test_a_game_in_a_window_is_played_recorded_and_let_go_when_somebody_looks_elsewhere(
    screen: Screen, tmp_path: Path
) -> None:
    profile = replace(courier_profile("keys"), bindings={"jump": (KeyBinding(control="space"),)})
    switch, keyboard = KillSwitch(), Keyboard(screen)
    kill = KillControls(switch, key=KEYS["f12"], rearm_key=KEYS["f11"])
    stopped = threading.Event()
    done: list[PlayedScreen] = []
    server, port, _ = serve("good")
    access = ServerAccess(address=f"127.0.0.1:{port}", tls=False, token="t" * 43)
    with pattern_window(screen, title="The game") as window, PolicyLink(access) as link:
        window.focus()
        wish = ScreenPlay(
            source=find_source(SourceRequest(window="The game")),
            game=courier_definition(),
            profile=profile,
            capture=RecordingProfile(name="small", width=128, height=128, encoders=("libx264",)),
            actions=("jump",),
            root=tmp_path,
        )
        playing = threading.Thread(
            target=lambda: done.append(play_screen(wish, link, switch, kill, stopped.is_set)), name="play"
        )
        playing.start()
        try:
            keyboard.wait({"space"})
            window.unfocus()
            keyboard.wait(set())
            window.focus()
            keyboard.wait({"space"})
            screen.type("key", "F12")
            keyboard.wait(set())
            assert switch.reason == "the kill key"
            screen.type("key", "F11")
            keyboard.wait({"space"})
        finally:
            stopped.set()
            playing.join(SECONDS)
            server.stop(0).wait()
    assert keyboard.down() == set()
    [played] = done
    acted = read_acted(played.sessions[0])
    assert acted is not None
    assert acted.actions == ("jump",)
    assert acted.by_agent.any()
    assert not acted.by_agent.all()
