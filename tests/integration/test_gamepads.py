from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capture_node.inputs.events import PadAdded, PadAxis, PadButton, PadRemoved
from capture_node.inputs.gamepads import Gamepads, list_pads
from capture_node.inputs.hub import InputHub
from capture_node.inputs.sdl_library import LIBRARY_VARIABLE, check_library, find_library
from capture_node.inputs.sdl_thread import sdl_thread
from playloom.controls import AXES, AXIS_IDS, BUTTONS
from playloom.errors import CaptureError
from playloom.recording.input_stream import InputSnapshot
from tests.support.sdl3_pads import SDL3_LIBRARY, Events, VirtualPad, virtual_pad, wait_until


def test_every_button_and_axis_of_a_pad_arrives_under_its_own_number() -> None:
    events, pads = Events(), Gamepads()
    with virtual_pad() as pad:
        pads.start(events)
        for button in BUTTONS:
            pad.press(button)
        pressed = events.wait_for(PadButton, len(BUTTONS))
        assert {(event.button, event.pressed) for event in pressed} == {(number, True) for number in range(21)}
        for axis in AXES:
            pad.move(axis, 1)
        moved = events.wait_for(PadAxis, 6)
        pads.stop()
    assert {(event.axis, event.value) for event in moved} == {(number, 1.0) for number in range(len(AXES))}


def test_values_pass_through_as_sdl_has_them() -> None:
    events, pads = Events(), Gamepads()
    with virtual_pad() as pad:
        pads.start(events)
        pad.move("leftx", -2)
        assert events.wait_for(PadAxis)[0].value == -32768 / 32767
        pad.move("right_trigger", 0.5)
        (trigger,) = events.wait_for(PadAxis, 2)[1:]
        assert (trigger.axis, trigger.value) == (AXIS_IDS["right_trigger"], pytest.approx(0.5, abs=1e-4))
        pads.stop()


def test_events_carry_the_time_at_which_they_happened_on_the_monotonic_clock() -> None:
    events, pads = Events(), Gamepads()
    with virtual_pad() as pad:
        pads.start(events)
        for number in range(20):
            before_ns = time.monotonic_ns()
            (pad.press if number % 2 == 0 else pad.release)("south")
            event = events.wait_for(PadButton, number + 1)[-1]
            assert before_ns - 1_000_000 <= event.monotonic_ns <= time.monotonic_ns()
        pads.stop()
    times = [event.monotonic_ns for event in events.all]
    assert times == sorted(times)


def test_a_pad_unplugged_and_plugged_in_again_keeps_its_number_and_lets_go_of_what_it_held() -> None:
    hub, pads = InputHub(), Gamepads()
    events = Events()
    snapshots: list[InputSnapshot] = []
    hub.attach(lambda snapshot, _: snapshots.append(snapshot), 0)
    with virtual_pad() as first, virtual_pad(name="Another pad", product_id=0x0B12) as second:
        pads.start(lambda batch: (events(batch), hub.handle(batch))[0])
        assert [(pad.pad, pad.name) for pad in hub.pads] == [(0, "Playloom virtual pad"), (1, "Another pad")]
        first.press("south")
        wait_until(lambda: snapshots)
        first.unplug()
        (removed,) = events.wait_for(PadRemoved)
        assert removed.pad == 0
        assert (snapshots[-1].buttons, snapshots[-1].pad) == (frozenset(), 0)
        second.press("north")
        wait_until(lambda: snapshots[-1].pad == 1)
        first.plug_in()
        assert events.wait_for(PadAdded, 3)[-1].pad == 0
        first.press("east")
        wait_until(lambda: snapshots[-1].pad == 0)
        assert snapshots[-1].buttons == frozenset({1})
        pads.stop()


def test_what_is_held_when_listening_begins_is_told() -> None:
    first, late = Events(), Events()
    pads, latecomer = Gamepads(), Gamepads()
    with virtual_pad() as pad:
        pads.start(first)
        pad.press("start")
        first.wait_for(PadButton)
        latecomer.start(late)
        assert [type(event) for event in late.all] == [PadAdded, PadButton]
        latecomer.stop()
        pad.release("start")
        first.wait_for(PadButton, 2)
        assert len(late.all) == 2
        pads.stop()
        pads.stop()


def test_pads_are_listed_while_others_listen_and_while_nobody_does() -> None:
    pads = Gamepads()
    with virtual_pad(name="One"), virtual_pad(name="Two", product_id=0x0B12):
        pads.start(lambda _: None)
        assert [(pad.pad, pad.name, pad.vendor_id) for pad in list_pads()] == [(0, "One", 0x045E), (1, "Two", 0x045E)]
        pads.stop()
    assert list_pads() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_a_listener_that_fails_nobody_hangs_and_one_can_begin_anew() -> None:
    def fail(_: object) -> None:
        raise OSError("no room")

    pads = Gamepads()
    with sdl_thread() as thread:
        pads.start(Events())
        thread.call(lambda: thread._listeners.append(fail))
        pad = VirtualPad(thread)  # its arrival is an event
        wait_until(lambda: not thread._thread.is_alive())
        with pytest.raises(CaptureError, match="SDL's thread has ended"):
            pad.press("south")
        pads.stop()
    with virtual_pad():
        assert [pad.pad for pad in list_pads()] == [0]


def python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_loading_sdl_prints_nothing_asks_no_network_and_leaves_the_environment_as_it_was() -> None:
    script = """
import os, socket, sys
before = dict(os.environ)
def refuse(*arguments, **more):
    os._exit(7)
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from capture_node.inputs.sdl_library import load_sdl
assert "sdl3" not in sys.modules
from capture_node.inputs.gamepads import list_pads
assert "sdl3" not in sys.modules, "importing our own modules loads nothing"
list_pads()
assert load_sdl().SDL_GetVersion() >= 3002000
assert dict(os.environ) == before
"""
    result = python(script)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_without_sdl_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    script = """
from capture_node.inputs.gamepads import list_pads
from playloom.errors import CaptureError
try:
    list_pads()
except CaptureError as error:
    print(error)
"""
    result = python(script, **{LIBRARY_VARIABLE: "", "PLAYLOOM_HOME": str(tmp_path)})
    if result.stdout == "":
        pytest.skip("this system has an SDL3 of its own")
    expected = "SDL3: is not installed here; gamepads are read through it. Run: playloom node install-sdl\n"
    assert (result.stdout, result.stderr) == (expected, "")


def test_a_named_library_that_is_not_there_or_is_none_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, f"{tmp_path}/libSDL3.so")
    with pytest.raises(CaptureError, match="which is not there"):
        find_library()
    monkeypatch.setenv(LIBRARY_VARIABLE, str(SDL3_LIBRARY))
    assert find_library() == SDL3_LIBRARY
    (tmp_path / "libSDL3.so").symlink_to(SDL3_LIBRARY)
    monkeypatch.setenv(LIBRARY_VARIABLE, str(tmp_path))
    assert find_library() == tmp_path / "libSDL3.so"


def test_a_library_that_is_broken_another_or_too_old_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "libSDL3.so").write_bytes(b"no library")
    with pytest.raises(CaptureError, match=r"libSDL3.so cannot be loaded: .* Run: playloom node install-sdl"):
        check_library(tmp_path / "libSDL3.so")
    with pytest.raises(CaptureError, match=r"libc\.so\.6 is not SDL3"):
        check_library(Path("libc.so.6"))
    assert check_library(SDL3_LIBRARY) >= (3, 2, 0)
