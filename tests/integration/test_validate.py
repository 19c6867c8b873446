"""`playloom validate` over real small sessions, good and bad."""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playloom import cli
from playloom.controls import KEYS
from playloom.quality import QualityThresholds, validate_session
from playloom.recording.input_stream import InputSnapshot
from playloom.recording.session_info import FrameCounts, Mark, Recovery, read_session_info, write_session_info
from tests.support.pictures import moving_picture, write_pictures
from tests.support.sessions import START_NS, make_session, press

BLACK = np.zeros((64, 96, 3), np.uint8)


def taps(*times_s: float, lasting_s: float = 0.2) -> list[InputSnapshot]:
    """Presses of the south button."""
    moments = [(time_s, 0) for time_s in times_s] + [(time_s + lasting_s, None) for time_s in times_s]
    return [
        press(START_NS + round(time_s * 1e9), *([] if button is None else [button]))
        for time_s, button in sorted(moments, key=lambda moment: moment[0])
    ]


def good(root: Path, name: str = "good", **settings: object) -> Path:
    """Three seconds at 30 frames a second with some presses."""
    chosen = {"frames": 90, "snapshots": taps(0.2, 1.0, 2.0), "with_session_json": True} | settings
    return make_session(root, name, **chosen)  # pyright: ignore[reportArgumentType]


def codes(path: Path, thresholds: QualityThresholds | None = None, **options: bool) -> dict[str, str]:
    """The findings' codes and levels."""
    return {str(each.code): str(each.level) for each in validate_session(path, thresholds, **options).findings}


def run(*arguments: object) -> int:
    return cli.run(["validate", *map(str, arguments)])


def test_a_good_session_is_ok_and_its_figures_are_those_of_the_recording(tmp_path: Path) -> None:
    quality = validate_session(good(tmp_path), verify_hashes=True)
    assert quality.verdict == "ok"
    assert quality.findings == ()
    assert quality.timing is not None
    assert (quality.timing.frames, round(quality.timing.fps, 3), quality.timing.nominal_fps) == (90, 30.0, 30.0)
    assert quality.inputs is not None
    assert quality.inputs.press_count == 3
    assert quality.inputs.start_dead_s == pytest.approx(0.2)
    assert quality.picture is not None
    assert quality.picture.samples.frames.tolist() == [0, 60]


