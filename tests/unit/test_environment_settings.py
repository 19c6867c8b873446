from __future__ import annotations

import pytest

from playloom.environments.game import kebab, plain
from playloom.environments.settings import EnvironmentChoiceError, EnvironmentSettings, parse_size


def test_a_size_is_written_with_an_x() -> None:
    assert parse_size("1280x720") == (1280, 720)
    assert parse_size(" 640X480 ") == (640, 480)


@pytest.mark.parametrize("text", ["", "640", "0x480", "640x", "-640x480", "99999x99999", "640x480x3"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(EnvironmentChoiceError, match="is not a picture size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"seed": -1}, "the seed -1 is out of range"),
        ({"seed": 2**31}, "the seed 2147483648 is out of range"),
        ({"seed": 0, "frame_skip": 0}, "a frame skip of 0 is out of range"),
        ({"seed": 0, "sticky_action_probability": 1.0}, "a sticky action probability of 1 is out of range"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int], problem: str) -> None:
    with pytest.raises(EnvironmentChoiceError, match=problem):
        EnvironmentSettings(**settings)  # pyright: ignore[reportArgumentType]


def test_names_are_compared_without_case_signs_and_version() -> None:
    assert plain("ALE/Pong-v5") == "alepong"
    assert plain("Airstriker-Genesis-v0") == plain("airstriker genesis")


def test_ids_are_made_of_small_words() -> None:
    assert kebab("space_invaders") == "space-invaders"
    assert kebab("SpaceInvaders") == "space-invaders"
    assert kebab("defend_the_center") == "defend-the-center"
