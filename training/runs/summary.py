"""What a run came to, for people and for `playloom runs`: summary.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.runs.directory import SUMMARY_FILE, RunDirectory
from training.trainer.task import FigureRow, Task
from training.trainer.trainer import Outcome


def write_summary(run: RunDirectory, task: Task, outcome: Outcome, *, parameters: int) -> dict[str, Any]:
    """Write and return it."""
    found = outcome.validation
    document = {
        "run": run.path.name,
        "path": str(run.path),
        "data": task.lineage.datasets[0].path,
        "kind": task.kind,
        "state": outcome.ending.value,
        "step": outcome.step,
        "minutes": round(outcome.elapsed_s / 60, 3),
        "parameters": parameters,
        "figures": {} if found is None else dict(found.figures),
        "table": [] if found is None else [_row(row) for row in found.table],
        "best_step": outcome.best_step,
        "checkpoint": _relative(run, outcome.checkpoint),
        "skipped_steps": outcome.skipped,
        "troubles": list(task.troubles()),
        "speed": dict(outcome.speed),
        "datasets": [{"name": one.name, "content_hash": one.content_hash} for one in task.lineage.datasets],
        "terms": list(task.lineage.terms),
    }
    run.write_document(SUMMARY_FILE, document)
    return document


def write_failure(run: RunDirectory, kind: str, problem: str) -> None:
    """Say that a run ended by an error, and by which."""
    run.write_document(SUMMARY_FILE, {"run": run.path.name, "kind": kind, "state": "failed", "problem": problem})


def _row(row: FigureRow) -> dict[str, Any]:
    return {"name": row.name, "value": row.value, "baselines": dict(row.baselines)}


def _relative(run: RunDirectory, checkpoint: Path | None) -> str | None:
    return None if checkpoint is None else checkpoint.relative_to(run.path).as_posix()
