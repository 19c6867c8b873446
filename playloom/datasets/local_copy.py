"""A dataset's copy on this machine: every file once under its SHA-256, and each version as a tree of links to them.

    ROOT/files/ab/abcdef….mp4     whole files; a name beginning with a dot is still coming
    ROOT/versions/7/              version 7 as LeRobot lays a dataset out
    ROOT/versions/7.json          its manifest, with all its shards: its presence means that the tree is whole
    ROOT/lock                     held by who changes the copy

So the next version costs its new files only, and reading one never disturbs another.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath

from playloom.errors import OutputError
from playloom.file_lock import lock_for_this_program
from playloom.manifest.errors import ManifestError
from playloom.manifest.version import DatasetVersion, FileRef, ShardRef, shard_from_json

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION_FILE = re.compile(r"([1-9][0-9]*)\.json")


@dataclass(frozen=True, kw_only=True)
class LocalVersion:
    """A version that lies here whole.

    Attributes:
        path: its tree, a LeRobot dataset.
        version: its manifest.
        shards: all of them, in order.
    """

    path: Path
    version: DatasetVersion
    shards: tuple[ShardRef, ...]

    def files(self) -> Iterator[FileRef]:
        """All files of the tree."""
        for shard in self.shards:
            yield from shard.files
        yield from self.version.meta_files

    def shards_by_segment(self) -> dict[str, tuple[ShardRef, ...]]:
        """Its shards by the SHA-256 of the segment that lists them: later versions have most of its segments."""
        ends = accumulate(ref.shards for ref in self.version.segments)
        pairs = zip(self.version.segments, ends, strict=True)
        return {ref.sha256: self.shards[end - ref.shards : end] for ref, end in pairs}


class LocalCopy:
    """The copy below ``root``; nothing is read before it is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For whoever changes the copy.

        Raises:
            OutputError: another program changes it now, or it cannot be written.
        """
        try:
            (self.root / "versions").mkdir(parents=True, exist_ok=True)
            (self.root / "files").mkdir(exist_ok=True)
            lock = (self.root / "lock").open("ab")
        except OSError as error:
            raise OutputError(
                self.root, f"cannot be written: {error.strerror}", remedy="Name another directory"
            ) from error
        with lock:
            if not lock_for_this_program(lock):
                raise OutputError(self.root, "another program is changing it", remedy="Wait until it is done")
            yield

    def numbers(self) -> list[int]:
        """The versions that are here whole, the oldest first."""
        try:
            names = [entry.name for entry in (self.root / "versions").iterdir()]
        except OSError:
            return []
        return sorted(int(match[1]) for name in names if (match := _VERSION_FILE.fullmatch(name)))

    def load(self, number: int) -> LocalVersion:
        """A version that is here.

        Raises:
            ManifestError: it is not, or what is noted of it is damaged.
        """
        path = self.root / "versions" / f"{number}.json"
        try:
            values = json.loads(path.read_bytes())
            version = DatasetVersion.from_bytes(json.dumps(values["version"]).encode(), str(path))
            shards = tuple(shard_from_json(one) for one in values["shards"])
        except FileNotFoundError as error:
            raise ManifestError(str(self.root), f"version {number} is not here", remedy="Pull it first") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ManifestError(str(path), f"cannot be read: {error}", remedy="Remove it and pull again") from error
        return LocalVersion(path=self.tree(number), version=version, shards=shards)

    def tree(self, number: int) -> Path:
        """Where version ``number`` stands or will."""
        return self.root / "versions" / str(number)

    def place(self, file: FileRef) -> Path:
        """Where a file's content lies or will."""
        assert _SHA256.fullmatch(file.sha256)
        return self.root / "files" / file.sha256[:2] / (file.sha256 + PurePosixPath(file.path).suffix)

    def missing(self, files: Iterable[FileRef]) -> list[FileRef]:
        """Those whose content is not here; each content once."""
        lacking: dict[str, FileRef] = {}
        for file in files:
            path = self.place(file)
            try:
                if path.stat().st_size == file.size_bytes:
                    continue
            except OSError:
                pass
            lacking.setdefault(file.sha256, file)
        return list(lacking.values())

    def lay_out(self, version: DatasetVersion, shards: Iterable[ShardRef]) -> LocalVersion:
        """Make a version's tree of files that are here; it appears whole or not at all.

        Raises:
            ManifestError: a file's path leads elsewhere, or its content is not here.
            OutputError: it cannot be written.
        """
        kept = tuple(shards)
        local = LocalVersion(path=self.tree(version.number), version=version, shards=kept)
        partial = self.root / "versions" / f".{version.number}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            made = {partial}
            for file in local.files():
                target = partial / checked_path(file.path)
                if target.parent not in made:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    made.add(target.parent)
                _link(self.place(file), target)
            shutil.rmtree(local.path, ignore_errors=True)
            partial.rename(local.path)
            note = self.root / "versions" / f".{version.number}.json.partial"
            note.write_text(
                json.dumps({"version": json.loads(version.to_bytes()), "shards": [asdict(one) for one in kept]})
            )
            note.replace(self.root / "versions" / f"{version.number}.json")
        except FileNotFoundError as error:
            raise ManifestError(str(error.filename), "is not here", remedy="Pull again") from error
        except OSError as error:
            raise OutputError(self.root, f"cannot be written: {error.strerror}", remedy="Make room") from error
        return local

    def forget(self, number: int) -> None:
        """Remove a version's tree; its files stay until `sweep`."""
        (self.root / "versions" / f"{number}.json").unlink(missing_ok=True)
        shutil.rmtree(self.tree(number), ignore_errors=True)

    def sweep(self) -> int:
        """Remove the files that no version here names, and what was left half done; returns their bytes."""
        named = {file.sha256 for number in self.numbers() for file in self.load(number).files()}
        freed = 0
        for path in (self.root / "files").glob("*/*"):
            if path.name.split(".")[0] not in named:
                freed += path.stat().st_size
                path.unlink()
        return freed


def checked_path(path: str) -> PurePosixPath:
    """A path below the dataset's directory.

    Raises:
        ManifestError: it would lead out of it.
    """
    parts = path.split("/")
    if not path or "\0" in path or "\\" in path or ":" in path or any(part in ("", ".", "..") for part in parts):
        raise ManifestError(path[:80], "is no path in a dataset")
    return PurePosixPath(path)


def _link(source: Path, target: Path) -> None:
    """A hard link; a copy on file systems without them."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        with contextlib.suppress(FileExistsError):
            shutil.copyfile(source, target)
