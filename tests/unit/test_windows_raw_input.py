"""Raw Input as Windows documents it, from the bytes of its reports to events: nothing here has run on Windows."""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Sequence

import pytest

from capture_node.inputs.events import InputEvent, Key, MouseButton, MouseMotion, MouseWheel
from capture_node.windows import raw_input
from capture_node.windows.raw_input import RawInput
from capture_node.windows.raw_records import DesktopSwitched, RawKey, RawMouse, RawRecord, read_raw_input
from capture_node.windows.raw_translation import RawTranslation
from capture_node.windows.scan_codes import SCAN_CODES, SDL_SCANCODES
from playloom.controls import KEYS
from playloom.errors import CaptureError

BREAK, E0, E1 = 1, 2, 4


class Layout:
    def scan_code(self, virtual_key: int) -> int:
        return {0x41: 0x1E, 0x27: 0xE04D}.get(virtual_key, 0)

    def desktop_size(self, *, all_monitors: bool) -> tuple[int, int]:
        return (3840, 1080) if all_monitors else (1920, 1080)


def keyboard_bytes(make_code: int, flags: int, virtual_key: int) -> bytes:
    """RAWINPUT of a keyboard on 64-bit Windows: a header of 24 bytes, then 16."""
    header = struct.pack("<IIQQ", 1, 40, 0x10041, 0)
    return header + struct.pack("<HHHHII", make_code, flags, 0, virtual_key, 0x0100, 0)


def mouse_bytes(flags: int, button_flags: int, button_data: int, x: int, y: int) -> bytes:
    """RAWINPUT of a mouse on 64-bit Windows: a header of 24 bytes, then 24 with a gap after the flags."""
    header = struct.pack("<IIQQ", 0, 48, 0x10043, 1)
    return header + struct.pack("<HxxHHIiiI", flags, button_flags, button_data, 0, x, y, 0)


def key(make_code: int, flags: int = 0, virtual_key: int = 0x41) -> RawKey:
    return RawKey(make_code=make_code, flags=flags, virtual_key=virtual_key)


def mouse(flags: int = 0, button_flags: int = 0, button_data: int = 0, x: int = 0, y: int = 0) -> RawMouse:
    return RawMouse(flags=flags, button_flags=button_flags, button_data=button_data, x=x, y=y)


def pressed_names(reports: Sequence[RawKey]) -> list[str]:
    """The keys that were pressed and released, each "+name" or "-name"."""
    translation, said = RawTranslation(Layout()), []
    names = {code: name for name, code in KEYS.items()}
    for report in reports:
        for event in translation.key(report, 1):
            assert isinstance(event, Key)
            said.append(("+" if event.pressed else "-") + names[event.scancode])
    return said


def test_a_keyboards_report_is_read() -> None:
    assert read_raw_input(keyboard_bytes(0x1D, BREAK | E0, 0x11)) == RawKey(
        make_code=0x1D, flags=BREAK | E0, virtual_key=0x11
    )


def test_a_mouses_report_is_read_with_its_signs() -> None:
    assert read_raw_input(mouse_bytes(0, 0x400, 0xFF88, -3, 7)) == RawMouse(
        flags=0, button_flags=0x400, button_data=-120, x=-3, y=7
    )


def test_reports_of_other_devices_are_none() -> None:
    assert read_raw_input(struct.pack("<IIQQ", 2, 40, 0, 0) + bytes(16)) is None


def test_a_key_is_its_place_on_the_keyboard() -> None:
    assert pressed_names([key(0x11), key(0x11, BREAK)]) == ["+w", "-w"]


def test_the_keys_announced_with_e0_are_their_own() -> None:
    reports = [key(0x1D), key(0x1D, E0), key(0x48), key(0x48, E0), key(0x1C, E0), key(0x35, E0), key(0x5B, E0)]

    assert pressed_names(reports) == [
        "+left_ctrl",
        "+right_ctrl",
        "+keypad_8",
        "+up",
        "+keypad_enter",
        "+keypad_divide",
        "+left_gui",
    ]


def test_auto_repeat_and_a_second_release_make_no_events() -> None:
    reports = [key(0x11), key(0x11), key(0x11), key(0x11, BREAK), key(0x11, BREAK)]

    assert pressed_names(reports) == ["+w", "-w"]


def test_pause_is_one_key_and_not_num_lock_too() -> None:
    down = [key(0x1D, E1, 0x13), key(0x45, 0, 0xFF)]
    up = [key(0x1D, E1 | BREAK, 0x13), key(0x45, BREAK, 0xFF)]

    assert pressed_names([*down, *up, key(0x45, 0, 0x90)]) == ["+pause", "-pause", "+num_lock"]
    assert pressed_names([key(0x45, 0, 0x13), key(0x45, BREAK, 0x13)]) == ["+pause", "-pause"]


def test_the_shifts_around_the_navigation_keys_were_not_pressed() -> None:
    reports = [key(0x2A, E0, 0xFF), key(0x4B, E0, 0x25), key(0x4B, E0 | BREAK, 0x25), key(0x2A, E0 | BREAK, 0xFF)]

    assert pressed_names(reports) == ["+left", "-left"]


def test_too_many_keys_at_once_are_no_key() -> None:
    assert pressed_names([key(0xFF, 0, 0xFF)]) == []


def test_a_program_that_presses_keys_by_their_meaning_is_understood() -> None:
    assert pressed_names([key(0, 0, 0x41), key(0, 0, 0x27), key(0, 0, 0x99)]) == ["+a", "+right"]


