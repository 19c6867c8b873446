"""The parts of one upload that are not there yet, sent by several threads at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from capture_node.upload.line import UploadLine, UploadProgress
from capture_node.upload.local_files import FilePart
from capture_node.upload.part_sender import PartFailedError, PartRefusedError, UploadStoppedError
from playloom.client.errors import ServerUnavailableError
from playloom.errors import PlayloomError
from playloom.objects.part_sum import PartSum
from protos import coordinator_pb2 as pb

TRIES = 6
"""Of one part, some 20 seconds together; then the whole upload waits longer, and goes on where it was."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0

FRESH_NS = 60 * 1_000_000_000
"""A permission that is good for less is not begun with."""

PERMISSIONS_AT_ONCE = 32
"""Asking takes a round trip, in which nobody sends; those that a slow line does not use in time are asked for again."""

KEEP_SUMS_EVERY_S = 10.0

LEAVE_S = 2.0
"""So long a stopped upload waits for its threads."""


class SentFiles(Protocol):
    """The files whose parts are sent: of a finished session, or of one that still grows. See `LocalFiles`."""

    @property
    def size_bytes(self) -> int: ...
    def parts(self, part_bytes: int) -> list[FilePart]: ...
    def read(self, part: FilePart, kind: PartSum, room: bytearray) -> memoryview: ...
    def part_sum(self, part: FilePart, kind: PartSum) -> str: ...
    def keep_sums(self) -> None: ...


class PartsSending:
    """Sends what is missing of one upload.

    Args:
        files: the session's.
        upload: the server's, open.
        line: to the server.
        progress: told how far it is.
    """

    def __init__(
        self,
        files: SentFiles,
        upload: pb.Upload,
        line: UploadLine,
        progress: Callable[[UploadProgress], None],
    ) -> None:
        self._files, self._upload, self._line, self._progress = files, upload, line, progress
        self._sum = PartSum(upload.part_sum or PartSum.MD5)
        self._turn = threading.Lock()
        self._sent_bytes = 0
        self._problem: str | None = None
        self._failed = threading.Event()
        self._errors: list[PlayloomError] = []

    def send(self) -> None:
        """Send all parts that are not there.

        Raises:
            UploadStoppedError: by the line's stop.
            UploadLostError: the store does not know the upload.
            ServerUnavailableError: parts do not arrive, however often.
            ServerError, RecordingError: the server refuses, a file cannot be read.
        """
        parts = self._files.parts(self._upload.part_bytes)
        there = self._parts_there()
        missing = [part for part in parts if not self._is_there(part, there)]
        missing_bytes = sum(part.size_bytes for part in missing)
        self._count(self._files.size_bytes - missing_bytes)
        permissions = _Permissions(self._line, self._upload.id, missing)
        following = iter(missing)
        # Not an executor's threads: Python would wait for these at its end, however long a dead line takes.
        threads = [
            threading.Thread(target=self._send_parts, args=[following, permissions], name="upload", daemon=True)
            for _ in range(min(self._line.parts_at_once, len(missing)))
        ]
        for thread in threads:
            thread.start()
        try:
            self._wait(threads)
        except BaseException:
            self._failed.set()
            raise
        if self._errors:
            raise self._errors[0]

    def _wait(self, threads: Sequence[threading.Thread]) -> None:
        kept_s = time.monotonic()
        leave_s: float | None = None
        while any(thread.is_alive() for thread in threads):
            next(thread for thread in threads if thread.is_alive()).join(0.1)
            now_s = time.monotonic()
            if now_s - kept_s > KEEP_SUMS_EVERY_S:
                self._files.keep_sums()
                kept_s = now_s
            if self._stopped():
                leave_s = leave_s or now_s + LEAVE_S
                if now_s > leave_s:  # they hang on a dead line; what they still send does no harm
                    break
        if self._line.stop.is_set():
            raise UploadStoppedError

    def _send_parts(self, following: Iterator[FilePart], permissions: _Permissions) -> None:
        room = bytearray(self._upload.part_bytes)  # memory of its own for each part costs as much as reading it
        try:
            while not self._stopped():
                with self._turn:
                    part = next(following, None)
                if part is None:
                    return
                self._send_part(part, permissions, room)
        except PlayloomError as error:
            self._errors.append(error)
            self._failed.set()

    def _send_part(self, part: FilePart, permissions: _Permissions, room: bytearray) -> None:
        content = self._files.read(part, self._sum, room)
        summed = self._sum.header(self._files.part_sum(part, self._sum))
        wait_s = FIRST_WAIT_S
        for attempt in range(1, TRIES + 1):
            if self._failed.is_set():
                return
            counted = 0

            def count(size_bytes: int) -> None:
                nonlocal counted
                counted += size_bytes
                self._count(size_bytes)

            signed = permissions.get(part, anew=attempt > 1)
            try:
                headers = {**signed.headers, **summed}
                self._line.sender.put(signed.url, content, headers=headers, stopped=self._stopped, sent=count)
                self._problem = None
                return
            except UploadStoppedError:
                self._count(-counted)
                raise
            except (PartFailedError, PartRefusedError) as error:
                expired = attempt == 1 and isinstance(error, PartRefusedError)
                if not expired:
                    self._problem = f"{error.problem}: {part.file} is sent again"
                self._count(-counted)
                if attempt == TRIES:
                    raise ServerUnavailableError(
                        self._line.connection.access.address,
                        f"{part.file} cannot be sent: {error.problem}",
                        remedy=f"{error.remedy or 'Try again later'}; it goes on where it was",
                    ) from error
            if not expired and self._line.stop.wait(wait_s * random.uniform(0.5, 1.0)):
                raise UploadStoppedError
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _stopped(self) -> bool:
        return self._failed.is_set() or self._line.stop.is_set()

    def _parts_there(self) -> dict[tuple[str, int], pb.PartThere]:
        connection = self._line.connection
        request = pb.ListPartsRequest(upload_id=self._upload.id)
        answer = connection.call(connection.uploads.ListParts, request, timeout_s=60.0)
        return {(part.file, part.number): part for part in answer.parts}

    def _is_there(self, part: FilePart, there: Mapping[tuple[str, int], pb.PartThere]) -> bool:
        found = there.get((part.file, part.number))
        if found is None or found.size_bytes != part.size_bytes:
            return False
        if self._line.stop.is_set():
            raise UploadStoppedError
        return found.etag == self._files.part_sum(part, self._sum)

    def _count(self, size_bytes: int) -> None:
        with self._turn:
            self._sent_bytes += size_bytes
            progress = UploadProgress(
                sent_bytes=self._sent_bytes, size_bytes=self._files.size_bytes, problem=self._problem
            )
        self._progress(progress)


