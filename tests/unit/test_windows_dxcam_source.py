"""The dxcam source over a fake of dxcam's documented behaviour: nothing here has run on Windows."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from capture_node.sources.frame_source import Grab, PixelFormat, SourceLostError
from capture_node.windows import dxcam_source
from capture_node.windows.desktop import Area
from capture_node.windows.dxcam_source import DxcamSource, open_dxcam
from capture_node.windows.screens import list_monitors, list_windows
from playloom.errors import CaptureError, MissingExtraError
from tests.support import fake_dxcam
from tests.support.fake_dxcam import COMError, FakeDxcam
from tests.support.fake_windows import SCREEN, SECOND_SCREEN, FakeDesktop, FakeWindow

MAIN, SECOND = "\\\\.\\DISPLAY1", "\\\\.\\DISPLAY2"
S = 1_000_000_000


@dataclass
class Clock:
    ns: int = 1000 * S

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dxcam_source, "now_ns", clock)
    return clock


@pytest.fixture
def dxcam(monkeypatch: pytest.MonkeyPatch) -> FakeDxcam:
    fake = fake_dxcam.install(monkeypatch, (MAIN,), (SECOND,))
    fake.screen(MAIN).present(picture(SCREEN), 900.0)
    fake.screen(SECOND).present(picture(SECOND_SCREEN), 900.0)
    return fake


@pytest.fixture
def desktop() -> FakeDesktop:
    return FakeDesktop(shown=[FakeWindow(handle=5)], in_front=5)


def picture(area: Area, mark: int = 0) -> NDArray[np.uint8]:
    """Each pixel says where on the desktop it is."""
    rows, columns = np.mgrid[area.top : area.bottom, area.left : area.right]
    return np.stack([columns, rows, np.full_like(rows, mark), np.full_like(rows, 255)], axis=2).astype(np.uint8)


def monitor_source(desktop: FakeDesktop, number: int = 0, backend: str = "dxgi") -> DxcamSource:
    return DxcamSource(list_monitors(desktop)[number], desktop=desktop, backend=backend, fps=60)


def window_source(desktop: FakeDesktop) -> DxcamSource:
    return DxcamSource(list_windows(desktop)[0], desktop=desktop, backend="dxgi", fps=60)


def seen(source: DxcamSource) -> Grab:
    grab = source.grab()
    assert grab is not None
    return grab


def seen_after_reopening(source: DxcamSource) -> Grab:
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        grab = source.grab()
        if grab is not None:
            return grab
        time.sleep(0.001)
    raise AssertionError("it did not come back")


def corner(grab: Grab) -> tuple[int, int]:
    return int(grab.image[0, 0, 0]), int(grab.image[0, 0, 1])


def test_a_monitor_is_found_among_dxcams_by_its_name_and_asked_for_twice_a_tick(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop, number=1, backend="winrt")
    source.open()

    (camera,) = dxcam.cameras
    assert camera.settings == {
        "device_idx": 1,
        "output_idx": 0,
        "output_color": "BGRA",
        "max_buffer_len": 8,
        "backend": "winrt",
        "processor_backend": "numpy",
    }
    assert camera.started == {"target_fps": 120, "video_mode": False}
    grab = seen(source)
    assert (grab.image.shape, grab.pixel_format) == ((24, 32, 4), PixelFormat.BGRA)
    assert corner(grab) == (64, 0)


def test_a_picture_has_the_time_at_which_the_monitor_got_it(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    clock.ns += S
    dxcam.screen(MAIN).present(picture(SCREEN, mark=1), 1000.995)

    grab = seen(source)

    assert (grab.monotonic_ns, grab.changed) == (1000_995_000_000, True)


def test_a_picture_from_before_the_beginning_was_there_at_the_beginning(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    clock.ns += S

    assert seen(source).monotonic_ns == 1000 * S


def test_a_picture_whose_time_windows_does_not_say_was_taken_now(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    clock.ns += S
    dxcam.screen(MAIN).present(picture(SCREEN), 0.0)

    assert seen(source).monotonic_ns == 1001 * S


def test_a_static_screen_is_the_same_picture_at_a_later_time(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    first = seen(source)
    clock.ns += S // 60

    second = seen(source)

    assert (first.changed, second.changed) == (True, False)
    assert second.image is first.image
    # dxcam's last look may have been one look (1/120 s) ago.
    assert second.monotonic_ns == clock.ns - S // 120


def test_times_never_go_back(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = monitor_source(desktop)
    source.open()
    clock.ns += S
    times = [seen(source).monotonic_ns, seen(source).monotonic_ns]
    dxcam.screen(MAIN).present(picture(SCREEN, mark=1), 1000.5)
    times += [seen(source).monotonic_ns, seen(source).monotonic_ns]

    assert times == sorted(set(times))


def test_while_windows_has_taken_the_monitor_away_there_is_no_picture(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    assert source.grab() is not None
    dxcam.screen(MAIN).image = None
    assert source.grab() is None

    clock.ns += 60 * S
    dxcam.screen(MAIN).present(picture(SCREEN, mark=2), 1059.99)

    assert seen(source).monotonic_ns == 1059_990_000_000
    assert len(dxcam.cameras) == 1


def test_when_dxcam_gives_up_the_monitor_is_opened_anew_without_keeping_the_tick_waiting(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    dxcam.cameras[0].is_capturing = False
    assert source.grab() is None
    assert len(dxcam.cameras) == 1, "not before a second has passed"

    dxcam.create_waits_for = threading.Event()
    clock.ns += S
    assert source.grab() is None
    assert source.grab() is None
    dxcam.create_waits_for.set()

    assert seen_after_reopening(source).image.shape == (48, 64, 4)
    assert [camera.is_released for camera in dxcam.cameras] == [True, False]


def test_opening_anew_is_tried_again_as_long_as_it_fails(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = monitor_source(desktop)
    source.open()
    dxcam.cameras[0].is_capturing = False
    dxcam.refuses = COMError(-2147024891, "Access is denied.")
    clock.ns += S
    for _ in range(50):
        assert source.grab() is None
        time.sleep(0.001)

    dxcam.refuses = None
    clock.ns += S

    assert seen_after_reopening(source).changed


def test_a_change_of_resolution_is_a_picture_of_another_size(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = monitor_source(desktop)
    source.open()
    assert seen(source).image.shape == (48, 64, 4)

    smaller = Area(left=0, top=0, right=40, bottom=30)
    desktop.resize_monitor(MAIN, smaller, handle=11)
    assert source.grab() is None, "the picture is still the old one's"
    dxcam.screen(MAIN).present(picture(smaller), 1000.5)

    assert seen(source).image.shape == (30, 40, 4)
    assert (source.description.width, source.description.height) == (40, 30)


def test_a_monitor_that_stays_away_is_lost(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = monitor_source(desktop)
    source.open()
    gone = desktop.monitors_there
    desktop.monitors_there = gone[:1]
    clock.ns += 4 * S
    assert source.grab() is None

    desktop.monitors_there = gone
    assert source.grab() is not None

    desktop.monitors_there = gone[:1]
    clock.ns += 6 * S
    with pytest.raises(SourceLostError, match=r"Wide 27 \(DISPLAY1, 150 %\): it was unplugged or turned off"):
        source.grab()


def test_a_monitor_that_dxcam_has_not_seen_at_its_start_cannot_be_opened(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, desktop: FakeDesktop
) -> None:
    fake_dxcam.install(monkeypatch, (MAIN,))

    with pytest.raises(CaptureError, match=r"plugged in after this program began to capture. Start the program again"):
        monitor_source(desktop, number=1).open()


def test_a_window_is_the_part_of_its_monitor_where_it_lies(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = window_source(desktop)
    source.open()

    grab = seen(source)

    assert grab.image.shape == (24, 32, 4)
    assert corner(grab) == (10, 8)
    assert np.shares_memory(grab.image, dxcam.screen(MAIN).image)


def test_a_window_is_followed_as_it_moves_and_grows(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = window_source(desktop)
    source.open()
    seen(source)
    clock.ns += S

    desktop.shown[0].area = Area(left=20, top=4, right=60, bottom=40)
    grab = seen(source)

    assert (grab.image.shape, corner(grab)) == ((36, 40, 4), (20, 4))
    assert (grab.changed, grab.monotonic_ns) == (True, clock.ns)
    assert (source.description.width, source.description.height) == (40, 36)
    assert len(dxcam.cameras) == 1


def test_a_window_half_off_the_screen_keeps_its_shape_with_black_outside(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    desktop.shown[0].area = Area(left=-10, top=8, right=22, bottom=32)
    source = window_source(desktop)
    source.open()

    image = seen(source).image

    assert image.shape == (24, 32, 4)
    assert not image[:, :10].any()
    assert tuple(image[0, 10, :2]) == (0, 8)


def test_a_window_that_goes_to_another_monitor_is_followed_there(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = window_source(desktop)
    source.open()
    seen(source)

    desktop.shown[0].area = Area(left=70, top=2, right=90, bottom=20)
    assert source.grab() is None
    grab = seen_after_reopening(source)

    assert (grab.image.shape, corner(grab)) == ((18, 20, 4), (70, 2))
    assert [(camera.screen.devicename, camera.is_released) for camera in dxcam.cameras] == [
        (MAIN, True),
        (SECOND, False),
    ]


def test_a_window_that_is_minimized_hidden_or_covered_has_no_picture(
    clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop
) -> None:
    source = window_source(desktop)
    source.open()
    game = desktop.shown[0]

    game.minimized = True
    assert source.grab() is None
    game.minimized, game.visible = False, False
    assert source.grab() is None
    game.visible = True
    desktop.shown.insert(0, FakeWindow(handle=2, title="Chat", process=200))
    desktop.in_front = 2
    assert source.grab() is None
    desktop.in_front = 5
    assert source.grab() is not None


def test_a_closed_window_is_lost(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = window_source(desktop)
    source.open()
    desktop.shown.clear()

    with pytest.raises(SourceLostError, match="The Game: the window was closed"):
        source.grab()
    source.close()
    source.close()
    assert dxcam.cameras[0].is_released


def test_a_source_that_was_closed_opens_again(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = monitor_source(desktop)
    for _ in range(3):
        clock.ns += S
        source.open()
        grab = seen(source)
        assert (grab.changed, grab.monotonic_ns) == (True, clock.ns)
        source.close()

    assert [camera.is_released for camera in dxcam.cameras] == [True, True, True]


def test_closing_while_it_opens_anew_leaves_no_camera(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    source = monitor_source(desktop)
    source.open()
    dxcam.cameras[0].is_capturing = False
    clock.ns += S
    assert source.grab() is None
    source.close()

    assert [camera.is_released for camera in dxcam.cameras] == [True, True]


def test_what_dxcam_refuses_is_said_with_what_to_do(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    dxcam.refuses = COMError(-2005270524, "The specified device interface is not supported.")

    with pytest.raises(CaptureError, match=r"dxgi cannot capture it .*not supported.*graphics chips"):
        monitor_source(desktop).open()


def test_one_monitor_is_captured_once_by_a_program(clock: Clock, dxcam: FakeDxcam, desktop: FakeDesktop) -> None:
    monitor_source(desktop).open()

    with pytest.raises(CaptureError, match=r"this program captures it already. Stop that recording first"):
        monitor_source(desktop).open()


def test_there_are_two_backends(desktop: FakeDesktop) -> None:
    with pytest.raises(CaptureError, match=r"there is no backend gdi. Take dxgi or winrt"):
        monitor_source(desktop, backend="gdi")


def test_without_dxcam_the_extra_is_named(clock: Clock, monkeypatch: pytest.MonkeyPatch, desktop: FakeDesktop) -> None:
    monkeypatch.setitem(sys.modules, "dxcam", None)

    with pytest.raises(MissingExtraError, match="capture"):
        monitor_source(desktop).open()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_elsewhere_than_on_windows_it_says_so(desktop: FakeDesktop) -> None:
    with pytest.raises(CaptureError, match="is a part of Windows, and this is none"):
        open_dxcam(list_monitors(desktop)[0])
