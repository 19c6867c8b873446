"""A run comes from the object store to this machine: to be looked at, gone on with, or learned from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from playloom.errors import OutputError
from playloom.objects.errors import ObjectMissingError
from playloom.objects.object_store import ObjectStore, fetch_file, read_object
from playloom.runs.pushing import local_steps
from playloom.runs.stored_run import (
    CHECKPOINTS,
    NOTES,
    StoredRunError,
    content_key,
    note_key,
    read_checkpoint,
    run_prefix,
    step_name,
    step_of,
    stored_steps,
)

METRICS, BEST = "metrics.jsonl", f"{CHECKPOINTS}/best"


def pull_run(
    store: ObjectStore,
    run: str,
    directory: Path,
    *,
    steps: set[int] | None = None,
    came: Callable[[int], None] = lambda size_bytes: None,
) -> list[int]:
    """Bring a run's notes and checkpoints here. A checkpoint appears whole or not at all; those that are here stay.

    Args:
        store: where it lies.
        run: its name there.
        directory: of the run here.
        steps: of the checkpoints that are wanted; None: the newest and the best.
        came: told of every file's bytes.

    Returns:
        The steps of the checkpoints that came.

    Raises:
        StoredRunError: there is no such run, or no checkpoint of such a step.
        ObjectStoreError: the store is away, or what it gives is damaged.
        OutputError: the directory cannot be written.
    """
    there = stored_steps(store, run)
    if not there and not _has_notes(store, run):
        raise StoredRunError(run, f"is not in {store.url}", remedy="See what there is: playloom runs list --store URL")
    wanted = {*there[-1:], *({_best(store, run)} & set(there))} if steps is None else steps
    lacking = sorted(wanted - set(there))
    if lacking:
        named = ", ".join(map(str, there)) or "none"
        raise StoredRunError(run, f"has no checkpoint of step {lacking[0]}", remedy=f"There are {named}")
    try:
        (directory / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        here = set(local_steps(directory))
        coming = sorted(wanted - here)
        for step in coming:
            _pull_checkpoint(store, run, step, directory / CHECKPOINTS, came)
        if coming and coming[-1] > max(here, default=-1):
            (directory / CHECKPOINTS / "latest").write_text(f"{step_name(coming[-1])}\n")
        for name in NOTES:
            _pull_note(store, run, name, directory)
    except OSError as error:
        raise OutputError(directory, f"cannot be written: {error.strerror}", remedy="Make room") from error
    return coming


def _pull_note(store: ObjectStore, run: str, name: str, directory: Path) -> None:
    """A note that is here stays, but for figures, of which the longer ones are taken."""
    key, path = note_key(run, name), directory / name
    with suppress(ObjectMissingError):
        size_bytes = store.info(key).size_bytes
        if not path.exists() or (name == METRICS and path.stat().st_size < size_bytes):
            fetch_file(store, key, path)


def _has_notes(store: ObjectStore, run: str) -> bool:
    return bool(store.list_page(f"{run_prefix(run)}notes/", limit=1).objects)


def _best(store: ObjectStore, run: str) -> int | None:
    try:
        name = read_object(store, note_key(run, BEST), end=100)
    except ObjectMissingError:
        return None
    return step_of(name.decode(errors="replace").strip())


def _pull_checkpoint(store: ObjectStore, run: str, step: int, folder: Path, came: Callable[[int], None]) -> None:
    stored = read_checkpoint(store, run, step)
    partial = folder / f".{step_name(step)}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in stored.files:
        fetch_file(store, content_key(run, file), partial / file.name, sha256=file.sha256)
        came(file.size_bytes)
    partial.rename(folder / step_name(step))
