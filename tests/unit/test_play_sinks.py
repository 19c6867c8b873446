from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture_node.play.sinks.choosing import KEYBOARD_MOUSE, PAD, needed_device
from capture_node.play.sinks.uinput_pad import UinputPad
from capture_node.play.sinks.vigem_pad import VigemPad
from playloom.controls import BUTTON_IDS
from playloom.environments.held import HeldControls
from playloom.errors import CaptureError
from tests.support.play_facts import courier_pressing
from tests.unit.test_play_pressing import pressing

EVENT = struct.Struct("llHHi")
HELD = HeldControls(
    buttons=frozenset({BUTTON_IDS["west"], BUTTON_IDS["dpad_up"]}), axes=(0.5, -1.00003, 0.0, 0.0, 1.0, 0.0)
)


def events(content: bytes) -> list[tuple[int, int, int]]:
    return [(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(content)]


def test_a_pad_of_the_kernel_is_told_each_change_once_and_lets_go_when_it_is_closed(tmp_path: Path) -> None:
    device = tmp_path / "uinput"
    device.touch()
    asked: list[int] = []
    pad = UinputPad(device, ioctl=lambda file, request, argument: asked.append(request))
    assert asked[-3:] == [0x405C5503, 0x5501, 0x8040552C]
    pad.hold(HELD)
    pad.hold(HELD)
    held = [(1, 0x133, 1), (3, 0, 16384), (3, 1, -32768), (3, 2, 255), (3, 0x11, -1), (0, 0, 0)]
    assert events(device.read_bytes()) == held
    pad.close()
    pad.close()
    gone = [(kind, code, 0) for kind, code, _ in held]
    assert events(device.read_bytes()) == [*held, *gone]
    assert asked[-1] == 0x5502


def test_a_machine_that_makes_no_pads_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"uinput: No such file or directory\. Load it: sudo modprobe uinput"):
        UinputPad(tmp_path / "uinput")


def test_a_pad_of_the_kernel_knows_the_place_at_which_it_is_heard(tmp_path: Path) -> None:
    device = tmp_path / "uinput"
    device.touch()
    (tmp_path / "devices/input12/event7").mkdir(parents=True)

    def ioctl(file: int, request: int, argument: object) -> None:
        if isinstance(argument, bytearray):
            argument[:8] = b"input12\0"

    def without_names(file: int, request: int, argument: object) -> None:
        if isinstance(argument, bytearray):
            raise OSError(22, "Invalid argument")

    assert UinputPad(device, ioctl=ioctl, devices=tmp_path / "devices").place == "/dev/input/event7"
    assert UinputPad(device, ioctl=without_names, devices=tmp_path / "devices").place is None


def test_a_kernel_that_refuses_the_pad_is_an_error_and_keeps_no_file_open(tmp_path: Path) -> None:
    device = tmp_path / "uinput"
    device.touch()
    opened: list[int] = []

    def refuse(file: int, request: int, argument: object) -> None:
        opened.append(file)
        raise OSError(22, "Invalid argument")

    with pytest.raises(CaptureError, match="uinput makes none: Invalid argument"):
        UinputPad(device, ioctl=refuse)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


class VigemsPad:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def __getattr__(self, name: str) -> object:
        return lambda **values: self.asked.append((name, tuple(values.values())))


def test_a_pad_of_vigem_holds_what_is_held_with_its_own_direction_of_y(monkeypatch: pytest.MonkeyPatch) -> None:
    made = VigemsPad()
    numbers = SimpleNamespace(XUSB_GAMEPAD_X="x", XUSB_GAMEPAD_DPAD_UP="up")
    monkeypatch.setitem(
        sys.modules,
        "vgamepad",
        SimpleNamespace(VX360Gamepad=lambda: made, XUSB_BUTTON=numbers),
    )
    pad = VigemPad()
    pad.hold(HELD)
    assert made.asked == [
        ("reset", ()),
        ("press_button", ("x",)),
        ("press_button", ("up",)),
        ("left_joystick_float", (0.5, 1.0)),
        ("right_joystick_float", (0.0, -0.0)),
        ("left_trigger_float", (1.0,)),
        ("right_trigger_float", (0.0,)),
        ("update", ()),
    ]
    pad.close()
    assert made.asked[-2:] == [("reset", ()), ("update", ())]
    asked = len(made.asked)
    pad.close()
    assert len(made.asked) == asked


def test_without_the_driver_the_error_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Exception("VIGEM_ERROR_BUS_NOT_FOUND")  # as the package does

    module = SimpleNamespace(VX360Gamepad=refuse, XUSB_BUTTON=None)
    monkeypatch.setitem(sys.modules, "vgamepad", module)
    with pytest.raises(CaptureError, match=r"VIGEM_ERROR_BUS_NOT_FOUND\. Install the driver ViGEmBus"):
        VigemPad()


def test_without_vgamepad_the_error_says_how_to_get_it() -> None:
    with pytest.raises(CaptureError, match="pip install vgamepad"):
        VigemPad()


def test_a_profile_says_which_device_is_needed_and_one_of_both_is_refused() -> None:
    assert needed_device(courier_pressing(), ["move", "jump"]) == PAD
    assert needed_device(pressing(), ["walk", "look", "duck"]) == KEYBOARD_MOUSE
    with pytest.raises(CaptureError, match="some of the agent's actions on a pad and some with keys"):
        needed_device(pressing(), ["walk", "move"])
