"""The benchmarks run, and say what they promise to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS
from bench.harness import figure, main, table
from tests.support.machine_state import machine_told

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_quick_run_writes_its_rows(tmp_path: Path, name: str) -> None:
    rows_path = tmp_path / "rows.json"
    command = [sys.executable, "-m", f"bench.{name}", "--quick", "--json", str(rows_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{machine_told()}"
    rows = json.loads(rows_path.read_text())
    assert rows
    for row in rows:
        assert list(row) == ["name", "value", "unit", "peer", "limit", "goal", "holds"]
        assert row["value"] > 0
        assert row["holds"] is None


def test_every_benchmark_is_run_by_make_bench() -> None:
    modules = {path.stem: path.read_text() for path in (ROOT / "bench").glob("*.py")}
    assert set(BENCHMARKS) == {name for name, text in modules.items() if f'main("bench.{name}"' in text}


def test_a_figure_is_judged_by_its_goal() -> None:
    assert figure("speed", 0.7, "× peer", at_least=0.6).holds is True
    assert figure("speed", 0.5, "× peer", at_least=0.6).holds is False
    assert figure("memory", 400, "MiB", at_most=500).holds is True
    assert figure("memory", 600, "MiB", at_most=500).goal == "≤ 500"
    assert figure("memory", 600, "MiB").holds is None


def test_a_table_has_a_line_for_every_row() -> None:
    rows = [figure("speed", 0.7, "× peer", at_least=0.6), figure("memory", 1234.5, "MiB")]
    assert table(rows).row_count == 2


def test_a_part_that_is_measured_anew_takes_its_place_among_the_rows_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = iter([1.0, 2.0])
    parts = {
        "fast": lambda _: [figure("speed", next(speed), "1/s")],
        "small": lambda _: [figure("size", 3, "MiB"), figure("room", 4, "MiB")],
    }

    def run(*options: str) -> list[tuple[str, float]]:
        monkeypatch.setattr(sys, "argv", ["bench", "--json", str(tmp_path / "rows.json"), *options])
        main("bench.x", "About it.", parts)
        return [(row["name"], row["value"]) for row in json.loads((tmp_path / "rows.json").read_text())]

    assert run("--only", "fast") == [("speed", 1.0)]
    assert run("--only", "small") == [("speed", 1.0), ("size", 3), ("room", 4)]
    assert run("--only", "fast") == [("speed", 2.0), ("size", 3), ("room", 4)]
