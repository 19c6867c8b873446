"""NitroGen's labels sorted by video, on the disk: shards hold a thousand videos each in no order that can be told.

    .nitrogen-labels/VIDEO/NNNNNN.json       a chunk's metadata
    .nitrogen-labels/VIDEO/NNNNNN.KIND       its table of labels, KIND being raw or processed
    .nitrogen-labels/shards/SIGNATURE        a shard that has been sorted whole

Only videos that are at hand are looked at. An import that was stopped goes on with the shard it had not finished.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playloom.errors import RecordingError
from playloom.recording.append_file import cannot_write
from workers.importing.archive_members import Member, members_of
from workers.importing.signature import signature_of

DIRECTORY = ".nitrogen-labels"
METADATA = "json"
RAW, PROCESSED = "raw", "processed"

MAX_FAULTS = 1000

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILES = {"metadata.json": METADATA, "actions_raw.parquet": RAW, "actions_processed.parquet": PROCESSED}


@dataclass(kw_only=True)
class LabelSpool:
    """The labels of some videos.

    Attributes:
        path: the directory.
        videos: the ids of those that are at hand.
        passed_over: ids of labelled videos that are not; as many as `MAX_FAULTS`.
        faults: what cannot be used, by its place.
    """

    path: Path
    videos: Collection[str]
    passed_over: set[str] = field(default_factory=set)
    faults: dict[str, RecordingError] = field(default_factory=dict)

    def take(self, shard: Path) -> None:
        """Sort one shard, an archive or a directory, unless that has been done.

        Raises:
            OutputError: the disk is full.
        """
        done = None if shard.is_dir() else self.path / "shards" / self._name_of(shard)
        if done is not None and done.exists():
            return
        known = len(self.faults)
        try:
            for member in members_of(shard):
                try:
                    self._take(member)
                except RecordingError as error:
                    self._fault(f"{shard}: {member.place}", error)
            if done is not None and len(self.faults) == known:
                done.parent.mkdir(parents=True, exist_ok=True)
                done.touch()
        except RecordingError as error:
            self._fault(str(shard), error)

    def chunks(self, video: str) -> list[int]:
        """The numbers of a video's chunks, in order."""
        return sorted({int(path.stem) for path in (self.path / video).glob(f"*.{METADATA}")})

    def table(self, video: str, chunk: int, kinds: Collection[str]) -> Path | None:
        """The first of these kinds of tables that a chunk has."""
        return next((path for kind in kinds if (path := self._path(video, chunk, kind)).is_file()), None)

    def metadata(self, video: str, chunk: int) -> Path:
        return self._path(video, chunk, METADATA)

    def labelled(self) -> Iterator[str]:
        """The videos at hand that have labels, in order."""
        return (video for video in sorted(self.videos) if (self.path / video).is_dir())

    def discard(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _name_of(self, shard: Path) -> str:
        """What has been looked for in it belongs to its name: with further videos it is sorted again."""
        return hashlib.sha256("\0".join([signature_of([shard]), *sorted(self.videos)]).encode()).hexdigest()

    def _take(self, member: Member) -> None:
        kind = _FILES.get(member.parts[-1])
        if kind is None or len(member.parts) < 3:
            return  # a README, a checksum
        video, chunk = member.parts[0], member.parts[1]
        number = chunk.removeprefix(f"{video}_chunk_")
        if not _VIDEO_ID.fullmatch(video) or not re.fullmatch("[0-9]{1,6}", number, re.ASCII):
            raise RecordingError(member.file, "is in no directory VIDEO/VIDEO_chunk_NUMBER", place=member.place)
        if video not in self.videos:
            if len(self.passed_over) < MAX_FAULTS:
                self.passed_over.add(video)
            return
        content = member.read()
        path = self._path(video, int(number), kind)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error

    def _path(self, video: str, chunk: int, kind: str) -> Path:
        return self.path / video / f"{chunk:06d}.{kind}"

    def _fault(self, place: str, error: RecordingError) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults[place] = error


def videos_at_hand(directory: Path, suffixes: Collection[str]) -> dict[str, Path]:
    """Videos by the ids that they are called by.

    Raises:
        RecordingError: there is no such directory, or no video in it.
    """
    if not directory.is_dir():
        raise RecordingError(directory, "is no directory", remedy="Name the directory of the videos: --videos DIR")
    found = {
        path.stem: path
        for path in sorted(directory.iterdir(), reverse=True)  # of several containers the first by name
        if path.suffix.lower() in suffixes and _VIDEO_ID.fullmatch(path.stem) and path.is_file()
    }
    if not found:
        raise RecordingError(
            directory, "holds no videos", remedy="Put them there, each under its video's id: dQw4w9WgXcQ.mp4"
        )
    return found
