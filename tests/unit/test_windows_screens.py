"""Monitors and windows as Windows lists them; a fake desktop stands in for it."""

from __future__ import annotations

from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.windows.desktop import Area
from capture_node.windows.screens import is_covered, list_monitors, list_windows
from tests.support.fake_windows import FakeDesktop, FakeWindow


def test_monitors_are_counted_from_the_main_one_and_say_how_windows_scales_them() -> None:
    desktop = FakeDesktop()

    assert list_monitors(desktop) == [
        SourceDescription(
            kind=SourceKind.MONITOR, key="0", title="Wide 27 (DISPLAY1, 150 %)", width=64, height=48, primary=True
        ),
        SourceDescription(kind=SourceKind.MONITOR, key="1", title="Monitor (DISPLAY2)", width=32, height=24),
    ]
    assert desktop.prepared == 1


def test_windows_are_those_with_a_place_in_the_task_bar_and_name_their_program() -> None:
    desktop = FakeDesktop(
        shown=[
            FakeWindow(handle=1, title="Overlay", tool=True),
            FakeWindow(handle=2, title="Chat", process=200, area=Area(left=0, top=0, right=20, bottom=10)),
            FakeWindow(handle=3, title=""),
            FakeWindow(handle=4, title="Asleep", visible=False),
            FakeWindow(handle=5, title="The Game"),
            FakeWindow(handle=6, title="Nobody's", process=999),
        ]
    )

    assert list_windows(desktop) == [
        SourceDescription(kind=SourceKind.WINDOW, key="2", title="Chat", width=20, height=10, process="chat.exe"),
        SourceDescription(kind=SourceKind.WINDOW, key="5", title="The Game", width=32, height=24, process="game.exe"),
        SourceDescription(kind=SourceKind.WINDOW, key="6", title="Nobody's", width=32, height=24),
    ]


def test_the_terminal_that_runs_this_program_is_no_window_to_choose() -> None:
    desktop = FakeDesktop(
        shown=[
            FakeWindow(handle=1, title="playloom record --window game", process=300),
            FakeWindow(handle=2, title="playloom record --window game", process=400),
            FakeWindow(handle=5, title="The Game"),
        ],
        terminal=(frozenset({300}), 2),
    )

    assert [window.title for window in list_windows(desktop)] == ["The Game"]


def test_a_minimized_window_is_listed_with_the_size_that_it_comes_back_with() -> None:
    desktop = FakeDesktop(shown=[FakeWindow(handle=5, minimized=True)])

    (window,) = list_windows(desktop)

    assert (window.width, window.height) == (32, 24)


def test_a_window_is_covered_by_another_programs_window_over_it() -> None:
    game, chat = FakeWindow(handle=5), FakeWindow(handle=2, process=200)
    over = FakeDesktop(shown=[chat, game], in_front=2)
    under = FakeDesktop(shown=[game, chat], in_front=2)

    assert is_covered(over, 5)
    assert not is_covered(under, 5)


def test_a_window_is_not_covered_by_what_lies_beside_it_or_is_minimized_or_belongs_to_it_or_is_an_overlay() -> None:
    beside = FakeWindow(handle=2, process=200, area=Area(left=42, top=8, right=60, bottom=32))
    minimized = FakeWindow(handle=3, process=200, minimized=True)
    own = FakeWindow(handle=4, title="Settings")
    overlay = FakeWindow(handle=6, process=200, tool=True)
    desktop = FakeDesktop(shown=[beside, minimized, own, overlay, FakeWindow(handle=5)], in_front=2)

    assert not is_covered(desktop, 5)


def test_the_window_that_the_player_works_with_is_never_covered() -> None:
    on_top = FakeWindow(handle=2, process=200)

    assert not is_covered(FakeDesktop(shown=[on_top, FakeWindow(handle=5)], in_front=5), 5)
