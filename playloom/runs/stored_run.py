"""A run in the object store: its checkpoints, and the small files that say what it is.

    runs/RUN/files/SHA256.safetensors        content, once, under its sum
    runs/RUN/checkpoints/step-000123.json    names a checkpoint's files; written last: what it names is there
    runs/RUN/notes/metrics.jsonl             config, lineage and figures, each as it was sent last

Who is killed while sending leaves contents that nothing names, and the checkpoint before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from playloom.errors import PlayloomError
from playloom.objects.object_store import ObjectStore, list_objects, read_object

FORMAT = 1
PREFIX = "runs/"

NOTES = ("config.yaml", "lineage.json", "summary.json", "metrics.jsonl", "registered.json", "checkpoints/best")
"""Files of a run that belong to no checkpoint; the last says which of those is the best."""

CHECKPOINTS = "checkpoints"
MAX_FILES, MAX_MANIFEST_BYTES = 1000, 1 << 20

_RUN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_STEP = re.compile(r"step-([0-9]{1,12})")
_STORED = re.compile(r"checkpoints/step-([0-9]{1,12})\.json")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class StoredRunError(PlayloomError):
    """A run in the store is not there, not whole, or none. Attributes: run: its name."""

    def __init__(self, run: str, problem: str, *, remedy: str | None = None) -> None:
        self.run = run
        super().__init__(f"the run '{run[:140]}' {problem}", remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a checkpoint. Attributes: name: in its directory; sha256: in hexadecimal."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint that lies whole in the store. Attributes: step: of the optimizer; size_bytes: of all its files."""

    run: str
    step: int
    files: tuple[StoredFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    def to_bytes(self) -> bytes:
        """As its object holds it."""
        files = [asdict(file) for file in self.files]
        return json.dumps({"format": FORMAT, "run": self.run, "step": self.step, "files": files}, indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes, run: str, step: int) -> StoredCheckpoint:
        """Read what `to_bytes` wrote.

        Raises:
            StoredRunError: it is of another format, of another checkpoint, or names what no file is called.
        """
        where = f"has a checkpoint of step {step} whose list of files"
        try:
            values: dict[str, Any] = json.loads(content)
            if values["format"] != FORMAT:
                raise StoredRunError(
                    run, f"{where} is of format {values['format']!r}", remedy="Update Playloom on this machine"
                )
            files = tuple(
                StoredFile(name=one["name"], size_bytes=one["size_bytes"], sha256=one["sha256"])
                for one in values["files"]
            )
            right = (values["run"], values["step"]) == (run, step) and all(map(_is_right, files))
        except (ValueError, KeyError, TypeError) as error:
            raise StoredRunError(run, f"{where} is damaged") from error
        if not right or len({file.name for file in files}) != len(files) or len(files) > MAX_FILES:
            raise StoredRunError(run, f"{where} is of another or damaged")
        return cls(run=run, step=step, files=files)


def check_run_name(name: str) -> str:
    """``name``, if a run may be called so: it becomes a directory and part of keys.

    Raises:
        StoredRunError: it may not.
    """
    if not _RUN.fullmatch(name):
        raise StoredRunError(
            name, "cannot be called so", remedy="Take letters, digits, '-', '_' and '.', 128 at most, no '.' first"
        )
    return name


def run_prefix(run: str) -> str:
    """Everything of a run begins so."""
    return f"{PREFIX}{check_run_name(run)}/"


def content_key(run: str, file: StoredFile) -> str:
    """Of a file's content."""
    suffix = file.name[file.name.rindex(".") :] if "." in file.name else ""
    return f"{run_prefix(run)}files/{file.sha256}{suffix}"


def checkpoint_key(run: str, step: int) -> str:
    """Of what names a checkpoint's files."""
    return f"{run_prefix(run)}{CHECKPOINTS}/{step_name(step)}.json"


def note_key(run: str, name: str) -> str:
    """Of one of `NOTES`."""
    assert name in NOTES, name
    return f"{run_prefix(run)}notes/{name.rpartition('/')[2]}"


def step_name(step: int) -> str:
    """What a checkpoint is called: step-000123."""
    return f"step-{step:06d}"


def step_of(name: str) -> int | None:
    """The step in a checkpoint's name; None: it is none."""
    match = _STEP.fullmatch(name)
    return None if match is None else int(match[1])


def stored_runs(store: ObjectStore) -> list[str]:
    """The names of all runs in a store, in order."""
    names: list[str] = []
    after: str | None = None
    while True:
        page = store.list_page(PREFIX, after=after, limit=1)
        if not page.objects:
            return names
        name = page.objects[0].key.removeprefix(PREFIX).partition("/")[0]
        if _RUN.fullmatch(name):
            names.append(name)
        after = f"{PREFIX}{name}/~~~~"  # behind everything of it: its keys go on with a letter


def stored_steps(store: ObjectStore, run: str) -> list[int]:
    """The steps of a run's checkpoints in the store, in order."""
    return sorted(_steps(store, run))


def _steps(store: ObjectStore, run: str) -> Iterator[int]:
    prefix = run_prefix(run)
    for info in list_objects(store, f"{prefix}{CHECKPOINTS}/"):
        match = _STORED.fullmatch(info.key.removeprefix(prefix))
        if match is not None:
            yield int(match[1])


def read_checkpoint(store: ObjectStore, run: str, step: int) -> StoredCheckpoint:
    """What a checkpoint in the store consists of.

    Raises:
        ObjectMissingError: there is none of this step.
        StoredRunError: it is damaged.
    """
    content = read_object(store, checkpoint_key(run, step), end=MAX_MANIFEST_BYTES)
    return StoredCheckpoint.from_bytes(content, run, step)


def _is_right(file: StoredFile) -> bool:
    sized = isinstance(file.size_bytes, int) and file.size_bytes >= 0
    return sized and bool(_FILE.fullmatch(file.name) and _SHA256.fullmatch(file.sha256))
