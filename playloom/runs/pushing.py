"""A run's directory goes to the object store, checkpoint by checkpoint; what is there already is not sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playloom.objects.errors import ObjectExistsError, ObjectMissingError
from playloom.objects.object_store import ObjectStore, list_objects, put_file
from playloom.runs.stored_run import (
    CHECKPOINTS,
    NOTES,
    StoredCheckpoint,
    StoredFile,
    StoredRunError,
    checkpoint_key,
    content_key,
    note_key,
    read_checkpoint,
    run_prefix,
    step_of,
    stored_steps,
)

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class PushReport:
    """What was sent. Attributes: steps: of checkpoints that are new in the store; sent_bytes: of their contents."""

    steps: tuple[int, ...]
    sent_bytes: int


def local_steps(directory: Path) -> dict[int, Path]:
    """The checkpoints of a run's directory by their step, in order."""
    try:
        entries = list((directory / CHECKPOINTS).iterdir())
    except OSError:
        return {}
    found = {step: path for path in entries if path.is_dir() and (step := step_of(path.name)) is not None}
    return dict(sorted(found.items()))


def push_run(
    store: ObjectStore,
    run: str,
    directory: Path,
    *,
    sent: Callable[[int], None] = lambda size_bytes: None,
) -> PushReport:
    """Send what the store lacks of a run: its checkpoints, the oldest first, and its notes as they are now.

    Args:
        store: where to.
        run: what it is called there.
        directory: of the run.
        sent: told of every file's bytes.

    Raises:
        StoredRunError: it cannot be called so, or is no run.
        ObjectStoreError: the store is away, or refuses.
    """
    there = set(stored_steps(store, run))
    local = local_steps(directory)
    if not local and not (directory / "config.yaml").exists():
        raise StoredRunError(run, f"is not in {directory}", remedy="Name the directory of a run")
    lacking = [step for step in local if step not in there]
    sent_bytes = 0
    for step in lacking:
        sent_bytes += push_checkpoint(store, run, step, local[step], sent=sent)
    push_notes(store, run, directory)
    return PushReport(steps=tuple(lacking), sent_bytes=sent_bytes)


def push_checkpoint(
    store: ObjectStore, run: str, step: int, directory: Path, *, sent: Callable[[int], None] = lambda size_bytes: None
) -> int:
    """Send one checkpoint: its contents, then what names them. Returns the bytes that were sent."""
    files = [
        StoredFile(name=path.name, size_bytes=path.stat().st_size, sha256=_sum_of(path))
        for path in sorted(directory.iterdir())
        if path.is_file()
    ]
    sent_bytes = 0
    for file in files:
        key = content_key(run, file)
        if not _is_there(store, key, file.size_bytes):
            put_file(store, key, directory / file.name)
            sent_bytes += file.size_bytes
            sent(file.size_bytes)
    made = StoredCheckpoint(run=run, step=step, files=tuple(files))
    content = StoredCheckpoint.from_bytes(made.to_bytes(), run, step).to_bytes()  # what is not right is not written
    store.put(checkpoint_key(run, step), content)
    return sent_bytes


def push_notes(store: ObjectStore, run: str, directory: Path) -> None:
    """Send the small files that say what the run is and how far it is."""
    for name in NOTES:
        path = directory / name
        if path.is_file():
            store.put(note_key(run, name), path.read_bytes())  # a file that grows is sent as it is at one moment


def drop_checkpoints(store: ObjectStore, run: str, steps: set[int]) -> int:
    """Remove checkpoints from the store, and the contents that no other one names; returns how many went."""
    there = stored_steps(store, run)
    going = [step for step in there if step in steps]
    store.delete([checkpoint_key(run, step) for step in going])  # first: nothing names what is not there
    if not going:
        return 0
    kept = {
        content_key(run, file)
        for step in there
        if step not in steps
        for file in read_checkpoint(store, run, step).files
    }
    contents = [info.key for info in list_objects(store, f"{run_prefix(run)}files/")]
    store.delete([key for key in contents if key not in kept])
    return len(going)


def write_note(store: ObjectStore, run: str, name: str, content: bytes, *, if_absent: bool = False) -> bool:
    """Write one note; False: with ``if_absent``, there is one."""
    try:
        store.put(note_key(run, name), content, if_absent=if_absent)
    except ObjectExistsError:
        return False
    return True


def _is_there(store: ObjectStore, key: str, size_bytes: int) -> bool:
    try:
        return store.info(key).size_bytes == size_bytes
    except ObjectMissingError:
        return False


def _sum_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
