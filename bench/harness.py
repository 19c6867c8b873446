"""What all benchmarks share: the command line, the table, the JSON, and honest ways to measure.

A benchmark is a module with ``if __name__ == "__main__": main("bench.NAME", __doc__, rows)``, where ``rows`` is a
function that takes `Settings` and yields `Row`s. Absolute speeds say more about a machine than about a program, so what
is compared is measured in the same run, in turns, and a row tells the ratio.
"""

from __future__ import annotations

import argparse
import gc
import json
import mmap
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

RESULTS_ROOT = Path("bench-results")
"""Where sources and results of benchmarks lie; git ignores it."""

SAMPLE_INTERVAL_S = 0.05
"""Time between two looks at a process's memory."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run.

    Attributes:
        quick: within a minute, on little data: shows that it works, and its figures only roughly.
    """

    quick: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: the figure.
        unit: of the value; "× peer" for a ratio.
        peer: what it was compared with, and what that reached in this run.
        limit: what nothing could go beyond, and what that reached in this run.
        goal: what it should be, as "≥ 0.6".
        holds: whether it is so; None without a goal, and in quick runs.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    limit: str | None = None
    goal: str | None = None
    holds: bool | None = None


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    peer: str | None = None,
    limit: str | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """A row with its goal judged."""
    goal, holds = None, None
    if at_least is not None:
        goal, holds = f"≥ {at_least:,g}", value >= at_least
    if at_most is not None:
        goal, holds = f"≤ {at_most:,g}", value <= at_most
    return Row(name=name, value=value, unit=unit, peer=peer, limit=limit, goal=goal, holds=holds)


type Rows = Callable[[Settings], Iterable[Row]]


def main(name: str, about: str | None, rows: Rows | Mapping[str, Rows]) -> None:
    """Run a benchmark as a command: print its table and, with --json, write its rows.

    Args:
        name: of its module.
        about: its docstring.
        rows: measures; or, where that takes long, what measures each part, by its name: ``--only`` runs some of them
            and puts their rows among those that the JSON file has.
    """
    parts = rows if isinstance(rows, Mapping) else {}
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=(about or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="within a minute, on little data")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file")
    if parts:
        told = "run this part, and leave the other parts' rows in the JSON file; may be given several times"
        parser.add_argument(
            "--only", action="append", choices=parts, metavar="PART", help=f"{told}: {', '.join(parts)}"
        )
    arguments = parser.parse_args()
    # A player's programs are compiled once, not at each start: their start is part of some figures.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    chosen = [rows] if callable(rows) else [rows[part] for part in arguments.only or rows]
    measured: list[Row] = []
    console = Console(emoji=False, width=None if sys.stdout.isatty() else 160)
    console.print(f"{name} on {machine()}, load {os.getloadavg()[0]:.1f}{', quick' if arguments.quick else ''}")
    for row in (row for one in chosen for row in one(Settings(quick=arguments.quick))):
        # On so little data start-up outweighs the work: no goal was meant for that.
        measured.append(replace(row, holds=None) if arguments.quick else row)
        console.print(f"  {row.name}: {_number(row.value)} {row.unit}", highlight=False)
    console.print(table(measured))
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        values = [asdict(row) for row in measured]
        if parts and arguments.only and arguments.json.exists():
            values = _put_among(json.loads(arguments.json.read_text()), values)
        arguments.json.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def _put_among(before: list[dict[str, Any]], measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows there were, those measured anew in their places, and behind them those that are new."""
    anew = {row["name"]: row for row in measured}
    return [anew.pop(row["name"], row) for row in before] + list(anew.values())


def table(rows: Iterable[Row]) -> Table:
    """The rows for a person to read."""
    shown = Table("what", "value", "unit", "goal", "holds", "peer", "limit")
    for row in rows:
        holds = "" if row.holds is None else "[green]yes[/]" if row.holds else "[red]no[/]"
        cells = (row.name, _number(row.value), row.unit, row.goal or "", holds, row.peer or "", row.limit or "")
        shown.add_row(*cells)
    return shown


def machine() -> str:
    """The machine in a few words."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}"


def touch_memory(size_bytes: int) -> None:
    """See that so much of the free memory is really there.

    A virtual machine's host gives memory when it is first written to, which takes longer than writing a file into it:
    who writes next would pay for that, and who writes after that would not.
    """
    os.sync()  # what the run before has written must not be paid for by this one
    with mmap.mmap(-1, size_bytes) as memory:
        for begin in range(0, size_bytes, mmap.PAGESIZE):
            memory[begin] = 1


def seconds_of(work: Callable[[], object]) -> float:
    """How long a call takes."""
    gc.collect()
    os.sync()  # what the run before has written must not be paid for by this one
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The best time of each call in seconds, run one after another ``rounds`` times, so that a busy moment of the
    machine meets all of them."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best.get(name, float("inf")), seconds_of(work))
    return best


@dataclass(frozen=True, kw_only=True)
class ProcessFigures:
    """What a process of its own did.

    Attributes:
        result: the JSON object that it printed last.
        peak_bytes: the most memory that it and its descendants held together, pages shared among them counted once.
    """

    result: dict[str, Any]
    peak_bytes: int


def in_fresh_process(module: str, arguments: Mapping[str, object]) -> ProcessFigures:
    """Run ``python -m module`` with a JSON object as its argument and watch its memory.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    command = [sys.executable, "-m", module, json.dumps(arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peaks: list[int] = []
        watcher = threading.Thread(target=lambda: peaks.append(max(_memory_bytes(process.pid), default=0)))
        watcher.start()
        printed, _ = process.communicate()
        watcher.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return ProcessFigures(result=json.loads(printed.splitlines()[-1]), peak_bytes=peaks[0])


def _memory_bytes(root: int) -> Iterator[int]:
    """What a process and its descendants hold, again and again until it ends."""
    try:
        process = psutil.Process(root)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            yield sum(_own_bytes(member) for member in (process, *process.children(recursive=True)))
            time.sleep(SAMPLE_INTERVAL_S)
    except psutil.NoSuchProcess:
        return


def _own_bytes(process: psutil.Process) -> int:
    """A process's memory, its part of shared pages by the number of those who share them."""
    try:
        return getattr(process.memory_full_info(), "pss", None) or process.memory_info().rss
    except psutil.Error:
        return 0


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"