class _Permissions:
    """Permissions to send parts, asked for some at a time: they do not last."""

    def __init__(self, line: UploadLine, upload_id: str, parts: Sequence[FilePart]) -> None:
        self._line, self._upload_id = line, upload_id
        self._parts, self._places = parts, {part: place for place, part in enumerate(parts)}
        self._turn = threading.Lock()
        self._signed: dict[FilePart, pb.SignedPart] = {}

    def get(self, part: FilePart, *, anew: bool) -> pb.SignedPart:
        """A permission that is good for a while; ``anew``: the last one was not."""
        with self._turn:
            signed = self._signed.pop(part, None)
            now_ns = time.time_ns() + self._line.ahead_ns
            if signed is not None and not anew and signed.expires_unix_ns - now_ns > FRESH_NS:
                return signed
            if anew:
                return self._ask([part])[part]
            begin = self._places[part]
            batch = self._parts[begin : begin + PERMISSIONS_AT_ONCE]
            self._signed |= self._ask(batch)
            return self._signed.pop(part)

    def _ask(self, parts: Sequence[FilePart]) -> dict[FilePart, pb.SignedPart]:
        connection = self._line.connection
        wanted = [pb.PartToSend(file=part.file, number=part.number, size_bytes=part.size_bytes) for part in parts]
        request = pb.SignPartsRequest(upload_id=self._upload_id, parts=wanted)
        answer = connection.call(connection.uploads.SignParts, request)
        by_name = {(one.file, one.number): one for one in answer.parts}
        return {part: by_name[part.file, part.number] for part in parts}
