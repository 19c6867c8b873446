"""sync.csv: every row is read or named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playloom.errors import RecordingError
from playloom.recording.sync_table import SYNC_HEADER, SyncTable, encode_sync_row, read_sync

LEGAMER = b"frame_index,monotonic_ns,pts\n"


def written(path: Path, content: bytes) -> Path:
    (path / "sync.csv").write_bytes(content)
    return path / "sync.csv"


def rows(table: SyncTable) -> list[tuple[int, int, int]]:
    return list(zip(table.frame_index.tolist(), table.monotonic_ns.tolist(), table.pts_ns.tolist(), strict=True))


def test_rows_read_back_as_they_were_written(tmp_path: Path) -> None:
    lines = [SYNC_HEADER + "\n", encode_sync_row(0, 7, 0, repeated=False), encode_sync_row(1, 9, 33, repeated=True)]
    table, damage = read_sync(written(tmp_path, "".join(lines).encode()))
    assert rows(table) == [(0, 7, 0), (1, 9, 33)]
    assert table.repeated is not None
    assert table.repeated.tolist() == [False, True]
    assert damage == []


def test_the_three_columns_of_other_recorders_are_enough(tmp_path: Path) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n1,9,33\n"))
    assert (rows(table), table.repeated, damage) == ([(0, 7, 0), (1, 9, 33)], None, [])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + LEGAMER + b"0,7,0\n1,9,33\n",
        b"frame_index,monotonic_ns,pts\r\n0,7,0\r\n1,9,33\r\n",
        LEGAMER + b"\n0,7,0\n\n  \n1,9,33\n\n",
        LEGAMER + b" 0, 7 ,0\n1,+9, 33 \n",
        LEGAMER + b"0,7,0\n1,9,33",
        b'"frame_index", monotonic_ns ,pts,note\n0,7,0,"a, b"\n1,9,33,\n',
        b"pts,note,monotonic_ns,frame_index\n0,,7,0\n33,x,9,1\n",
    ],
    ids=["byte order mark", "CRLF", "blank lines", "spaces", "no last line end", "further columns", "other order"],
)
def test_the_ways_of_editors_and_systems_make_no_difference(tmp_path: Path, content: bytes) -> None:
    table, damage = read_sync(written(tmp_path, content))
    assert (rows(table), damage) == ([(0, 7, 0), (1, 9, 33)], [])


@pytest.mark.parametrize("tail", [b"2", b"2,", b"2,5000", b"2,5000,", b"2,5000,-", b"2,5000,6"])
def test_a_last_row_cut_short_costs_only_itself(tmp_path: Path, tail: bytes) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n1,9,33\n" + tail))
    assert rows(table) == [(0, 7, 0), (1, 9, 33)]
    assert [(one.place, one.problem) for one in damage] == [("line 4", "the last row is cut short; left out")]


def test_a_hole_of_zeros_at_the_end_is_left_out_and_said(tmp_path: Path) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n1,9,33\n2,4" + bytes(512)))
    assert rows(table) == [(0, 7, 0), (1, 9, 33)]
    assert [one.problem for one in damage] == [
        "512 bytes of nothing follow; left out",
        "the last row is cut short; left out",
    ]


def test_repeated_and_unsorted_times_stay_and_are_named_by_their_lines(tmp_path: Path) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n1,7,33\n\n2,5,66\n3,9,99\n4,9,132\n5,9,165\n"))
    assert table.monotonic_ns.tolist() == [7, 7, 5, 9, 9, 9]
    assert [(one.place, one.problem) for one in damage] == [
        ("line 5", "this row is earlier than the row before"),
        ("line 3", "3 rows here or later have the same time as the row before"),
    ]


def test_missing_and_doubled_rows_show_in_the_frame_index(tmp_path: Path) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n2,9,33\n3,11,66\n"))
    assert table.frame_index.tolist() == [0, 2, 3]
    assert [(one.place, one.problem) for one in damage] == [
        ("line 3", "this row does not count on from the frame_index of the row before")
    ]


def test_a_frame_without_a_time_in_the_video_is_said(tmp_path: Path) -> None:
    table, damage = read_sync(written(tmp_path, LEGAMER + b"0,7,0\n1,9,18446744073709551615\n2,11,66\n"))
    assert table.pts_ns.tolist() == [0, -1, 66]
    assert [(one.place, one.problem) for one in damage] == [("line 3", "this row has no time in the video")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x00" * 100, "line 1: has no column 'frame_index'"),
        (
            b"0,7,0\n1,9,33\n",
            "line 1: has no column 'frame_index'. The first line must be frame_index,monotonic_ns,pts",
        ),
        (b"frame_index,pts\n0,0\n", "line 1: has no column 'monotonic_ns'"),
        (LEGAMER, "has no rows"),
        (LEGAMER[:-1], "has no rows"),
        (LEGAMER + b"0,7", "has no rows"),
        (LEGAMER + b"0,7,0\n1,nine,33\n2,11,66\n", "line 3: monotonic_ns is 'nine', not a whole number"),
        (LEGAMER + b"0,7,0\n1,9.5,33\n2,11,66\n", "line 3: monotonic_ns is '9.5', not a whole number"),
        (LEGAMER + b"0,7,0\n1,,33\n2,11,66\n", "line 3: monotonic_ns is '', not a whole number"),
        (LEGAMER + b"0,7,0\n1,-9,33\n2,11,66\n", "line 3: monotonic_ns is -9, outside 0 to 9223372036854775807"),
        (
            LEGAMER + b"0,7,0\n1,9223372036854775808,33\n2,11,66\n",
            "line 3: monotonic_ns is 9223372036854775808, outside",
        ),
        (LEGAMER + b"0,7,0\n\n1\n2,11,66\n", "line 4: has only 1 of the 3 fields needed"),
        (LEGAMER + b"7\n", "line 2: has only 1 of the 3 fields needed"),
        (LEGAMER + b"0,7,0\n\x00\x00\n2,11,66\n", "line 3: has only 1 of the 3 fields needed"),
        (b"\xff\xfe" + "frame_index,monotonic_ns,pts\n0,1,2\n".encode("utf-16-le"), "has no column 'frame_index'"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(RecordingError) as caught:
        read_sync(written(tmp_path, content))
    assert said in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"sync\.csv: is missing"):
        read_sync(tmp_path / "sync.csv")


numbers = st.integers(0, (1 << 63) - 1)


@given(st.lists(st.tuples(numbers, numbers, numbers, st.booleans()), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_numbers_read_back(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[tuple[int, int, int, bool]]
) -> None:
    lines = [encode_sync_row(index, time, pts, repeated=again) for index, time, pts, again in given_rows]
    path = written(tmp_path_factory.getbasetemp(), (SYNC_HEADER + "\n" + "".join(lines)).encode())
    table, _ = read_sync(path)
    assert rows(table) == [row[:3] for row in given_rows]
    assert table.repeated is not None
    assert table.repeated.tolist() == [row[3] for row in given_rows]


@given(st.text(alphabet="0123456789,-\r\n \x00x", max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_garbage_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = written(tmp_path_factory.getbasetemp(), LEGAMER + content.encode())
    try:
        table, _ = read_sync(path)
    except RecordingError:
        return
    assert len(table) > 0
