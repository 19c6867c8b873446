"""Names of sessions that come from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.errors import OutputError
from playloom.recording.session_name import check_session_name, new_session_name

ROOT = Path("sessions")


@pytest.mark.parametrize(
    "name", ["run 1", "Abend ünï", "夜の部", "👩‍🚀 day", "v1.2", "a" * 200, "20261121T093000Z-1a2b3c4d"]
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert check_session_name(ROOT, name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "the name is empty"),
        ("  ", "the name is empty"),
        (".", "ends with a dot"),
        ("..", "ends with a dot"),
        ("../up", "it begins with a dot"),
        (".hidden", "it begins with a dot"),
        ("a/b", "it holds '/'"),
        ("a\\b", r"it holds '\\'"),
        ("C:x", "it holds ':'"),
        ("a\0b", r"the control character '\x00'"),
        ("a\nb", r"the control character '\n'"),
        ("a\ud800", "the control character"),
        ("x ", "begins or ends with a space"),
        ("x.", "ends with a dot"),
        ("nul", "Windows keeps the name"),
        ("COM1.txt", "Windows keeps the name"),
        ("a" * 201, "longer than 200 bytes"),
        ("ü" * 101, "longer than 200 bytes"),
    ],
)
def test_names_that_could_leave_the_directory_or_break_a_system_are_refused(name: str, said: str) -> None:
    with pytest.raises(OutputError) as caught:
        check_session_name(ROOT, name)
    assert said in str(caught.value)


def test_new_names_are_fine_and_different() -> None:
    names = {new_session_name() for _ in range(100)}
    assert len(names) == 100
    assert all(check_session_name(ROOT, name) for name in names)
