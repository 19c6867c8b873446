"""A run's directory as somebody looks at it, also while it is trained in: what it was told, and what it has reached."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from playloom.errors import FileError, PlayloomError
from playloom.figures import rough_duration_in_words
from playloom.runs.lineage import registered_as
from playloom.runs.pushing import local_steps

TIME = "%Y-%m-%d %H:%M"
LEFT = "speed/left_s"
HEADLINES = ("validation/score", "validation/f1", "validation/loss", "validation/", "train/loss")
"""Of a list's one figure: the first that a run has, or one that begins so."""


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"  # a program works in its directory
    DONE = "done"
    STOPPED = "stopped"  # it can be resumed
    FAILED = "failed"  # by an error, which its summary tells


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run.

    Attributes:
        name: its directory's.
        path: its directory.
        state: where it stands.
        settings: what it was told, values by key: "trainer.max_steps".
        figures: a mapping for each line of metrics.jsonl, with its "step" and "time".
        lineage: of lineage.json.
        summary: of summary.json; empty until it is over.
        steps: of its checkpoints.
        best: the step of the best one.
        registered: under which id a server knows it.
    """

    name: str
    path: Path
    state: RunState
    settings: Mapping[str, Any]
    figures: Sequence[Mapping[str, Any]]
    lineage: Mapping[str, Any]
    summary: Mapping[str, Any]
    steps: tuple[int, ...]
    best: int | None
    registered: str | None

    @property
    def step(self) -> int:
        """How far it is."""
        told = int(self.figures[-1]["step"]) if self.figures else 0
        return max(told, max(self.steps, default=0))

    @property
    def kind(self) -> str:
        """What is trained."""
        return str(self.lineage.get("kind", ""))

    @property
    def data(self) -> str:
        """What it learns from."""
        datasets = self.lineage.get("datasets") or ()
        return ", ".join(_dataset(one) for one in datasets) or str(self.settings.get("data.path", ""))

    @property
    def latest(self) -> dict[str, float]:
        """Every figure as it was found last."""
        found: dict[str, float] = {}
        for line in self.figures:
            found.update({name: value for name, value in line.items() if is_figure(name, value)})
        return found

    @property
    def headline(self) -> tuple[str, float] | None:
        """The one figure for a list."""
        latest = self.latest
        names = (
            name for start in HEADLINES for name in latest if name == start or name.startswith(start.rstrip("/") + "/")
        )
        name = next(names, None)
        return None if name is None else (name, latest[name])

    @property
    def trained_s(self) -> float:
        """How long it trained; what lies between a kill and the resumption counts too."""
        times = [_seconds(line) for line in self.figures]
        known = [one for one in times if one is not None]
        return known[-1] - known[0] if known else 0.0

    @property
    def share(self) -> float | None:
        """How much of it is over, 0 to 1; None where nothing says so."""
        if self.state is RunState.DONE:
            return 1.0
        shares = []
        if isinstance(most := self.settings.get("trainer.max_steps"), int | float) and most > 0:
            shares.append(self.step / most)
        if isinstance(minutes := self.settings.get("trainer.max_minutes"), int | float) and minutes > 0:
            shares.append(self.trained_s / 60 / minutes)
        return min(1.0, max(shares)) if shares else None

    @property
    def left_s(self) -> float | None:
        """About how long it will still take: as it said last, or at the pace so far."""
        if self.state is RunState.DONE:
            return None
        if LEFT in (latest := self.latest):
            return latest[LEFT]
        share = self.share
        if not share or share >= 1 or self.trained_s < 1:
            return None
        return self.trained_s * (1 - share) / share

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        most = self.settings.get("trainer.max_steps")
        words = [f"step {self.step:,}" + (f" of {most:,}" if isinstance(most, int) else "")]
        if self.headline is not None:
            words.append(f"{self.headline[0]} {figure_text(self.headline[1])}")
        if self.left_s is not None:
            words.append(f"{rough_duration_in_words(self.left_s)} left")
        return ", ".join(words)

    def curve(self, name: str) -> list[tuple[int, float]]:
        """A figure over the steps."""
        return [(int(line["step"]), float(line[name])) for line in self.figures if is_figure(name, line.get(name))]

    def to_document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "path": str(self.path),
            "state": self.state.value,
            "kind": self.kind,
            "data": self.data,
            "step": self.step,
            "share": self.share,
            "left_s": self.left_s,
            "trained_s": self.trained_s,
            "figures": self.latest,
            "checkpoints": list(self.steps),
            "best": self.best,
            "registered": self.registered,
        }


def read_run(directory: Path) -> Run | None:
    """The run of a directory; None: it holds none.

    Raises:
        FileError: its settings are damaged.
    """
    config = directory / "config.yaml"
    if not config.is_file():
        return None
    from omegaconf import OmegaConf

    from training.runs.checkpoint import BEST, pointed
    from training.runs.compose import read_yaml
    from training.runs.logging import read_metrics

    best = pointed(directory / "checkpoints", BEST)
    summary = _document(directory / "summary.json")
    return Run(
        name=directory.resolve().name,
        path=directory,
        state=_state(directory, summary),
        settings=dict(_flat(OmegaConf.to_container(read_yaml(config)))),
        figures=read_metrics(directory / "metrics.jsonl"),
        lineage=_document(directory / "lineage.json"),
        summary=summary,
        steps=tuple(local_steps(directory)),
        best=None if best is None else int(best.name.removeprefix("step-")),
        registered=registered_as(directory),
    )


def read_runs(root: Path) -> tuple[list[Run], list[FileError]]:
    """All runs below a directory, also those of sweeps, the newest first; and what is wrong with the others."""
    found: list[tuple[float, Run]] = []
    problems: list[FileError] = []
    for config in sorted(root.glob("*/config.yaml")) + sorted(root.glob("*/*/config.yaml")):
        try:
            run = read_run(config.parent)
        except FileError as error:
            problems.append(error)
            continue
        if run is not None:
            found.append((config.stat().st_mtime, run))
    return [run for _, run in sorted(found, key=lambda one: (one[0], one[1].name), reverse=True)], problems


def find_run(name: str, root: Path) -> Run:
    """The run that a person means: a directory, or a name below ``root``, or the beginning or end of one that is alone.

    Raises:
        PlayloomError: there is none, or several.
    """
    for path in (root / name, Path(name)):
        if path.is_dir() and (run := read_run(path)) is not None:
            return run
    runs, _ = read_runs(root)
    near = [run for run in runs if run.name.startswith(name) or run.name.endswith(name)]
    if len(near) == 1:
        return near[0]
    if near:
        raise PlayloomError(f"'{name}' may be {' or '.join(run.name for run in near[:5])}", remedy="Write more of it")
    known = ", ".join(run.name for run in runs[:5])
    raise PlayloomError(
        f"there is no run '{name}' in {root}",
        remedy=f"The newest are {known}" if known else "Name the directory of runs with --root",
    )


def is_figure(name: str, value: Any) -> bool:
    """Whether this is a figure of a line of metrics.jsonl, and a number."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return number and name not in ("step", "time")


def figure_text(value: float) -> str:
    """Four digits, however large."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


_STATES = {"finished": RunState.DONE, "failed": RunState.FAILED}


def _state(directory: Path, summary: Mapping[str, Any]) -> RunState:
    from playloom.file_lock import lock_for_this_program

    try:
        with (directory / "lock").open("rb") as lock:
            if not lock_for_this_program(lock):
                return RunState.RUNNING
    except OSError:
        pass
    return _STATES.get(str(summary.get("state")), RunState.STOPPED)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _flat(document: Any, before: str = "") -> list[tuple[str, Any]]:
    if not isinstance(document, Mapping):
        return [(before, document)]
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        found += _flat(value, f"{before}.{key}" if before else str(key))
    return found


def _dataset(one: Mapping[str, Any]) -> str:
    version = one.get("version")
    return f"{one.get('name', '')} v{version}" if version else str(one.get("name", ""))


def _seconds(line: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(line["time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
