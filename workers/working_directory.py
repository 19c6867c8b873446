"""The hidden directory beside the output in which a dataset is built, until it is whole and takes its place.

    .NAME.partial/lock           held while a conversion runs, released by the system however it ends
    .NAME.partial/options.json   what was asked for; --resume goes on only with the same
    .NAME.partial/sessions/N/    what session N gives
    .NAME.partial/shards/N.json  shard N is finished
    .NAME.partial/dataset/       the dataset so far
    .NAME.partial/logs/          what the processes said

Everything in it is either whole or known not to be: files come into being under another name. So a conversion may be
killed at any moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playloom.errors import OutputError
from workers.lerobot_files import INFO_PATH

_LOCK, _OPTIONS, _SHAPE = "lock", "options.json", "shape.json"


class WorkingDirectory:
    """The working directory of one output; only its holder uses it."""

    def __init__(self, output: Path, path: Path) -> None:
        self.output = output
        self.path = path

    @property
    def dataset(self) -> Path:
        return self.path / "dataset"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def session(self, number: int) -> Path:
        return self.path / "sessions" / f"{number:06d}"

    def shard(self, number: int) -> Path:
        return self.path / "shards" / f"{number:06d}.json"

    def keep_shape(self, shape: Mapping[str, object]) -> None:
        """Note what the sessions say of the dataset's shape, which must not change while it is built.

        Raises:
            OutputError: the interrupted conversion found another.
        """
        path = self.path / _SHAPE
        if path.exists():
            _compare(json.loads(path.read_text()), json.loads(json.dumps(shape)), self.output)
            return
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(shape))
        partial.replace(path)

    def publish(self, *, overwrite: bool) -> None:
        """Give the dataset its place and remove the rest."""
        replaced = self.output.with_name(f".{self.output.name}.replaced")
        try:
            if overwrite and self.output.exists():
                shutil.rmtree(replaced, ignore_errors=True)
                self.output.rename(replaced)
            self.dataset.rename(self.output)
        except OSError as error:
            raise OutputError(
                self.output,
                f"the finished dataset cannot take its place: {error.strerror}",
                remedy=f"It stands in {self.dataset}; move it yourself, or clear the place and add --resume",
            ) from error
        shutil.rmtree(replaced, ignore_errors=True)
        self.discard()

    def discard(self) -> None:
        """Remove everything, the lock last."""
        for entry in self.path.iterdir():
            if entry.name != _LOCK:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.rmtree(self.path)


def working_path(output: Path) -> Path:
    """Where the dataset for ``output`` is built."""
    return output.with_name(f".{output.name}.partial")


def check_output(output: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` if a dataset may not be put at ``output``."""
    if not output.exists():
        return
    if not output.is_dir():
        raise OutputError(output, "is a file", remedy="Name a directory: --output-root DIR")
    if not any(output.iterdir()):
        return
    if not overwrite:
        raise OutputError(
            output, "exists already", remedy="Choose another --output-root, or add --overwrite to replace the dataset"
        )
    if not (output / INFO_PATH).is_file():
        raise OutputError(
            output, "is not a dataset, so --overwrite does not replace it", remedy="Choose another --output-root"
        )


@contextmanager
def open_working_directory(
    output: Path, asked_for: Mapping[str, object], *, resume: bool, overwrite: bool
) -> Iterator[WorkingDirectory]:
    """The working directory for ``output``, locked.

    Args:
        output: the dataset's place, absolute.
        asked_for: what decides the result, as JSON values; compared when resuming.
        resume: go on with what is there.
        overwrite: throw away what is there.

    Raises:
        OutputError: another conversion runs, an interrupted one is there, or the place cannot be written.
    """
    path = working_path(output)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(
            output, f"cannot be written: {error.strerror}", remedy="Choose another --output-root"
        ) from error
    try:
        _lock(lock, path, output)
        _prepare(path, json.loads(json.dumps(asked_for)), output, resume=resume, overwrite=overwrite)
        yield WorkingDirectory(output, path)
    finally:
        os.close(lock)


def _lock(lock: int, path: Path, output: Path) -> None:
    busy = OutputError(
        output, "another conversion is writing it", remedy="Wait for it, or choose another --output-root"
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    # Whoever held the lock before may have finished and removed the directory in between.
    with contextlib.suppress(FileNotFoundError):
        if os.fstat(lock).st_ino == (path / _LOCK).stat().st_ino:
            return
    raise busy


def _prepare(path: Path, asked_for: object, output: Path, *, resume: bool, overwrite: bool) -> None:
    options = path / _OPTIONS
    if options.exists():
        if resume:
            _compare(json.loads(options.read_text()), asked_for, output)
            for begun in (path / "sessions").glob("*.partial"):
                shutil.rmtree(begun)
            return
        if not overwrite:
            raise OutputError(
                output,
                "an earlier conversion into it was interrupted",
                remedy=f"Add --resume to go on, or --overwrite to start again (its work is in {path})",
            )
    for entry in path.iterdir():
        if entry.name != _LOCK:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    try:
        for name in ("sessions", "shards", "dataset", "logs"):
            (path / name).mkdir()
        partial = options.with_suffix(".partial")
        partial.write_text(json.dumps(asked_for, indent=1))
        partial.replace(options)
    except OSError as error:
        raise OutputError(output, f"cannot be written: {error.strerror}") from error


def _compare(before: dict[str, object], now: object, output: Path) -> None:
    assert isinstance(now, dict)
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            raise OutputError(
                output,
                f"the interrupted conversion had another {name} ({_short(before.get(name))}, "
                f"now {_short(now.get(name))})",
                remedy="Resume with the same options and sessions, or add --overwrite without --resume to start again",
            )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
