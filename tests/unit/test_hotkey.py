from __future__ import annotations

import pytest

from capture_node.hotkeys.hotkey import (
    DEFAULT_HOTKEYS,
    Hotkey,
    HotkeyAction,
    HotkeyFailure,
    Modifier,
    parse_hotkey,
)
from playloom.errors import CaptureError


def test_a_combination_is_read_in_any_case_and_order() -> None:
    hotkey = parse_hotkey("Shift + CONTROL+F9")

    assert hotkey == Hotkey(key="f9", modifiers=frozenset({Modifier.CTRL, Modifier.SHIFT}))
    assert hotkey.scancode == 66
    assert str(hotkey) == "ctrl+shift+f9"


def test_a_key_alone_is_a_combination_too() -> None:
    assert parse_hotkey("scroll_lock") == Hotkey(key="scroll_lock")


@pytest.mark.parametrize(("written", "modifier"), [("super+a", "gui"), ("win+a", "gui"), ("meta+a", "gui")])
def test_the_key_with_the_systems_sign_has_many_names(written: str, modifier: str) -> None:
    assert str(parse_hotkey(written)) == f"{modifier}+a"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("ctrl+alt+nine", "The hotkey 'ctrl+alt+nine': 'nine' is the name of no key. Write modifiers and one key"),
        ("fn+f9", "The hotkey 'fn+f9': 'fn' is no modifier. Modifiers are ctrl, alt, shift, gui"),
        ("ctrl+", "The hotkey 'ctrl+': '' is the name of no key"),
        ("", "The hotkey '': '' is the name of no key"),
    ],
)
def test_what_is_no_combination_is_said_to_be_none(written: str, says: str) -> None:
    with pytest.raises(CaptureError) as error:
        parse_hotkey(written)

    assert str(error.value).startswith(says)


def test_no_usual_hotkey_leaves_the_desktop_for_a_text_console() -> None:
    assert set(DEFAULT_HOTKEYS) == set(HotkeyAction)
    assert not any({Modifier.CTRL, Modifier.ALT} <= hotkey.modifiers for hotkey in DEFAULT_HOTKEYS.values())


def test_a_failure_names_the_combination_and_the_reason() -> None:
    failure = HotkeyFailure(action=HotkeyAction.MARK, hotkey=parse_hotkey("ctrl+m"), reason="another program has it")

    assert str(failure) == "The hotkey ctrl+m (mark) does not work: another program has it"
