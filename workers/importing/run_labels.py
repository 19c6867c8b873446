"""Making a dataset of labels, at the terminal."""

from __future__ import annotations

import json

from rich.console import Console

from workers.importing.batch import ImportProgress
from workers.importing.labels import LabelsOptions, import_labels
from workers.importing.run import INTERRUPTED, progress_bar


def run_labels(options: LabelsOptions, *, as_json: bool) -> int:
    """Make the dataset, print the report, and return the exit status: 1 where a video is missing."""
    output = Console(emoji=False, highlight=False, soft_wrap=True, markup=False)
    done = 0
    try:
        with progress_bar() as on_progress:

            def count(frames: int) -> None:
                nonlocal done
                done += frames
                on_progress(ImportProgress(done=0, total=len(options.labels), frames=done))

            report = import_labels(options, count)
    except KeyboardInterrupt:
        errors = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True, markup=False)
        errors.print("Stopped. No dataset was written; the videos that are done are kept.")
        errors.print("next: run the same command again to go on")
        return INTERRUPTED
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        for line in report.lines():
            output.print(line)
    return 1 if report.skipped else 0
