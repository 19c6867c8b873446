"""The messages of an MCAP file, one after another in the order of time, in memory that a hostile file cannot enlarge.

The format's own library parses the records. What it leaves to its user is done here: chunks are unpacked up to a
limit, lengths cannot ask for more than the file has, and messages that overtook each other are put in order again.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel, Chunk, Header, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk

from playloom.errors import RecordingError

MAX_RECORD_BYTES = 64 << 20
"""Of a record, and of a chunk when it is unpacked. Writers make chunks of one to four MiB."""

MAX_CHANNELS = 10_000
REORDER_NS = 2_000_000_000
"""How far a message may be overtaken by others and still find its place."""

_MAX_WAITING = 200_000
_NAMES = {"zstd": "zstd", "lz4": "lz4"}


@dataclass(frozen=True, kw_only=True)
class ReadMessage:
    """One message.

    Attributes:
        time_ns: when it was logged.
        topic: of its channel.
        kind: the last part of its schema's name, as ``KeyboardEvent`` of ``desktop/KeyboardEvent``.
        encoding: of its content.
        data: its content.
    """

    time_ns: int
    topic: str
    kind: str
    encoding: str
    data: bytes


class McapMessages:
    """Reads one file.

    Attributes:
        path: the file.
        profile: what its header says that it holds; known with the first message.
        cut_off: what is wrong with its end, where it has been cut off; known when `messages` is exhausted.
        late: messages that came so late that they were moved behind others.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.profile = ""
        self.cut_off: str | None = None
        self.late = 0

    def messages(self, *kinds: str) -> Iterator[ReadMessage]:
        """The messages of these kinds in the order of their times.

        Raises:
            RecordingError: the file cannot be read, or is no MCAP file.
        """
        waiting: list[tuple[int, int, ReadMessage]] = []
        newest_ns = given_ns = 0
        for number, message in enumerate(self._in_file_order(frozenset(kinds))):
            if message.time_ns < given_ns:
                self.late += 1
                message = replace(message, time_ns=given_ns)
            newest_ns = max(newest_ns, message.time_ns)
            heapq.heappush(waiting, (message.time_ns, number, message))
            while waiting[0][0] < newest_ns - REORDER_NS or len(waiting) > _MAX_WAITING:
                given_ns, _, given = heapq.heappop(waiting)
                yield given
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _in_file_order(self, kinds: frozenset[str]) -> Iterator[ReadMessage]:
        schemas: dict[int, str] = {}
        channels: dict[int, Channel] = {}
        read = 0
        try:
            with self.path.open("rb") as file:
                for record in self._records(file):
                    read += 1
                    if isinstance(record, Header):
                        self.profile = record.profile[:100]
                    elif isinstance(record, Schema):
                        schemas[record.id] = record.name.replace(".", "/").rpartition("/")[2]
                    elif isinstance(record, Channel):
                        channels[record.id] = record
                    elif isinstance(record, Message):
                        channel = channels.get(record.channel_id)
                        if channel is None or (kind := schemas.get(channel.schema_id, "")) not in kinds:
                            continue
                        yield ReadMessage(
                            time_ns=min(record.log_time, (1 << 63) - 1),
                            topic=channel.topic,
                            kind=kind,
                            encoding=channel.message_encoding,
                            data=record.data,
                        )
                    if len(schemas) > MAX_CHANNELS or len(channels) > MAX_CHANNELS:
                        raise RecordingError(self.path, f"has more than {MAX_CHANNELS} channels")
        except OSError as error:
            raise RecordingError(self.path, f"cannot be read: {error.strerror or error}") from error
        except (EndOfFile, struct.error) as error:
            if not read:
                raise RecordingError(self.path, "is no MCAP file", remedy="Give the file of a recording") from error
            self.cut_off = f"{self.path}: ends in the middle; what comes before it is read"
        except (McapError, pa.ArrowException, ValueError) as error:
            raise RecordingError(self.path, f"is damaged or no MCAP file: {error}", remedy="Copy it again") from error

    def _records(self, file: IO[bytes]) -> Iterator[McapRecord]:
        """The records of the file and of its chunks."""
        source = cast(IO[bytes], _Bounded(file))
        reader = StreamReader(source, emit_chunks=True, record_size_limit=MAX_RECORD_BYTES)
        for record in reader.records:
            if isinstance(record, Chunk):
                yield from breakup_chunk(self._unpacked(record), validate_crc=True)
            else:
                yield record

    def _unpacked(self, chunk: Chunk) -> Chunk:
        if chunk.uncompressed_size > MAX_RECORD_BYTES:
            raise RecordingError(
                self.path,
                f"has a chunk of {chunk.uncompressed_size} bytes, {MAX_RECORD_BYTES} is the most",
                remedy="Write it anew with smaller chunks",
            )
        if not chunk.compression:
            return chunk
        if chunk.compression not in _NAMES:
            raise RecordingError(self.path, f"has chunks packed with {chunk.compression[:40]!r}, not zstd or lz4")
        # pyarrow gives as much as is asked for and no more, whatever the packed data claims.
        with pa.CompressedInputStream(pa.BufferReader(chunk.data), _NAMES[chunk.compression]) as stream:
            data = stream.read(chunk.uncompressed_size + 1)
        if len(data) != chunk.uncompressed_size:
            raise EndOfFile
        return replace(chunk, compression="", data=data)


class _Bounded:
    """A file that is never asked for more than a record may have: asking alone would take the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        if size > MAX_RECORD_BYTES:
            raise EndOfFile
        return self._file.read(size)
