"""What the commands for datasets say, to people and, as JSON, to programs."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from playloom.datasets.differences import SessionFigures, VersionDifference, session_figures
from playloom.datasets.local_copy import LocalVersion
from playloom.datasets.opening import OpenedDataset
from playloom.datasets.pulling import PullReport
from playloom.datasets.splitting import PARTS, Split
from playloom.datasets.verifying import Fault
from playloom.errors import PlayloomError
from playloom.figures import bytes_in_words, count_in_words, duration_in_words, one_line, percent_in_words

PIPE_COLUMNS = 1000
EPISODES_SHOWN = 20


def _console() -> Console:
    console = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    return console


@contextmanager
def progress(what: str, *, shown: bool) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar on a terminal: one function that is told the whole, one that is told every piece, both in bytes."""
    if not shown or not sys.stderr.isatty():
        yield (lambda size_bytes: None), (lambda size_bytes: None)
        return
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield (
            (lambda size_bytes: bar.update(task, total=size_bytes)),
            (lambda size_bytes: bar.advance(task, size_bytes)),
        )


def parse_day(text: str) -> int:
    """The first moment of a day on this machine's clock, in nanoseconds since 1970.

    Raises:
        PlayloomError: it is no day.
    """
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp()) * 1_000_000_000
    except ValueError:
        raise PlayloomError(f"'{one_line(text)[:40]}' is no date", remedy="Write it like 2026-01-31") from None


def print_report(report: PullReport, name: str, *, named: Path | None) -> None:
    """What a pull brought."""
    console = _console()
    version = report.local.version
    if report.new_files:
        console.print(
            f"version {version.number} of {version.dataset}: {count_in_words(report.new_files, 'new file')} of "
            f"{bytes_in_words(report.new_bytes)} came, {bytes_in_words(report.kept_bytes)} were here already"
        )
    else:
        console.print(f"version {version.number} of {version.dataset} is here, nothing new was to come")
    console.print(
        f"{count_in_words(version.episodes, 'episode')}, {count_in_words(version.frames, 'frame')}, "
        f"{duration_in_words(version.frames / version.config.fps)} at {version.config.fps} a second"
    )
    for number in report.dropped:
        console.print(f"version {number} was withdrawn on the server and has been removed here")
    for terms in version.all_terms:
        console.print(f"terms: {one_line(terms)}")
    place = "" if named is None else f" --to {shlex.quote(str(named))}"
    console.print(f"next: playloom datasets open {name}{place}, or verify it: playloom datasets verify {name}{place}")


def pull_json(report: PullReport) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "path": str(report.local.path),
            "version": report.local.version.number,
            "episodes": report.local.version.episodes,
            "frames": report.local.version.frames,
            "new_files": report.new_files,
            "new_bytes": report.new_bytes,
            "kept_bytes": report.kept_bytes,
            "dropped_versions": list(report.dropped),
        },
        indent=2,
    )


def print_opened(opened: OpenedDataset) -> None:
    """Where it lies, and how to open it."""
    console = _console()
    version = opened.local.version
    whole = len(opened.episodes) == version.episodes
    console.print(f"version {version.number} of {version.dataset}: {opened.path}")
    if whole:
        console.print(f"all {count_in_words(version.episodes, 'episode')}")
    else:
        console.print(f"{len(opened.episodes):,} of {count_in_words(version.episodes, 'episode')}")
    chosen = "" if whole else f", episodes={_short_list(opened.episodes)}"
    console.print("next, in Python:")
    console.print("  from lerobot.datasets.lerobot_dataset import LeRobotDataset")
    console.print(f"  LeRobotDataset({opened.repo_id!r}, root={str(opened.path)!r}{chosen})")


def _short_list(episodes: Sequence[int]) -> str:
    """The numbers, or how to come by them where they are many."""
    if len(episodes) <= EPISODES_SHOWN:
        return str(list(episodes))
    return "list(open_dataset(…).episodes)"


def open_json(opened: OpenedDataset) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "path": str(opened.path),
            "repo_id": opened.repo_id,
            "version": opened.local.version.number,
            "episodes": list(opened.episodes),
        }
    )


def print_faults(looked_at: str, faults: Sequence[Fault], *, decoded: bool) -> None:
    """What is wrong, or that all is well."""
    console = _console()
    for fault in faults:
        console.print(f"{fault.file}: {fault.problem}")
    if faults:
        console.print(f"{looked_at} has {count_in_words(len(faults), 'fault')}")
        console.print(
            "next: remove the files that are named and pull again; what stays is the server's: tell its operator"
        )
        return
    console.print(f"{looked_at} is what it says{', every frame decoded' if decoded else ''}")
    if not decoded:
        console.print("next: --decode decodes every frame as well")


