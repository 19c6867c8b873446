"""Runs as they are found, shown and compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from playloom.errors import PlayloomError
from playloom.file_lock import lock_for_this_program
from training.runs.cli import app
from training.runs.comparing import compare_runs, draw_curves
from training.runs.reading import RunState, find_run, read_run, read_runs

SETTINGS = "data:\n  path: ds\n  batch: 8\ntrainer:\n  learning_rate: {rate}\n  max_steps: 40\nrun:\n  name: {name}\n"


def write_run(
    root: Path, name: str, *, rate: float = 0.001, losses: tuple[float, ...] = (3.0, 2.0), state: str = ""
) -> Path:
    path = root / name
    (path / "checkpoints/step-000020").mkdir(parents=True)
    (path / "config.yaml").write_text(SETTINGS.format(rate=rate, name=name))
    lines = [
        {"step": 10 * place + 10, "time": f"2026-11-21T19:0{place}:00+00:00", "train/loss": loss}
        for place, loss in enumerate(losses)
    ]
    lines.append({"step": 20, "time": "2026-11-21T19:02:00+00:00", "validation/f1": 0.5, "validation/none": None})
    (path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"step": 30, "tra')
    (path / "lineage.json").write_text(json.dumps({"kind": "idm", "datasets": [{"name": "me/ds", "version": None}]}))
    if state:
        (path / "summary.json").write_text(json.dumps({"state": state}))
    return path


def test_a_run_that_was_killed_is_stopped_and_knows_how_far_it_came(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, "first"))

    assert run is not None
    assert (run.state, run.step, run.share, run.steps) == (RunState.STOPPED, 20, 0.5, (20,))
    assert run.headline == ("validation/f1", 0.5)
    assert run.curve("train/loss") == [(10, 3.0), (20, 2.0)]
    assert run.left_s == pytest.approx(120.0)


def test_a_run_is_running_while_a_program_holds_its_lock_and_done_by_its_summary(tmp_path: Path) -> None:
    path = write_run(tmp_path, "first", state="finished")
    with (path / "lock").open("ab") as lock:
        assert lock_for_this_program(lock)
        running = read_run(path)
    done = read_run(path)

    assert running is not None
    assert done is not None
    assert (running.state, done.state, done.share) == (RunState.RUNNING, RunState.DONE, 1.0)


def test_a_run_is_found_by_the_end_of_its_name_and_an_unclear_one_is_asked_for(tmp_path: Path) -> None:
    write_run(tmp_path, "2026-11-21-190312-courier")
    write_run(tmp_path, "2026-11-21-190500-pong")

    assert find_run("pong", tmp_path).name == "2026-11-21-190500-pong"
    with pytest.raises(PlayloomError, match="may be"):
        find_run("2026", tmp_path)
    with pytest.raises(PlayloomError, match="there is no run 'doom'"):
        find_run("doom", tmp_path)


def test_damaged_settings_of_one_run_hide_no_other(tmp_path: Path) -> None:
    write_run(tmp_path, "good")
    (write_run(tmp_path, "bad") / "config.yaml").write_text("a: [")

    runs, problems = read_runs(tmp_path)

    assert [run.name for run in runs] == ["good"]
    assert [problem.file.parent.name for problem in problems] == ["bad"]


def test_runs_differ_by_what_they_were_told_and_not_by_where_they_lie(tmp_path: Path) -> None:
    write_run(tmp_path, "slow", rate=0.001)
    write_run(tmp_path, "fast", rate=0.01, losses=(3.0, 1.0))

    found = compare_runs([find_run("slow", tmp_path), find_run("fast", tmp_path)])

    assert found.settings == {"trainer.learning_rate": [0.001, 0.01]}
    assert found.figures == {"validation/f1": [0.5, 0.5], "train/loss": [2.0, 1.0]}


def test_curves_are_drawn_as_a_picture(tmp_path: Path) -> None:
    write_run(tmp_path, "first")

    drawn = draw_curves([find_run("first", tmp_path)], tmp_path / "pictures/runs.png")

    assert drawn == ["train/loss"]
    with Image.open(tmp_path / "pictures/runs.png") as picture:
        assert picture.size[0] > 300


def test_the_commands_print_tables_and_json_and_say_what_to_do_next(tmp_path: Path) -> None:
    write_run(tmp_path, "slow", state="finished")
    write_run(tmp_path, "fast", rate=0.01)
    root = ["--root", str(tmp_path)]

    listed = CliRunner().invoke(app, ["list", *root])
    as_json = CliRunner().invoke(app, ["list", *root, "--json"])
    shown = CliRunner().invoke(app, ["show", "fast", *root])
    compared = CliRunner().invoke(app, ["compare", "slow", "fast", *root, "-o", str(tmp_path / "runs.png"), "--json"])

    assert "Next: playloom runs compare" in listed.output
    assert {one["name"]: one["state"] for one in json.loads(as_json.stdout)} == {"slow": "done", "fast": "stopped"}
    assert "Next: playloom train idm --resume" in shown.output
    document = json.loads(compared.stdout)
    assert document["settings"] == {"trainer.learning_rate": {"slow": 0.001, "fast": 0.01}}
    assert document["drawn"] == ["train/loss"]