def test_a_session_of_three_files_is_ok_and_says_that_session_json_is_missing(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    assert validate_session(path).verdict == "ok"
    assert codes(path) == {"no-session-info": "note"}


@pytest.mark.parametrize("name", ["capture.mp4", "sync.csv", "actions.bin"])
def test_a_missing_file_fails_and_the_rest_is_still_measured(tmp_path: Path, name: str) -> None:
    path = good(tmp_path, with_session_json=False)
    (path / name).unlink()
    quality = validate_session(path)
    assert quality.verdict == "failed"
    assert [(each.code, each.sentence) for each in quality.findings if each.level == "failed"] == [
        ("missing-file", f"{name} is missing")
    ]
    assert (quality.timing is None) == (name == "sync.csv")


@pytest.mark.parametrize("name", ["capture.mp4", "sync.csv", "actions.bin"])
def test_an_empty_file_fails(tmp_path: Path, name: str) -> None:
    path = good(tmp_path, with_session_json=False)
    (path / name).write_bytes(b"")
    assert codes(path)["empty-file"] == "failed"


def test_files_of_random_bytes_fail_with_the_files_name(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    (path / "capture.mp4").write_bytes(bytes(range(256)) * 20)
    (path / "sync.csv").write_text("what,is,this\n1,2,3\n")
    quality = validate_session(path)
    failed = {each.figures["file"] for each in quality.findings if each.code == "unusable-file"}
    assert failed == {"capture.mp4", "sync.csv"}
    assert all(each.remedy for each in quality.findings if each.level == "failed")


def test_a_video_that_was_cut_off_is_measured_and_its_damage_told(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False, fragmented=True)
    video = path / "capture.mp4"
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    found = codes(path)
    assert found["damaged-file"] == "warning"
    assert found["frame-count"] == "failed"


def test_inputs_that_were_cut_off_are_measured_and_their_damage_told(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    inputs = path / "actions.bin"
    inputs.write_bytes(inputs.read_bytes()[:-3])
    assert codes(path)["damaged-file"] == "warning"


def test_a_file_that_is_not_what_was_recorded_fails_by_size_or_by_hash(tmp_path: Path) -> None:
    path = good(tmp_path)
    sync = path / "sync.csv"
    sync.write_text(sync.read_text().replace("0,", "0,", 1) + "\n")
    assert codes(path)["file-size"] == "failed"
    other = good(tmp_path, "other")
    video = other / "capture.mp4"
    content = bytearray(video.read_bytes())
    content[-1] ^= 1
    video.write_bytes(content)
    assert "file-hash" not in codes(other)
    assert codes(other, verify_hashes=True)["file-hash"] == "failed"


def test_a_gap_is_found_with_its_place_and_length(tmp_path: Path) -> None:
    times = [START_NS + k * 33_333_333 + (2_000_000_000 if k >= 45 else 0) for k in range(90)]
    quality = validate_session(good(tmp_path, times_ns=times))
    (gap,) = (each for each in quality.findings if each.code == "gap")
    assert gap.figures["longest_s"] == pytest.approx(2.033, abs=0.001)
    assert gap.figures["longest_at_s"] == pytest.approx(44 / 30, abs=0.01)
    assert gap.figures["missing_frames"] == 60
    assert "after frame 44" in gap.sentence


def test_a_pause_that_the_player_made_is_no_gap(tmp_path: Path) -> None:
    times = [START_NS + k * 33_333_333 + (2_000_000_000 if k >= 45 else 0) for k in range(90)]
    path = good(tmp_path, times_ns=times)
    info = read_session_info(path / "session.json")
    pause = Mark(kind="pause", begin_ns=START_NS + 1_500_000_000, end_ns=START_NS + 3_400_000_000)
    write_session_info(path / "session.json", replace(info, marks=(pause,)))
    assert codes(path) == {}
    assert run(path, "--plot", tmp_path / "timeline.png") == 0


def test_a_recording_that_was_recovered_says_what_it_lost(tmp_path: Path) -> None:
    path = good(tmp_path)
    info = read_session_info(path / "session.json")
    write_session_info(path / "session.json", replace(info, recovery=Recovery(lost=("the last 12 frames",))))
    (finding,) = validate_session(path).findings
    assert (finding.code, finding.level) == ("recovered", "warning")
    assert "the last 12 frames" in finding.sentence


def test_dropped_late_and_repeated_frames_are_told(tmp_path: Path) -> None:
    path = good(tmp_path)
    info = read_session_info(path / "session.json")
    counts = FrameCounts(frames=90, dropped=10, late=40, repeated=2)
    write_session_info(path / "session.json", replace(info, counts=counts))
    assert codes(path) == {"dropped-frames": "warning", "late-frames": "warning"}


def test_frames_with_no_rows_are_told(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    sync = path / "sync.csv"
    lines = sync.read_text().splitlines(keepends=True)
    sync.write_text("".join(lines[:-2]))
    assert codes(path)["frame-count"] == "warning"
    sync.write_text("".join(lines[:40]))
    assert codes(path)["frame-count"] == "failed"


def test_a_clock_that_steps_back_is_told_and_too_often_fails(tmp_path: Path) -> None:
    times = [START_NS + k * 33_333_333 for k in range(90)]
    times[50] = times[40]
    assert codes(good(tmp_path, "once", times_ns=times))["clock-backwards"] == "warning"
    shuffled = [times[k ^ 1] for k in range(90)]
    assert codes(good(tmp_path, "often", times_ns=shuffled))["clock-backwards"] == "failed"


def test_frames_at_one_time_are_told(tmp_path: Path) -> None:
    times = [START_NS + k * 33_333_333 for k in range(90)]
    times[50] = times[49]
    assert codes(good(tmp_path, times_ns=times))["repeated-times"] == "warning"


def test_inputs_of_another_clock_fail(tmp_path: Path) -> None:
    snapshots = [press(5_000_000_000, 0), press(5_500_000_000)]
    assert codes(good(tmp_path, snapshots=snapshots))["clocks-apart"] == "failed"


def test_times_of_the_video_that_do_not_fit_sync_csv_are_told(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    sync = path / "sync.csv"
    rows = [line.split(",") for line in sync.read_text().splitlines()]
    shifted = [rows[0], *([k, time, str(int(pts) + (40_000_000 if int(k) > 60 else 0))] for k, time, pts in rows[1:])]
    sync.write_text("".join(",".join(row) + "\n" for row in shifted))
    (finding,) = (each for each in validate_session(path).findings if each.code == "pts-mismatch")
    assert finding.figures == {"count": 29, "largest_ms": pytest.approx(40, abs=0.1), "first_frame": 61}


def test_presses_between_two_frames_are_counted_by_control(tmp_path: Path) -> None:
    short = taps(0.51, 1.01, 1.52, lasting_s=0.005)
    keys = [
        press(START_NS + 2_010_000_000, keys=[KEYS["space"]]),
        press(START_NS + 2_015_000_000),
        press(START_NS + 2_100_000_000, keys=[KEYS["space"]]),
        press(START_NS + 2_400_000_000),
    ]
    quality = validate_session(good(tmp_path, snapshots=[*short, *keys]))
    assert quality.inputs is not None
    assert dict(quality.inputs.presses) == {"south": 3, "key space": 2}
    assert dict(quality.inputs.short_taps) == {"south": 3, "key space": 1}
    (finding,) = quality.findings
    assert finding.code == "short-taps"
    assert "south 3, key space 1" in finding.sentence
    assert finding.remedy is not None
    assert "--short-taps" in finding.remedy


def test_dead_time_and_idle_time_are_told_beyond_their_thresholds(tmp_path: Path) -> None:
    path = good(tmp_path, snapshots=taps(0.8, 1.9))
    limits = QualityThresholds(max_start_dead_s=0.5, max_end_dead_s=0.5, max_idle_s=0.5)
    assert set(codes(path, limits)) == {"dead-start", "dead-end", "idle"}
    assert codes(path) == {}


def test_a_session_without_input_is_told_and_not_failed(tmp_path: Path) -> None:
    assert codes(good(tmp_path, snapshots=[])) == {"no-input": "warning"}
    assert codes(good(tmp_path, "neutral", snapshots=[press(START_NS)])) == {"no-input": "warning"}


def test_a_black_video_fails_and_a_black_stretch_is_told(tmp_path: Path) -> None:
    black = good(tmp_path, "black", frames=30, fps=10, with_session_json=False)
    write_pictures(black / "capture.mp4", [BLACK] * 30)
    assert codes(black)["black"] == "failed"
    partly = good(tmp_path, "partly", frames=100, fps=10, with_session_json=False, snapshots=taps(1, 5, 8))
    write_pictures(partly / "capture.mp4", [BLACK if 30 <= k < 90 else moving_picture(k) for k in range(100)])
    quality = validate_session(partly)
    (finding,) = (each for each in quality.findings if each.code == "black")
    assert finding.level == "warning"
    assert finding.figures["longest_start_s"] == pytest.approx(3)
    assert finding.figures["longest_s"] == pytest.approx(6)


@pytest.mark.parametrize("keyframe_interval", [10, 1000])
def test_a_picture_that_stands_still_while_inputs_change_is_frozen(tmp_path: Path, keyframe_interval: int) -> None:
    pictures = [moving_picture(min(k, 40) if k < 160 else k) for k in range(200)]
    busy = taps(*(second + 0.3 for second in range(18)))
    path = good(tmp_path, "busy", frames=200, fps=10, with_session_json=False, snapshots=busy)
    write_pictures(path / "capture.mp4", pictures, keyframe_interval=keyframe_interval)
    (finding,) = (each for each in validate_session(path).findings if each.code == "frozen")
    assert finding.level == "warning"
    assert finding.figures["longest_s"] == pytest.approx(12, abs=2)
    quiet = good(tmp_path, "quiet", frames=200, fps=10, with_session_json=False, snapshots=taps(0.5, 18))
    write_pictures(quiet / "capture.mp4", pictures, keyframe_interval=keyframe_interval)
    assert "frozen" not in codes(quiet)


def test_the_picture_is_left_alone_where_that_is_asked(tmp_path: Path) -> None:
    path = good(tmp_path, "black", frames=30, fps=10, with_session_json=False)
    write_pictures(path / "capture.mp4", [BLACK] * 30)
    assert validate_session(path, look_at_picture=False).verdict == "ok"


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_shows_figures_and_verdict_and_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(good(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "ok" in shown.splitlines()[0]
    assert "30.00 fps" in shown
    assert f"playloom convert --session-root {tmp_path}/good" in shown


def test_many_sessions_are_a_table_and_a_bad_one_costs_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good(tmp_path, "a")
    (good(tmp_path, "b", with_session_json=False) / "sync.csv").unlink()
    good(tmp_path, "c", snapshots=[])
    assert run(tmp_path) == 1
    shown = capsys.readouterr().out
    assert [line.split()[:2] for line in shown.splitlines()[1:4]] == [["a", "ok"], ["b", "failed"], ["c", "warning"]]
    assert "sync.csv is missing" in shown
    assert "3 sessions: 1 ok, 1 warning, 1 failed" in shown


def test_warnings_exit_with_0_and_with_1_where_strict(tmp_path: Path) -> None:
    path = good(tmp_path, snapshots=[])
    assert run(path) == 0
    assert run(path, "--strict") == 1


def test_json_is_a_list_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good(tmp_path, "a")
    good(tmp_path, "b", snapshots=[])
    assert run(tmp_path, "--json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["verdict"], first["session_id"], first["findings"]) == ("ok", "a", [])
    assert first["timing"]["frames"] == 90
    assert first["recorder"] == {"player": "ada", "game_id": "test-game", "dropped": 0, "late": 0, "repeated": 0}
    assert first["inputs"]["presses"] == {"south": 3}
    assert second["findings"][0]["code"] == "no-input"
    assert run(tmp_path, "--json", "--problems-only") == 0
    assert [each["session_id"] for each in json.loads(capsys.readouterr().out)] == ["b"]


def test_csv_has_one_row_a_session_and_replaces_no_file_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good(tmp_path / "in", "a")
    (good(tmp_path / "in", "b", with_session_json=False) / "capture.mp4").write_bytes(b"")
    table = tmp_path / "quality.csv"
    assert run(tmp_path / "in", "--csv", table) == 1
    first, second = csv.DictReader(table.read_text().splitlines())
    assert (first["session_id"], first["verdict"], first["fps"], first["short_taps"]) == ("a", "ok", "30", "0")
    assert (second["verdict"], second["video_frames"], second["findings"]) == ("failed", "", "empty-file")
    capsys.readouterr()
    assert run(tmp_path / "in", "--csv", table) == 1
    assert "exists already" in capsys.readouterr().err
    assert run(tmp_path / "in" / "a", "--csv", table, "--force") == 0
    assert len(table.read_text().splitlines()) == 2
    assert run(tmp_path / "in" / "a", "--csv", "-") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(str(tmp_path / "in" / "a"))


def test_thresholds_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path)
    assert run(path, "--max-start-dead-s", "0.1", "--strict") == 1
    assert "before the first input" in capsys.readouterr().out
    assert run(path, "--max-idle-s", "-3") == 1
    assert "max_idle_s is -3" in capsys.readouterr().err


def test_a_root_without_sessions_is_an_error_that_says_what_a_session_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 1
    assert "holds no session" in capsys.readouterr().err
    assert run(tmp_path / "nowhere") == 1
    assert "does not exist" in capsys.readouterr().err


def test_names_with_spaces_and_brackets_and_letters_of_all_kinds_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = good(tmp_path, "Зоя [bold] 本 $x^$ 1", player="Зоя [red]")
    assert run(path) == 0
    shown = capsys.readouterr().out
    assert "Зоя [bold] 本 $x^$ 1" in shown
    assert "by Зоя [red]" in shown
    assert run(path, "--plot", tmp_path / "timeline.png") == 0


# --- stepping --------------------------------------------------------------------------------------------------------


def test_step_mode_prints_a_line_a_frame_with_what_is_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path, frames=4, snapshots=[press(START_NS + 30_000_000, 0, keys=[KEYS["space"]])])
    assert run(path, "--mode", "step") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["frame", "0", "0:00.0", "pts", "0.0", "ms", "no", "input", "yet", "[]"]
    assert " ".join(lines[2].split()) == "frame 2 0:00.1 pts 66.7 ms age 36.7 ms [south, key space]"


def test_step_mode_prints_the_frames_that_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path)
    assert run(path, "--mode", "step", "--start", 88, "--frames", 10) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["88", "89"]
    assert run(path, "--mode", "step", "--start", 90) == 1


def test_step_mode_shows_actions_with_a_game_and_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = good(tmp_path, frames=3, snapshots=[press(START_NS, keys=[KEYS["up"], KEYS["space"]])])
    examples = Path(__file__).parents[2] / "examples"
    game, profile = examples / "games" / "atari-pong.yaml", examples / "profiles" / "atari-pong-ada.yaml"
    arguments = ("--mode", "step", "--game-definition", game, "--action-mapping", profile)
    assert run(path, *arguments) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("up, fire")
    assert run(path, *arguments[:4]) == 2


def test_step_mode_goes_with_neither_json_nor_csv(tmp_path: Path) -> None:
    assert run(good(tmp_path), "--mode", "step", "--json") == 2


# --- the timeline ----------------------------------------------------------------------------------------------------


def colours(path: Path) -> int:
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(1 << 24) or [])


def test_the_timeline_is_a_picture_with_something_on_it(tmp_path: Path) -> None:
    times = [START_NS + k * 33_333_333 + (500_000_000 if k >= 45 else 0) for k in range(90)]
    sticks = [
        press(START_NS + k * 50_000_000, k % 3, axes=(np.sin(k / 5), 0.0, 0.0, 0.0, 0.0, k / 50)) for k in range(50)
    ]
    path = good(tmp_path, times_ns=times, snapshots=sticks)
    assert run(path, "--plot", tmp_path / "timeline.png") == 0
    with Image.open(tmp_path / "timeline.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1650
        assert picture.height > 500
    assert colours(tmp_path / "timeline.png") > 200


def test_a_broken_session_has_a_timeline_of_what_can_be_read(tmp_path: Path) -> None:
    path = good(tmp_path, with_session_json=False)
    (path / "capture.mp4").write_bytes(b"")
    assert run(path, "--plot", tmp_path / "a.png") == 1
    assert colours(tmp_path / "a.png") > 50
    (path / "sync.csv").unlink()
    (path / "actions.bin").unlink()
    assert run(path, "--plot", tmp_path / "b.png") == 1
    assert (tmp_path / "b.png").is_file()


def test_several_sessions_get_a_timeline_each_in_a_folder(tmp_path: Path) -> None:
    good(tmp_path / "in" / "ada", "a")
    good(tmp_path / "in" / "grace", "a")
    assert run(tmp_path / "in", "--plot", tmp_path / "timelines") == 0
    assert sorted(path.name for path in (tmp_path / "timelines").iterdir()) == ["ada-a.png", "grace-a.png"]
    assert run(tmp_path / "in", "--plot", tmp_path / "one.png") == 1
    assert run(tmp_path / "in" / "ada", "--plot", tmp_path / "single") == 0
    assert [path.name for path in (tmp_path / "single").iterdir()] == ["a.png"]


def test_sessions_without_problems_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = good(tmp_path)
    assert run(session, "--problems-only") == 0
    output = capsys.readouterr().out
    assert "no problems in 1 session" in output
    assert "capture.mp4" not in output


def test_sessions_can_be_named_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = good(tmp_path, "one"), good(tmp_path, "two")
    good(tmp_path, "three")
    assert run(one, two, one, "--json") == 0
    assert [Path(each["path"]).name for each in json.loads(capsys.readouterr().out)] == ["one", "two"]
    assert run(one, two) == 0
    assert f"--session-root {tmp_path} " in capsys.readouterr().out.replace("\n", " ")
    assert run(one, two, "--plot", tmp_path / "plots") == 0
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["one.png", "two.png"]


def test_something_else_under_a_files_name_is_no_file(tmp_path: Path) -> None:
    session = good(tmp_path)
    for name in ("session.json", "sync.csv"):
        (session / name).unlink()
        (session / name).mkdir()
    found = [each.sentence for each in validate_session(session).findings if each.code == "no-file"]
    assert sorted(found) == ["session.json is no file", "sync.csv is no file"]
    assert validate_session(session).verdict == "failed"


def test_a_video_whose_size_changes_on_the_way_is_a_warning(tmp_path: Path) -> None:
    session = good(tmp_path)
    for name, size in (("first", "96x64"), ("second", "48x32")):
        source = f"testsrc=size={size}:rate=30:duration=1.5"
        ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", tmp_path / f"{name}.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "first.ts").read_bytes() + (tmp_path / "second.ts").read_bytes())
    (session / "capture.mp4").unlink()
    ffmpeg("-i", joined, "-c", "copy", session / "capture.mp4")
    assert codes(session)["settings-change"] == "warning"


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "fatal", *map(str, arguments)], check=True)
