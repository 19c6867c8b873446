"""The import of a dataset at the terminal."""

from __future__ import annotations

import json

from rich.console import Console

from workers.importing.batch import ImportProgress
from workers.importing.lerobot import LerobotOptions, import_lerobot
from workers.importing.run import INTERRUPTED, progress_bar


def run_lerobot(options: LerobotOptions, *, as_json: bool) -> int:
    """Import a dataset, print the report, and return the exit status: 1 where an episode is missing."""
    output = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    try:
        with progress_bar() as on_progress:
            report = import_lerobot(
                options, lambda done, total: on_progress(ImportProgress(done=done, total=total, frames=done))
            )
    except KeyboardInterrupt:
        errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True, markup=False)
        errors.print("Stopped. No dataset was written; the episodes that are done are kept.")
        errors.print("next: run the same command again to go on")
        return INTERRUPTED
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        for line in report.lines():
            output.print(line)
    return 1 if report.skipped else 0
