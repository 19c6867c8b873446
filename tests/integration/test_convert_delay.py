"""`playloom convert --action-delay-ms`: frames take the inputs that they show."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from playloom.cli import run
from playloom.errors import PlayloomError
from tests.support.conversions import convert, options_for, read_episodes, read_info, write_definitions
from tests.support.numbered_sessions import expected_action, write_numbered_session

NOTHING = [0.0, 0.0, 0.0, 0.0]


def measured(session: Path, **sync: float) -> None:
    """Write a session.json with these figures."""
    info = {
        "format_version": 1,
        "session_id": session.name,
        "source": "screen",
        "clock": {"kind": "monotonic", "started_unix_ns": 0, "started_monotonic_ns": 0},
        "counts": {"frames": 20, "repeated": 0, "dropped": 0, "late": 0},
        "sync": sync or None,
        "marks": [],
        "files": {},
    }
    (session / "session.json").write_text(json.dumps(info))


def actions(dataset: Path) -> dict[str, list[list[float]]]:
    return {episode.session: np.asarray(episode.action).tolist() for episode in read_episodes(dataset)}


def test_a_frame_takes_the_inputs_of_so_many_milliseconds_before_it(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)

    convert(tmp_path, action_delay_ms=100.0)

    later = [NOTHING] * 3 + [expected_action(number) for number in range(17)]
    assert actions(tmp_path / "dataset") == {"a": later}
    extension = read_info(tmp_path / "dataset")["extensions"]["game_converter"]
    assert extension["settings"]["action_delay_ms"] == 100.0
    assert extension["action_delays_ms"] == {"a": 100.0}


def test_a_delay_below_zero_brings_actions_forward(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)

    convert(tmp_path, action_delay_ms=-100.0)

    assert actions(tmp_path / "dataset")["a"][:17] == [expected_action(number) for number in range(3, 20)]


def test_auto_delays_each_session_as_its_machine_has_measured(tmp_path: Path) -> None:
    measured(write_numbered_session(tmp_path / "sessions" / "fast", 20), input_to_picture_ms_p50=30.5)
    measured(write_numbered_session(tmp_path / "sessions" / "slow", 20), input_to_picture_ms_p50=65.5)
    measured(write_numbered_session(tmp_path / "sessions" / "unmeasured", 20))

    report = convert(tmp_path, action_delay_ms="auto")

    found = actions(tmp_path / "dataset")
    expected = [expected_action(number) for number in range(20)]
    assert found == {
        "fast": [NOTHING, *expected[:19]],
        "slow": [NOTHING] * 2 + expected[:18],
        "unmeasured": expected,
    }
    extension = read_info(tmp_path / "dataset")["extensions"]["game_converter"]
    assert extension["settings"]["action_delay_ms"] == "auto"
    assert extension["action_delays_ms"] == {"fast": 30.5, "slow": 65.5, "unmeasured": 0.0}
    assert report.warnings == {
        "unmeasured": ("no delay was measured where it was recorded; its actions are not delayed",)
    }


def test_leading_frames_are_counted_from_where_the_first_input_is_seen(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20, first_input=10)

    convert(tmp_path, action_delay_ms=100.0, max_pre_action_s=0.0)

    (episode,) = read_episodes(tmp_path / "dataset")
    assert episode.numbers == list(range(13, 20))
    assert np.asarray(episode.action).tolist() == [expected_action(number) for number in range(10, 17)]


def test_a_conversion_with_another_delay_is_another_conversion(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    convert(tmp_path, action_delay_ms=20.0)

    with pytest.raises(PlayloomError):
        convert(tmp_path, action_delay_ms=21.0, resume=True)


def test_a_delay_out_of_range_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(PlayloomError, match="--action-delay-ms 2000 is out of range"):
        options_for(tmp_path, action_delay_ms=2000.0)


def test_the_command_takes_a_number_or_auto(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_numbered_session(tmp_path / "sessions" / "a", 20)
    game, profile = write_definitions(tmp_path)
    flags = [
        *("convert", "--session-root", str(tmp_path / "sessions"), "--game-definition", str(game)),
        *("--action-mapping", str(profile), "--output-root", str(tmp_path / "dataset")),
        *("--repo-id", "local/test", "--task", "count"),
    ]

    assert run([*flags, "--action-delay-ms", "soon"]) == 1
    assert "error: --action-delay-ms soon is not known. Give milliseconds" in capsys.readouterr().err
    assert run([*flags, "--action-delay-ms", "auto"]) == 0
    assert "no delay was measured where it was recorded" in capsys.readouterr().out