def test_every_key_with_a_name_has_a_scan_code_and_comes_back() -> None:
    # The key between quote and return of European keyboards has the backslash's scan code.
    assert set(KEYS.values()) - set(SCAN_CODES) == {KEYS["non_us_hash"]}
    assert all(SDL_SCANCODES[code] == scancode for scancode, code in SCAN_CODES.items())
    assert [SCAN_CODES[KEYS[name]] for name in ("w", "up", "num_lock", "print_screen", "pause")] == [
        0x11,
        0xE048,
        0x45,
        0xE037,
        0xE11D,
    ]


def test_a_mouses_motion_is_in_its_own_counts() -> None:
    assert RawTranslation(Layout()).mouse(mouse(x=-3, y=7), 5) == [MouseMotion(monotonic_ns=5, dx=-3.0, dy=7.0)]


def test_one_report_may_move_click_and_turn_the_wheel() -> None:
    translation = RawTranslation(Layout())

    assert translation.mouse(mouse(button_flags=0x001 | 0x400, button_data=-60, x=1), 5) == [
        MouseMotion(monotonic_ns=5, dx=1.0, dy=0.0),
        MouseButton(monotonic_ns=5, button=1, pressed=True),
        MouseWheel(monotonic_ns=5, dx=0.0, dy=-0.5),
    ]
    assert translation.mouse(mouse(button_flags=0x800, button_data=120), 6) == [
        MouseWheel(monotonic_ns=6, dx=1.0, dy=0.0)
    ]


@pytest.mark.parametrize(
    ("down", "up", "button"), [(1, 2, 1), (0x10, 0x20, 2), (4, 8, 3), (0x40, 0x80, 4), (0x100, 0x200, 5)]
)
def test_buttons_have_sdls_numbers(down: int, up: int, button: int) -> None:
    translation = RawTranslation(Layout())

    assert translation.mouse(mouse(button_flags=down), 1) == [MouseButton(monotonic_ns=1, button=button, pressed=True)]
    assert translation.mouse(mouse(button_flags=up), 2) == [MouseButton(monotonic_ns=2, button=button, pressed=False)]
    assert translation.mouse(mouse(button_flags=up), 3) == []


def test_a_mouse_that_says_where_it_is_moves_by_the_difference_in_pixels() -> None:
    translation = RawTranslation(Layout())

    assert translation.mouse(mouse(flags=1, x=100, y=100), 1) == []
    (moved,) = translation.mouse(mouse(flags=1, x=100 + 65535 // 192, y=100), 2)
    assert isinstance(moved, MouseMotion)
    assert (moved.dx, moved.dy) == (pytest.approx(10.0, abs=0.02), 0.0)
    (whole,) = translation.mouse(mouse(flags=1 | 2, x=100, y=100), 3)
    assert isinstance(whole, MouseMotion)
    assert whole.dx == pytest.approx(-20.0, abs=0.04)


class FakeQueue(Layout):
    """Reports come from the test; Windows' thread rule is checked."""

    def __init__(self, refuses: CaptureError | None = None) -> None:
        self.reports: queue.Queue[Sequence[tuple[RawRecord, int]] | None] = queue.Queue()
        self.refuses = refuses
        self.opened_by: int | None = None
        self.closed_by: int | None = None

    def open(self) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.opened_by = threading.get_ident()

    def wait(self) -> Sequence[tuple[RawRecord, int]] | None:
        assert threading.get_ident() == self.opened_by
        return self.reports.get(timeout=10)

    def interrupt(self) -> None:
        self.reports.put(None)

    def close(self) -> None:
        self.closed_by = threading.get_ident()


def delivered(fake: FakeQueue, *batches: Sequence[tuple[RawRecord, int]]) -> list[list[InputEvent]]:
    source, events = RawInput(lambda: fake), []
    source.start(lambda batch: events.append(list(batch)))
    for batch in batches:
        fake.reports.put(batch)
    source.stop()
    source.stop()
    assert fake.closed_by == fake.opened_by != threading.get_ident()
    return events


def test_an_event_happened_when_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_input, "now_ns", lambda: 1_000_000_000)

    # 16 ms is one step of Windows' clock: the event may have come just now.
    assert delivered(FakeQueue(), [(key(0x11), 16), (mouse(x=1), 0)], [(key(0x11), 0)]) == [
        [
            Key(monotonic_ns=1_000_000_000, scancode=KEYS["w"], pressed=True),
            MouseMotion(monotonic_ns=1_000_000_000, dx=1.0, dy=0.0),
        ]
    ]


def test_an_event_that_waited_has_windows_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_input, "now_ns", lambda: 1_000_000_000)

    (events,) = delivered(FakeQueue(), [(mouse(x=1), 400), (mouse(x=2), 500), (mouse(x=3), 47)])

    assert [event.monotonic_ns for event in events] == [600_000_000, 600_000_000, 953_000_000]


def test_what_is_held_when_windows_shows_its_secure_desktop_is_released() -> None:
    fake = FakeQueue()

    _, released = delivered(fake, [(key(0x11), 0), (mouse(button_flags=1), 0)], [(DesktopSwitched(), 0)])

    assert [(type(event).__name__, getattr(event, "pressed", None)) for event in released] == [
        ("Key", False),
        ("MouseButton", False),
    ]


def test_what_windows_refuses_is_raised_where_listening_begins() -> None:
    source = RawInput(lambda: FakeQueue(refuses=CaptureError("keyboard and mouse", "Raw Input is refused")))

    with pytest.raises(CaptureError, match="Raw Input is refused"):
        source.start(lambda _batch: None)
    source.stop()


def test_elsewhere_than_on_windows_it_says_so() -> None:
    with pytest.raises(CaptureError, match="is a part of Windows, and this is none"):
        RawInput().start(lambda _batch: None)
