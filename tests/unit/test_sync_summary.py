from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.errors import InvalidError
from coordinator.uploads.sync_summary import SyncSummary, SyncWatch
from playloom.recording.sync_table import read_sync

HEADER = b"frame_index,monotonic_ns,pts\n"


def summary(content: bytes, piece: int = 7) -> SyncSummary:
    watch = SyncWatch()
    for begin in range(0, len(content), piece):
        watch.see(content[begin : begin + piece])
    return watch.end()


@pytest.mark.parametrize(
    ("content", "frames", "first_ns", "last_ns"),
    [
        (HEADER + b"0,5,0\n", 1, 5, 5),
        (HEADER + b"0,5,0\n1,25,16\n2,45,33\n", 3, 5, 45),
        (HEADER + b"0,5,0\r\n1,25,16\r\n", 2, 5, 25),
        (b"\xef\xbb\xbf" + HEADER + b"0,5,0\n", 1, 5, 5),
        (b"pts,monotonic_ns,frame_index,repeated\n0,5,0,0\n9,25,1,1\n", 2, 5, 25),
        (HEADER + b"0,5,0\n1,25,16\n2,4", 2, 5, 25),  # cut off
        (HEADER + b"0,5,0\n1,25,16\n\0\0\0\0", 2, 5, 25),
        (HEADER + b"0, 5 ,0\n", 1, 5, 5),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_sync_csv_is_summed_up(
    content: bytes, frames: int, first_ns: int, last_ns: int, piece: int, tmp_path: Path
) -> None:
    assert summary(content, piece) == SyncSummary(frames=frames, first_ns=first_ns, last_ns=last_ns)
    path = tmp_path / "sync.csv"
    path.write_bytes(content)
    table, _ = read_sync(path)
    assert (len(table), int(table.monotonic_ns[0]), int(table.monotonic_ns[-1])) == (frames, first_ns, last_ns)


def test_a_long_one_is_summed_up_without_being_kept() -> None:
    watch = SyncWatch()
    watch.see(HEADER)
    for begin in range(0, 200_000, 1000):
        watch.see(b"".join(b"%d,%d,%d\n" % (k, k * 10, k) for k in range(begin, begin + 1000)))
    assert watch.end() == SyncSummary(frames=200_000, first_ns=0, last_ns=1_999_990)
    assert watch.end().duration_s == 0.00199999


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", HEADER, HEADER[:-1], HEADER + b"\n\n\n", HEADER + b"0,x,0\n", HEADER + b"0\n", b"x" * 100_000),
        *(HEADER + b"0,-5,0\n", HEADER + b"0,%d,0\n" % (1 << 63), b"frame_index,pts\n0,0\n", HEADER + b"0,5,0"),
        *(HEADER + b"0,5,0\n" + b"1" * 40_000 + b"\n", "frame_index,monotonic_ns,pts\n0,٣,0\n".encode()),
    ],
)
def test_what_is_no_sync_csv_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidError):
        summary(content)


def test_time_that_goes_backwards_is_no_negative_duration() -> None:
    assert summary(HEADER + b"0,50,0\n1,20,1\n").duration_s == 0
