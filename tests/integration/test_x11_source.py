"""Windows and monitors of a real X server, with a real program whose window shows the pattern."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import xcffib.randr

from capture_node.clock import now_ns
from capture_node.sources.catalogue import SourceRequest, find_source, list_sources, open_source
from capture_node.sources.frame_source import FrameSource, Grab, SourceDescription, SourceKind, SourceLostError
from capture_node.sources.pattern import PatternReading, read_pattern
from capture_node.sources.x11_display import X11Display
from capture_node.sources.x11_monitor import X11MonitorSource
from capture_node.sources.x11_picture import Place, X11Picture
from capture_node.sources.x11_window import X11WindowSource
from playloom.errors import CaptureError
from tests.support.x_screen import Screen, x_screen
from tests.support.x_windows import PatternWindow, pattern_window

PATIENCE_S = 20.0
RED = [0, 0, 255]


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with x_screen() as screen:
        yield screen


@pytest.fixture(autouse=True)
def display(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)


@contextmanager
def opened(source: FrameSource) -> Iterator[FrameSource]:
    source.open()
    try:
        yield source
    finally:
        source.close()


def window_source(window: PatternWindow, display: str | None = None) -> X11WindowSource:
    description = SourceDescription(kind=SourceKind.WINDOW, key=window.key, title="?", width=1, height=1)
    return X11WindowSource(description, display=display)


def grab_until(source: FrameSource, wanted: Callable[[Grab | None], bool]) -> Grab | None:
    """The first grab that is as wanted, looking as often as a recorder does."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        grab = source.grab()
        if wanted(grab):
            return grab
        time.sleep(1 / 60)
    raise AssertionError("no such picture came")


def next_reading(source: FrameSource, after: int = -1) -> PatternReading:
    """The next picture that is numbered higher."""

    def is_next(grab: Grab | None) -> bool:
        reading = None if grab is None else read_pattern(grab.image)
        return reading is not None and reading.number > after

    grab = grab_until(source, is_next)
    assert grab is not None
    reading = read_pattern(grab.image)
    assert reading is not None
    return reading


