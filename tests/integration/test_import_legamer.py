"""`playloom import legamer` on recordings as LeGamer's recorder leaves them: three files and no session.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playloom.quality.session_quality import validate_session
from playloom.recording.session import open_session
from tests.support.importing import run_playloom
from tests.support.numbered_sessions import START_NS, write_numbered_session


def test_recordings_become_sessions_that_say_who_played(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "recordings" / "2025-11-03 20.15", 40)
    write_numbered_session(tmp_path / "recordings" / "ada" / "2025-11-04", 30)
    done = run_playloom(
        "import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions", "--player", "ada",
        "--game", "test_game", "--profile", "pad", "--task", "Win", "--json",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert [one["frames"] for one in report["imported"]] == [40, 30]
    assert report["failed"] == {}
    first = open_session(Path(report["imported"][0]["path"]))
    assert first.path.name.startswith("2025-11-03-20-15-")
    assert first.info is not None
    assert (first.info.player, first.info.game_id, first.info.profile_name, first.info.task) == (
        "ada", "test_game", "pad", "Win",
    )  # fmt: skip
    assert first.info.source == "import:legamer"
    assert first.info.session_id == first.path.name
    assert first.info.clock.started_monotonic_ns == START_NS
    assert first.info.capture_profile is not None
    assert (first.info.capture_profile.fps, first.info.capture_profile.keyframe_interval) == (30, 10)
    for name in ("capture.mp4", "sync.csv", "actions.bin"):
        assert (first.path / name).samefile(tmp_path / "recordings" / "2025-11-03 20.15" / name)


def test_a_copy_shares_nothing_with_the_recording(tmp_path: Path) -> None:
    recording = write_numbered_session(tmp_path / "recording", 10)
    done = run_playloom("import", "legamer", recording, "-o", tmp_path / "sessions", "--copy", "--json")
    session = Path(json.loads(done.stdout)["imported"][0]["path"])
    assert not (session / "capture.mp4").samefile(recording / "capture.mp4")
    assert (session / "capture.mp4").read_bytes() == (recording / "capture.mp4").read_bytes()


def test_a_second_run_keeps_what_is_there_and_adds_what_is_new(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "recordings" / "one", 10)
    run_playloom("import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions")
    (tmp_path / "sessions" / ".half-made.importing").mkdir()
    write_numbered_session(tmp_path / "recordings" / "two", 12)
    done = run_playloom("import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions", "--json")
    report = json.loads(done.stdout)
    assert [(one["frames"], one["kept"]) for one in report["imported"]] == [(10, True), (12, False)]


def test_other_options_for_what_is_there_are_refused(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "recordings" / "one", 10)
    run_playloom("import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions", "--player", "ada")
    done = run_playloom("import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions", "--player", "grace")
    assert done.returncode == 1
    assert "was imported with other options. Remove it to import it again" in done.stdout


def test_a_broken_recording_costs_only_itself(tmp_path: Path) -> None:
    write_numbered_session(tmp_path / "recordings" / "broken", 10)
    (tmp_path / "recordings" / "broken" / "capture.mp4").write_bytes(b"no video")
    write_numbered_session(tmp_path / "recordings" / "good", 10)
    done = run_playloom("import", "legamer", tmp_path / "recordings", "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "1 session imported, 10 frames" in done.stdout
    assert f"not imported: {tmp_path / 'recordings' / 'broken' / 'capture.mp4'}" in done.stdout
    assert [path.name for path in (tmp_path / "sessions").iterdir() if path.name.startswith(".")] == []


def test_what_a_recording_lacks_is_said_and_not_accepted_if_strict(tmp_path: Path) -> None:
    recording = write_numbered_session(tmp_path / "cut", 10)
    inputs = (recording / "actions.bin").read_bytes()
    (recording / "actions.bin").write_bytes(inputs[:-3])
    done = run_playloom("import", "legamer", recording, "-o", tmp_path / "strict", "--strict")
    assert done.returncode == 1
    assert "has faults, which --strict does not accept" in done.stderr
    assert list((tmp_path / "strict").iterdir()) == []
    done = run_playloom("import", "legamer", recording, "-o", tmp_path / "sessions", "--json")
    [fault] = json.loads(done.stdout)["imported"][0]["faults"]
    assert "actions.bin" in fault


@pytest.mark.parametrize("argument", ["nothing", "."])
def test_where_no_recording_is_the_command_says_what_one_is(tmp_path: Path, argument: str) -> None:
    done = run_playloom("import", "legamer", tmp_path / argument, "-o", tmp_path / "sessions")
    assert done.returncode == 1
    assert "error:" in done.stderr


def test_the_session_passes_the_quality_checks(tmp_path: Path) -> None:
    recording = write_numbered_session(tmp_path / "one", 90)
    done = run_playloom("import", "legamer", recording, "-o", tmp_path / "sessions", "--json")
    quality = validate_session(Path(json.loads(done.stdout)["imported"][0]["path"]))
    assert [finding for finding in quality.findings if finding.level == "error"] == []