def verify_json(faults: Sequence[Fault]) -> str:
    """The same for programs."""
    return json.dumps({"whole": not faults, "faults": [asdict(fault) for fault in faults]}, indent=2)


def print_difference(name: str, first: int, second: int, found: VersionDifference) -> None:
    """What came and what went."""
    console = _console()
    for sign, sessions in (("+", found.added), ("-", found.removed)):
        for one in sessions:
            console.print(
                f"{sign} {one.session.session_id}  {one_line(one.session.player)}  "
                f"{count_in_words(one.episodes, 'episode')}, {count_in_words(one.frames, 'frame')}"
            )
    if not found.added and not found.removed:
        console.print("the same sessions")
    console.print(
        f"version {first} → {second}: {bytes_in_words(found.new_bytes)} new, {bytes_in_words(found.gone_bytes)} gone, "
        f"{bytes_in_words(found.kept_bytes)} in both"
    )
    console.print(f"next: playloom datasets pull {name} --version {second}")


def diff_json(found: VersionDifference) -> str:
    """The same for programs."""

    def told(sessions: Iterable[SessionFigures]) -> list[dict[str, Any]]:
        return [asdict(one.session) | {"episodes": one.episodes, "frames": one.frames} for one in sessions]

    return json.dumps(
        {
            "added": told(found.added),
            "removed": told(found.removed),
            "new_bytes": found.new_bytes,
            "gone_bytes": found.gone_bytes,
            "kept_bytes": found.kept_bytes,
        },
        indent=2,
    )


def print_stats(local: LocalVersion) -> None:
    """How much of whom, and the actions' distribution."""
    console = _console()
    version = local.version
    figures = list(session_figures(local.shards).values())
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in ("player", "sessions", "episodes", "frames", "duration", "share"):
        table.add_column(column, justify="left" if column == "player" else "right")
    for player in sorted({one.session.player for one in figures}):
        own = [one for one in figures if one.session.player == player]
        frames = sum(one.frames for one in own)
        table.add_row(
            one_line(player),
            f"{len(own):,}",
            f"{sum(one.episodes for one in own):,}",
            f"{frames:,}",
            duration_in_words(frames / version.config.fps),
            percent_in_words(frames, version.frames),
        )
    console.print(table)
    actions = version.stats.get("action")
    names = _action_names(local)
    if actions is not None:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for column in ("action", "mean", "std", "min", "max"):
            table.add_column(column, justify="left" if column == "action" else "right")
        for place, name in enumerate(names):
            table.add_row(name, *(f"{actions[kind][place]:.3f}" for kind in ("mean", "std", "min", "max")))
        console.print(table)
    console.print(f"next: playloom datasets split {version.dataset}")


def stats_json(local: LocalVersion) -> str:
    """The same for programs, with the statistics of all features."""
    figures = session_figures(local.shards).values()
    return json.dumps(
        {
            "version": local.version.number,
            "episodes": local.version.episodes,
            "frames": local.version.frames,
            "sessions": [asdict(one.session) | {"episodes": one.episodes, "frames": one.frames} for one in figures],
            "action_names": _action_names(local),
            "stats": local.version.stats,
        },
        indent=2,
    )


def _action_names(local: LocalVersion) -> list[str]:
    info = json.loads((local.path / "meta/info.json").read_text())
    return list(info["features"]["action"]["names"] or ["action"])


def print_split(local: LocalVersion, found: Split, output: Path | None) -> None:
    """How many episodes, frames and groups each part has."""
    console = _console()
    for part in PARTS:
        console.print(
            f"{part:<11} {count_in_words(len(found.episodes[part]), 'episode')}, "
            f"{percent_in_words(found.frames[part], local.version.frames)} of the frames: "
            f"{', '.join(one_line(group) for group in found.groups[part][:6])}"
            f"{' …' if len(found.groups[part]) > 6 else ''}"
        )
    if output is None:
        console.print("next: --output FILE keeps the split, --json prints it")
    else:
        console.print(f"next: the split stands in {output}")


def split_json(local: LocalVersion, found: Split, *, by: str, seed: int) -> str:
    """The split, with what it is a split of."""
    return json.dumps(
        {
            "dataset": local.version.dataset,
            "version": local.version.number,
            "by": by,
            "seed": seed,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            **{part: list(found.episodes[part]) for part in PARTS},
            "groups": {part: list(found.groups[part]) for part in PARTS},
        }
    )
