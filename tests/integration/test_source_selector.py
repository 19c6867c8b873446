from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.pilot import Pilot
from textual.widgets import OptionList

from capture_node.sources.frame_source import SourceDescription, SourceKind
from capture_node.terminal.source_selector import SourceSelector
from playloom.errors import CaptureError

MONITOR = SourceDescription(kind=SourceKind.MONITOR, key="0", title="DP-1", width=2560, height=1440, primary=True)
KART = SourceDescription(
    kind=SourceKind.WINDOW, key="77", title="SuperTuxKart", width=1920, height=1080, process="supertuxkart"
)
DOOM = SourceDescription(
    kind=SourceKind.WINDOW, key="78", title="Freedoom: Phase 2", width=640, height=480, process="chocolate-doom"
)
LONG = SourceDescription(
    kind=SourceKind.WINDOW, key="79", title="[b]A title\x1b[2J that is " + "long " * 30, width=1, height=1, process=None
)

type SelectorPilot = Pilot[SourceDescription | None]


def choose(
    sources: list[SourceDescription], *keys: str, size: tuple[int, int] = (80, 24)
) -> tuple[SourceDescription | None, list[str]]:
    """Press the keys, and return the choice and what the list showed at the end."""

    async def play() -> tuple[SourceDescription | None, list[str]]:
        app = SourceSelector(lambda: sources, sources)
        async with app.run_test(size=size) as pilot:
            await shown(pilot)
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            rows = lines(app) if app.is_running and app.return_value is None else []
        return app.return_value, rows

    return asyncio.run(play())


async def shown(pilot: SelectorPilot) -> None:
    rows = pilot.app.query_one(OptionList)
    while not rows.option_count:
        await pilot.pause(0.01)


def lines(app: SourceSelector) -> list[str]:
    rows = app.query_one(OptionList)
    return [str(rows.get_option_at_index(index).prompt).rstrip() for index in range(rows.option_count)]


def test_monitors_and_windows_are_listed_with_sizes_and_programs() -> None:
    _, rows = choose([MONITOR, KART, DOOM])
    assert [" ".join(row.split()) for row in rows] == [
        "Monitors",
        "1 monitor 0 DP-1 2560x1440 main monitor",
        "Windows",
        "2 SuperTuxKart 1920x1080 supertuxkart",
        "3 Freedoom: Phase 2 640x480 chocolate-doom",
    ]


def test_enter_takes_the_first_window_because_mostly_a_game_is_meant() -> None:
    assert choose([MONITOR, KART, DOOM], "enter")[0] == KART


def test_arrow_keys_move_past_the_headings() -> None:
    assert choose([MONITOR, KART, DOOM], "up", "enter")[0] == MONITOR
    assert choose([MONITOR, KART, DOOM], "down", "enter")[0] == DOOM


def test_a_number_chooses_at_once() -> None:
    assert choose([MONITOR, KART, DOOM], "3")[0] == DOOM


def test_a_number_that_is_not_there_does_nothing() -> None:
    assert choose([MONITOR], "7", "enter")[0] == MONITOR


def test_a_search_looks_in_titles_and_programs_and_enter_takes_the_only_one() -> None:
    assert choose([MONITOR, KART, DOOM], "slash", *"PHASE", "enter")[0] == DOOM
    assert choose([MONITOR, KART, DOOM], "slash", *"choco", "enter")[0] == DOOM


def test_digits_belong_to_a_search_while_one_is_typed() -> None:
    chosen, rows = choose([MONITOR, KART, DOOM], "slash", "2")
    assert chosen is None
    assert " ".join(rows[-1].split()) == "1 Freedoom: Phase 2 640x480 chocolate-doom"


def test_escape_ends_the_search_first_and_then_leaves_without_a_choice() -> None:
    _, rows = choose([MONITOR, KART], "slash", "x", "y", "escape")
    assert len(rows) == 4
    assert choose([MONITOR, KART], "slash", "escape", "escape")[0] is None
    assert choose([MONITOR, KART], "q")[0] is None


def test_a_search_that_finds_nothing_says_so() -> None:
    assert choose([MONITOR, KART], "slash", "z")[1] == ["Nothing is called “z”."]


def test_rows_fit_in_sixty_columns_whatever_windows_are_called() -> None:
    _, rows = choose([MONITOR, LONG], size=(60, 20))
    assert all(len(row) <= 50 for row in rows)
    assert "\x1b" not in "".join(rows)
    assert rows[-1].split()[1] == "[b]A", "a title is no markup"


def test_a_window_that_opens_meanwhile_appears_and_the_choice_stays_where_it_was() -> None:
    listed: list[SourceDescription] = [MONITOR, KART]

    async def play() -> SourceDescription | None:
        app = SourceSelector(lambda: tuple(listed), tuple(listed))
        async with app.run_test() as pilot:
            await shown(pilot)
            listed.insert(1, DOOM)
            await pilot.press("r")
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert len(lines(app)) == 5
            await pilot.press("enter")
        return app.return_value

    assert asyncio.run(play()) == KART


def test_a_display_that_goes_away_is_told_in_the_list() -> None:
    def gone() -> Sequence[SourceDescription]:
        raise CaptureError("the display :9", "cannot be reached")

    async def play() -> str:
        app = SourceSelector(gone, [MONITOR])
        async with app.run_test() as pilot:
            await shown(pilot)
            await pilot.press("r")
            await app.workers.wait_for_complete()
            await pilot.pause()
            return str(app.query_one("#trouble").render())

    assert "the display :9: cannot be reached" in asyncio.run(play())
