from __future__ import annotations

import pytest

from capture_node.sources.catalogue import SourceRequest, find_source, list_sources, open_source
from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.sources.pattern import PatternReading, read_pattern
from playloom.errors import CaptureError


def monitor(number: int, title: str) -> SourceDescription:
    return SourceDescription(kind=SourceKind.MONITOR, key=str(number), title=title, width=1920, height=1080)


def window(key: str, title: str, process: str | None = None) -> SourceDescription:
    return SourceDescription(kind=SourceKind.WINDOW, key=key, title=title, width=800, height=600, process=process)


DESKTOP = [
    monitor(0, "DP-1"),
    monitor(1, "HDMI-1"),
    window("0x1", "DOOM", "vizdoom"),
    window("0x2", "Doom wiki — Browser", "firefox"),
    window("0x3", "Straße nach Rom"),
]


def problem_of(request: SourceRequest, sources: list[SourceDescription]) -> str:
    with pytest.raises(CaptureError) as error:
        find_source(request, sources)
    return str(error.value)


def test_a_monitor_is_found_by_its_number() -> None:
    assert find_source(SourceRequest(monitor=1), DESKTOP).title == "HDMI-1"


def test_a_monitor_that_is_not_there_says_which_are() -> None:
    assert problem_of(SourceRequest(monitor=2), DESKTOP) == (
        "The monitor 2: there is no such monitor. There are: 0 (DP-1, 1920x1080), 1 (HDMI-1, 1920x1080)"
    )


def test_a_window_is_found_by_a_part_of_its_title_in_any_case() -> None:
    assert find_source(SourceRequest(window="WIKI"), DESKTOP).key == "0x2"
    assert find_source(SourceRequest(window="STRASSE"), DESKTOP).key == "0x3"


def test_an_empty_title_is_no_wish_for_any_window() -> None:
    assert problem_of(SourceRequest(window=" "), DESKTOP[3:4]) == (
        "The window: no part of a title is given. Give a part of the title of one of: 'Doom wiki — Browser' (firefox)"
    )


def test_the_whole_title_wins_over_parts_of_others() -> None:
    assert find_source(SourceRequest(window="doom"), DESKTOP).key == "0x1"


def test_several_windows_are_named_so_that_more_of_the_title_can_be_given() -> None:
    assert problem_of(SourceRequest(window="oom"), DESKTOP) == (
        "The window 'oom': 2 windows have that in their titles. "
        "Give more of the title of one of: 'DOOM' (vizdoom), 'Doom wiki — Browser' (firefox)"
    )


def test_two_windows_of_the_same_title_are_not_guessed_between() -> None:
    assert "2 windows" in problem_of(SourceRequest(window="game"), [window("0x1", "Game"), window("0x2", "Game")])


def test_a_title_that_no_window_has_lists_what_there_is() -> None:
    assert problem_of(SourceRequest(window="quake"), DESKTOP) == (
        "The window 'quake': no window has that in its title. "
        "There are: 'DOOM' (vizdoom), 'Doom wiki — Browser' (firefox), 'Straße nach Rom'"
    )


def test_a_long_list_of_windows_is_cut() -> None:
    assert problem_of(SourceRequest(window="x"), [window(str(n), f"W{n}") for n in range(20)]).endswith(
        "'W11' and 8 more"
    )


def test_no_windows_at_all_says_to_start_the_game() -> None:
    assert problem_of(SourceRequest(window="x"), []).endswith("There are no windows: start the game first")


@pytest.mark.parametrize("request_", [SourceRequest(), SourceRequest(monitor=0, window="doom")])
def test_nothing_and_several_things_are_refused(request_: SourceRequest) -> None:
    assert "choose one thing to record" in problem_of(request_, DESKTOP)


def test_the_test_pattern_needs_no_desktop_and_numbers_its_pictures() -> None:
    source = open_source(find_source(SourceRequest(pattern=True)))
    source.open()

    readings: list[PatternReading | None] = []
    for _ in range(3):
        grab = source.grab()
        assert grab is not None
        readings.append(read_pattern(grab.image))
        assert readings[-1] is not None
        assert readings[-1].clock_ns == grab.monotonic_ns
    source.close()

    assert [reading.number for reading in readings if reading] == [0, 1, 2]


def test_a_backend_of_another_system_is_refused() -> None:
    with pytest.raises(CaptureError, match="there is no backend 'quartz' here"):
        open_source(DESKTOP[0], backend="quartz")


def test_without_a_display_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    with pytest.raises(CaptureError, match=r"there is no DISPLAY.*set DISPLAY"):
        list_sources()


def test_a_wayland_session_without_x11_is_told_from_no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")

    with pytest.raises(CaptureError, match=r"Wayland session.*XWayland"):
        list_sources()


def test_a_display_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7654")

    with pytest.raises(CaptureError, match=r"the X server :7654 does not answer.*XAUTHORITY"):
        list_sources()


def test_what_was_chosen_from_the_list_is_taken_though_another_has_its_title() -> None:
    twins = [window("0x7", "Minecraft"), window("0x8", "Minecraft")]
    assert find_source(SourceRequest(chosen=twins[1]), twins) == twins[1]
    assert not SourceRequest(chosen=twins[1]).is_empty
    assert SourceRequest().is_empty


def test_the_mouse_pointer_is_refused_where_pictures_come_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(CaptureError, match=r"cannot be recorded on Windows.* Leave 'cursor' out"):
        open_source(DESKTOP[0], with_pointer=True)
