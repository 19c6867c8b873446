"""A dataset out of labels, by the converter: a program of its own, because training does not know how it is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playloom.errors import MissingExtraError, PlayloomError
from training.labelling.settings import DatasetOptions


def make_dataset(labels: Path, output: Path, options: DatasetOptions, *, replace: bool) -> Mapping[str, Any]:
    """Make a dataset of every labels file in ``labels``; returns the converter's report.

    Args:
        labels: a directory of labels files.
        output: the dataset's directory.
        options: what it is called, and how videos are encoded that cannot be copied.
        replace: put it in the place of one that stands there and was made of other labels.

    Raises:
        MissingExtraError: the converter is not installed here.
        PlayloomError: no dataset can be made of them, or none can be written.
    """
    _check_converter()
    command = [
        *(sys.executable, "-m", "playloom", "import", "labels", str(labels), "-o", str(output), "--json"),
        *("--repo-id", options.repo_id, "--task", options.task, "--max-file-mb", str(options.max_file_mb)),
        *("--crf", str(options.crf)),
        *(() if options.size is None else ("--size", options.size)),
        *(("--overwrite",) if replace else ()),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().removeprefix("error: ") or f"it ended with status {done.returncode}"
        raise PlayloomError(
            f"the dataset is not made: {said}", remedy="The labels are kept; the same command tries again"
        ) from None
    return report


def _check_converter() -> None:
    from playloom.cli import extra_is_installed

    if not extra_is_installed("workers"):
        raise MissingExtraError("Making a dataset of labels (dataset.make=false leaves it at labels)", "workers")