def test_a_window_is_seen_as_it_is_now_and_never_newer_than_its_time(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number
        for _ in range(20):
            grab = grab_until(source, lambda grab: grab is not None and grab.changed)
            assert grab is not None
            reading = read_pattern(grab.image)
            assert reading is not None, "a torn picture"
            assert reading.number >= number
            assert reading.clock_ns <= grab.monotonic_ns <= time.monotonic_ns()
            number = reading.number

        assert source.description == SourceDescription(
            kind=SourceKind.WINDOW, key=window.key, title="Pattern", width=640, height=360
        )


def test_the_first_drawing_since_the_last_look_is_known_by_its_time(screen: Screen) -> None:
    with pattern_window(screen, rate=0) as window, opened(window_source(window)) as source:
        grab_until(source, lambda grab: grab is not None and not grab.changed)
        window.say("pressed 5")
        time.sleep(0.1)  # it was drawn long before it is looked at
        grab = grab_until(source, lambda grab: grab is not None and grab.changed)
        assert grab is not None
        reading = read_pattern(grab.image)
        assert reading is not None
        assert grab.drawn_ns is not None
        # The server's time is cut to a millisecond, of which the middle is taken.
        assert reading.clock_ns - 1_000_000 <= grab.drawn_ns <= grab.monotonic_ns
        still = source.grab()
        assert still is not None
        assert still.drawn_ns is None


def test_a_window_is_followed_when_it_moves_even_off_the_screen(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number
        for place in [(300, 200), (-250, -100), (1000, 600)]:
            window.move(*place)
            number = next_reading(source, number + 1).number


def test_a_resized_window_gives_pictures_of_its_new_size(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number
        for width, height in [(801, 453), (320, 200), (1280, 800)]:
            window.resize(width, height)
            size = (height, width, 4)
            grab_until(source, lambda grab, size=size: grab is not None and grab.image.shape == size)
            number = next_reading(source, number).number
            assert (source.description.width, source.description.height) == (width, height)


def test_a_window_that_is_renamed_and_resized_at_once_is_not_frozen(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        next_reading(source)
        window.call("Level 2")
        window.resize(400, 300)
        grab = grab_until(source, lambda grab: grab is not None and grab.image.shape == (300, 400, 4))
        assert grab is not None
        next_reading(source, next_reading(source).number)


def test_what_covers_a_window_is_not_recorded(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number
        cover = window.cover(pixel=0xFF0000)
        with opened(X11MonitorSource(find_source(SourceRequest(monitor=0)))) as monitor:
            grab = grab_until(monitor, lambda grab: grab is not None and grab.image[200, 300, :3].tolist() == RED)
        assert grab is not None

        for _ in range(10):
            number = next_reading(source, number).number
        window.uncover(cover)


def test_a_minimized_window_has_no_picture_until_it_is_back(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number

        window.minimize()
        grab_until(source, lambda grab: grab is None)
        window.restore()

        assert next_reading(source, number).number > number


def test_a_window_that_is_minimized_at_first_is_seen_when_it_comes_up(screen: Screen) -> None:
    with pattern_window(screen) as window:
        window.minimize()
        with opened(window_source(window)) as source:
            assert source.grab() is None
            window.restore()
            next_reading(source)


def test_a_window_that_is_called_hidden_is_minimized(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        next_reading(source)
        window.call_hidden(True)
        grab_until(source, lambda grab: grab is None)
        window.call_hidden(False)
        next_reading(source)


def test_the_window_managers_frame_is_not_recorded_and_hiding_it_is_noticed(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        number = next_reading(source).number
        frame = window.put_into_frame(margin=20)

        grab = grab_until(source, lambda grab: grab is not None)
        assert grab is not None
        assert grab.image.shape == (360, 640, 4)
        number = next_reading(source, number).number
        window.hide_frame(frame)

        grab_until(source, lambda grab: grab is None)


def test_a_closed_window_is_lost(screen: Screen) -> None:
    with pattern_window(screen, title="A game") as window, opened(window_source(window)) as source:
        next_reading(source)
        window.close()

        with pytest.raises(SourceLostError, match="The window 'A game': it was closed"):
            grab_until(source, lambda grab: False)


def test_a_window_that_was_closed_before_cannot_be_opened(screen: Screen) -> None:
    with pattern_window(screen) as window:
        source = window_source(window)
        window.close()

    with pytest.raises(CaptureError, match=r"it is not there any more. List the windows again"):
        source.open()
    source.close()


def test_a_window_that_does_not_change_repeats_its_picture(screen: Screen) -> None:
    with pattern_window(screen, rate=0) as window, opened(window_source(window)) as source:
        first = grab_until(source, lambda grab: grab is not None and read_pattern(grab.image) is not None)
        repeated = grab_until(source, lambda grab: grab is not None and not grab.changed)
        assert first is not None
        assert repeated is not None
        assert repeated.monotonic_ns > first.monotonic_ns
        for _ in range(50):  # past the time after which it is looked at all the same
            grab = source.grab()
            assert grab is not None
            assert not grab.changed
            time.sleep(0.015)

        window.say("pressed 5")

        changed = grab_until(source, lambda grab: grab is not None and grab.changed)
        assert changed is not None
        assert pressed(changed) == 5


def test_keys_and_buttons_that_reach_the_window_are_seen_in_it(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        window.focus()
        screen.type("mousemove", "100", "100", "keydown", "w", "mousedown", "1")
        grab_until(source, lambda grab: grab is not None and pressed(grab) == 0b1_0000_0001)
        screen.type("keyup", "w", "mouseup", "1")
        grab_until(source, lambda grab: grab is not None and pressed(grab) == 0)


def pressed(grab: Grab) -> int | None:
    reading = read_pattern(grab.image)
    return None if reading is None else reading.pressed


def test_a_new_title_is_known(screen: Screen) -> None:
    with pattern_window(screen) as window, opened(window_source(window)) as source:
        window.call("Level 2")
        grab_until(source, lambda grab: source.description.title == "Level 2")


def test_the_pointer_is_in_the_picture_where_that_is_asked_for(screen: Screen) -> None:
    monitor = next(one for one in list_sources() if one.kind is SourceKind.MONITOR)
    with pattern_window(screen, rate=0, at=(50, 40)) as window:
        window.point_in_red()
        screen.type("mousemove", "350", "340")

        def is_red_at(x: int, y: int) -> Callable[[Grab | None], bool]:
            return lambda grab: grab is not None and bool((grab.image[y - 4 : y + 4, x - 4 : x + 4, :3] == RED).all())

        description = SourceDescription(kind=SourceKind.WINDOW, key=window.key, title="?", width=1, height=1)
        with (
            opened(X11WindowSource(description, with_pointer=True)) as pointed,
            opened(window_source(window)) as plain,
            opened(X11MonitorSource(monitor, with_pointer=True)) as whole,
        ):
            grab_until(pointed, is_red_at(300, 300))
            grab_until(whole, is_red_at(350, 340))
            still = grab_until(pointed, lambda grab: grab is not None and not grab.changed)
            assert is_red_at(300, 300)(still)
            screen.type("mousemove", "360", "340")
            moved = grab_until(pointed, lambda grab: grab is not None and grab.changed)
            assert is_red_at(310, 300)(moved)
            grab = plain.grab()
            assert grab is not None
            assert not (grab.image[:, :, :3] == RED).all(axis=2).any()


def test_two_recorders_look_at_one_window_at_once(screen: Screen) -> None:
    with (
        pattern_window(screen) as window,
        opened(window_source(window)) as first,
        opened(window_source(window)) as second,
    ):
        number = next_reading(first).number
        number = next_reading(second, number).number
        window.resize(400, 300)
        number = next_reading(first, number).number
        first.close()
        assert next_reading(second, number).number > number


def test_windows_and_monitors_are_listed_with_sizes_and_programs(screen: Screen) -> None:
    with pattern_window(screen, title="Käse – Level 1"), pattern_window(screen, title="Other", size=(300, 200)):
        listed = list_sources()

        assert [(s.kind, s.title, s.width, s.height) for s in listed] == [
            (SourceKind.MONITOR, "screen", 1280, 800),
            (SourceKind.WINDOW, "Käse – Level 1", 640, 360),
            (SourceKind.WINDOW, "Other", 300, 200),
        ]
        assert listed[0].primary
        assert [(source.process or "")[:6] for source in listed[1:]] == ["python", "python"]
        with opened(open_source(find_source(SourceRequest(window="käse")))) as source:
            next_reading(source)


def test_the_terminal_that_we_run_in_is_not_offered(screen: Screen) -> None:
    with pattern_window(screen, title="player@pc: playloom record --window doom") as terminal:
        seen_from_another_program = [source.title for source in list_sources()]
        command = "from capture_node.sources.catalogue import list_sources; print([s.title for s in list_sources()])"
        terminal.say(f"run {command}")
        assert terminal.process.stdout is not None
        seen_from_within = terminal.process.stdout.readline()

        assert seen_from_another_program == ["screen", "player@pc: playloom record --window doom"]
        assert seen_from_within == "['screen']\n"


def test_a_monitor_shows_what_is_on_it_and_repeats_what_does_not_change(screen: Screen) -> None:
    with (
        opened(open_source(find_source(SourceRequest(monitor=0)))) as source,
        pattern_window(screen, rate=0, at=(50, 40)) as window,
    ):
        grab = grab_until(source, lambda grab: grab is not None and read_pattern(grab.image) is not None)
        assert grab is not None
        assert grab.image.shape == (800, 1280, 4)
        assert grab.image[40, 50, :3].tolist() == [255, 255, 255]
        assert grab.image[39, 49, :3].tolist() == [0, 0, 0]
        grab_until(source, lambda grab: grab is not None and not grab.changed)
        window.move(60, 50)
        grab_until(source, lambda grab: grab is not None and grab.image[40, 50, :3].tolist() == [0, 0, 0])


def test_a_monitor_is_followed_to_another_resolution() -> None:
    with (
        x_screen((1280, 800)) as screen,
        opened(X11MonitorSource(monitor_description(), display=screen.display)) as source,
    ):
        grab_until(source, lambda grab: grab is not None and grab.image.shape == (800, 1280, 4))
        set_resolution(screen, (640, 480))
        grab_until(source, lambda grab: grab is not None and grab.image.shape == (480, 640, 4))
        assert (source.description.width, source.description.height) == (640, 480)


def monitor_description() -> SourceDescription:
    return SourceDescription(kind=SourceKind.MONITOR, key="0", title="screen", width=1, height=1)


def set_resolution(screen: Screen, size: tuple[int, int]) -> None:
    """As a game or a player's settings do."""
    display = X11Display(screen.display)
    randr = display.connection(xcffib.randr.key)
    root = display.screen.root
    has = randr.GetScreenResources(root).reply()
    timing = xcffib.randr.ModeInfo.synthetic(0, *size, 25_000_000, 0, 0, 800, 0, 0, 0, 525, 5, 0)
    mode = randr.CreateMode(root, timing, 5, "small").reply().mode
    randr.AddOutputModeChecked(has.outputs[0], mode).check()
    upright = 1
    randr.SetCrtcConfig(has.crtcs[0], 0, has.config_timestamp, 0, 0, mode, upright, 1, has.outputs).reply()
    randr.SetScreenSizeChecked(root, *size, 170, 130).check()
    display.close()


@contextmanager
def second_monitor(screen: Screen, name: str, place: tuple[int, int, int, int]) -> Iterator[None]:
    display = X11Display(screen.display)
    randr = display.connection(xcffib.randr.key)
    root = display.screen.root
    monitor = xcffib.randr.MonitorInfo.synthetic(display.atom(name), 0, 0, 0, *place, 100, 100, [])
    randr.SetMonitorChecked(root, monitor).check()
    try:
        yield
    finally:
        randr.DeleteMonitorChecked(root, display.atom(name)).check()
        display.close()


def test_of_several_monitors_only_the_chosen_one_is_seen(screen: Screen) -> None:
    with second_monitor(screen, "right", (640, 100, 640, 360)), pattern_window(screen, at=(640, 100)):
        monitors = {source.title: source for source in list_sources() if source.kind is SourceKind.MONITOR}
        assert (monitors["right"].width, monitors["right"].height) == (640, 360)
        with opened(open_source(monitors["right"])) as source:
            next_reading(source)
            grab = source.grab()
            assert grab is not None
            assert grab.image.shape == (360, 640, 4)


def test_a_monitor_of_a_wayland_session_is_refused_because_it_would_be_black(screen: Screen) -> None:
    with second_monitor(screen, "XWAYLAND0", (640, 100, 640, 360)):
        source = open_source(next(source for source in list_sources() if source.title == "XWAYLAND0"))
        with pytest.raises(CaptureError, match=r"Wayland session.*Record the game's window"):
            source.open()


def test_a_monitor_that_is_unplugged_is_lost() -> None:
    with x_screen((1280, 800)) as screen:
        description = SourceDescription(kind=SourceKind.MONITOR, key="1", title="right", width=1, height=1)
        source = X11MonitorSource(description, display=screen.display)
        with second_monitor(screen, "right", (640, 0, 640, 480)):
            source.open()
            assert source.grab() is not None
        set_resolution(screen, (640, 480))

        with pytest.raises(SourceLostError, match=r"The monitor 1 \(right\): it was unplugged or turned off"):
            grab_until(source, lambda grab: False)
        source.close()


def test_a_monitor_that_is_not_there_cannot_be_opened(screen: Screen) -> None:
    source = X11MonitorSource(
        SourceDescription(kind=SourceKind.MONITOR, key="3", title="DP-9", width=1, height=1), display=screen.display
    )
    with pytest.raises(CaptureError, match=r"The monitor 3 \(DP-9\): it is not there any more"):
        source.open()


@pytest.mark.parametrize("missing", ["MIT-SHM", "DAMAGE"])
def test_a_server_without_an_extension_only_costs_more(missing: str) -> None:
    # The window program needs MIT-SHM itself: without it a plain window is looked at.
    with x_screen((640, 480), options=("-extension", missing)) as screen:
        if missing == "DAMAGE":
            with pattern_window(screen, rate=0) as window, opened(window_source(window, screen.display)) as source:
                next_reading(source)
                grab = source.grab()
                assert grab is not None
                assert grab.changed
        else:
            with opened(X11MonitorSource(monitor_description(), display=screen.display)) as source:
                grab = source.grab()
                assert grab is not None
                assert grab.image.shape == (480, 640, 4)
                assert not grab.image[:, :, :3].any()


def test_without_composite_a_window_is_refused_because_what_covers_it_would_be_seen() -> None:
    with (
        x_screen((640, 480), options=("-extension", "Composite")) as screen,
        pattern_window(screen) as window,
        pytest.raises(CaptureError, match=r"no Composite extension.*record the whole monitor"),
    ):
        window_source(window, screen.display).open()


def test_a_server_that_dies_is_a_lost_source() -> None:
    with x_screen((640, 480)) as screen, pattern_window(screen) as window:
        window_seen = window_source(window, screen.display)
        monitor_seen = X11MonitorSource(monitor_description(), display=screen.display)
        with opened(window_seen), opened(monitor_seen):
            next_reading(window_seen)
            screen.stop()
            for source in (window_seen, monitor_seen):
                with pytest.raises(SourceLostError, match="the X server is gone"):
                    grab_until(source, lambda grab: False)


def test_a_driver_that_draws_without_saying_so_is_found_out(screen: Screen) -> None:
    display = X11Display(screen.display)
    with pattern_window(screen, rate=0) as silent, pattern_window(screen, at=(50, 500), size=(300, 200)) as drawing:
        # Told of changes of one window only, we look at the other.
        picture = X11Picture(display, silent.window)
        place = Place(drawable=drawing.window, x=0, y=0, width=300, height=200)
        picture.look(place, now_ns(), lambda: None)
        assert not picture.look(place, now_ns(), lambda: None).changed
        deadline = time.monotonic() + PATIENCE_S
        while not picture.look(place, now_ns(), lambda: None).changed:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        assert picture.look(place, now_ns(), lambda: None).changed, "it believes no more that nothing changes"
        picture.close()
    display.close()
