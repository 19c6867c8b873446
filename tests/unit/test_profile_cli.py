"""`playloom profile check`: what a player reads, what a program reads, and how a mistake ends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playloom import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
PONG = str(EXAMPLES / "games" / "atari-pong.yaml")
ADA = str(EXAMPLES / "profiles" / "atari-pong-ada.yaml")


def test_it_lists_each_action_with_its_controls_and_says_what_is_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["profile", "check", PONG, ADA]) == 0
    assert capsys.readouterr().out == (
        f"{PONG}: Pong (atari-pong)\n"
        "  class default: up (digital), down (digital), fire (digital)\n"
        "\n"
        f"{ADA}: profile ada, classes default\n"
        "  up    digital  key up or key w\n"
        "  down  digital  key down or key s\n"
        "  fire  digital  key space or key left_ctrl\n"
        "\n"
        f"Next: convert recordings with them: playloom convert --session-root SESSIONS --game-definition {PONG} "
        f"--action-mapping {ADA} …\n"
    )


def test_a_game_alone_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["profile", "check", PONG]) == 0
    assert (
        f"Next: check a mapping profile with it: playloom profile check {PONG} PROFILE.yaml" in capsys.readouterr().out
    )


def test_json_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text("game_id: atari-pong\nclass_ids: [default]\nprofile_name: p\nactions:\n  up: {bindings: []}\n")
    assert cli.run(["profile", "check", PONG, str(profile), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["game"] == {"file": PONG, "game_id": "atari-pong", "warnings": []}
    (described,) = content["profiles"]
    assert described["unmapped_required"] == ["up", "down", "fire"]
    assert described["actions"][2] == {
        "action": "fire",
        "kind": "digital",
        "slots": [2],
        "required": True,
        "skipped": False,
        "bindings": [],
    }
    assert described["error"] is None
    assert described["warnings"] == [
        f"{action}: is required by the game and has no binding; it will be 0 throughout"
        for action in ("up", "down", "fire")
    ]


def test_one_bad_profile_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("game_id: atari-pong\nclass_ids: [default]\nprofile_name: p\nactions:\n  zap: {bindings: []}\n")
    assert cli.run(["profile", "check", PONG, str(bad), ADA]) == 1
    printed = capsys.readouterr()
    assert "profile ada, classes default" in printed.out
    problem = f"{bad}, line 5, actions.zap: the game 'atari-pong' has no action 'zap'. Known are: up, down, fire"
    assert f"{problem}\n" in printed.out
    assert "1 of 2 profiles cannot be used" in printed.err
    assert cli.run(["profile", "check", PONG, str(bad), ADA, "--json"]) == 1
    profiles = json.loads(capsys.readouterr().out)["profiles"]
    assert [profile["error"] for profile in profiles] == [problem, None]


def test_a_bad_game_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game = tmp_path / "game.yaml"
    game.write_text("game_id: g\n")
    assert cli.run(["profile", "check", str(game)]) == 1
    assert capsys.readouterr().err == f"error: {game}, line 1: 'classes' is missing. Add 'classes:'\n"
