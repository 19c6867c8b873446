"""Parts written into their places of one file: what becomes of them, whoever comes twice, late or not to the end."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectDamagedError, ObjectMissingError, ObjectSumError, UploadMissingError
from playloom.objects.object_store import Part, read_object

PART = 1000


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def content_of(store: DirectoryStore, upload_id: str) -> Path:
    return store.root / "uploads" / upload_id / "content"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_file_that_parts_were_written_into_becomes_the_object(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    last = store.put_part("video", upload, 3, b"end")
    first, second = (store.put_part("video", upload, number, bytes([number]) * PART) for number in (1, 2))
    before = content_of(store, upload).stat().st_ino
    whole = b"\1" * PART + b"\2" * PART + b"end"
    store.complete_upload("video", upload, [first, second, last], sha256=sha256(whole))
    assert (store.root / "objects" / "video").stat().st_ino == before
    assert read_object(store, "video") == whole
    assert not (store.root / "uploads" / upload).exists()


def test_a_part_that_comes_again_counts_as_it_came_last(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    for content in (b"a", b"b", b"a", b"a", b"c", b"a"):
        part = store.put_part("video", upload, 1, content * PART)
        assert store.list_parts("video", upload) == [part]
    end = store.put_part("video", upload, 2, b"end")
    store.complete_upload("video", upload, [part, end], sha256=sha256(b"a" * PART + b"end"))
    assert read_object(store, "video") == b"a" * PART + b"end"


def test_an_object_with_another_sum_does_not_appear_and_its_parts_can_be_mended(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    wrong = store.put_part("video", upload, 1, b"wrong")
    with pytest.raises(ObjectSumError):
        store.complete_upload("video", upload, [wrong], sha256=sha256(b"right"))
    with pytest.raises(ObjectMissingError):
        store.info("video")
    right = store.put_part("video", upload, 1, b"right")
    with pytest.raises(ObjectDamagedError):
        store.complete_upload("video", upload, [wrong], sha256=sha256(b"wrong"))
    store.complete_upload("video", upload, [right], sha256=sha256(b"right"))
    assert read_object(store, "video") == b"right"


@pytest.mark.parametrize("late", [1, 2, 3])
def test_who_still_writes_when_an_upload_is_completed_changes_nothing(store: DirectoryStore, late: int) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    writing = store.write_part("video", upload, late, size_bytes=PART)
    writing.write(b"x" * 10)
    parts = [store.put_part("video", upload, 1, b"a" * PART), store.put_part("video", upload, 2, b"b" * 7)]
    whole = b"a" * PART + b"b" * 7
    store.complete_upload("video", upload, parts, sha256=sha256(whole))
    writing.write(b"x" * 900)
    writing.close()
    assert read_object(store, "video") == whole
    with pytest.raises(UploadMissingError):
        store.write_part("video", upload, 3, size_bytes=PART)


def test_more_than_was_announced_is_not_written_into_the_next_place(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    two = store.put_part("video", upload, 2, b"b" * 10)
    with store.write_part("video", upload, 1, size_bytes=PART) as writing, pytest.raises(Exception, match="more bytes"):
        writing.write(b"x" * PART, b"x")
    large = store.put_part("video", upload, 1, b"L" * (PART + 1))
    store.complete_upload("video", upload, [large, two])
    assert read_object(store, "video") == b"L" * (PART + 1) + b"b" * 10


def test_parts_beyond_the_end_are_left_out(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    parts = [store.put_part("video", upload, number, bytes([number]) * PART) for number in (1, 2, 3)]
    store.complete_upload("video", upload, parts[:2], sha256=sha256(b"\1" * PART + b"\2" * PART))
    assert read_object(store, "video") == b"\1" * PART + b"\2" * PART


def test_what_a_killed_server_was_writing_is_written_again_and_what_it_was_completing_goes_on(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    upload = store.begin_upload("video", part_bytes=PART)
    one = store.put_part("video", upload, 1, b"a" * PART)
    code = (
        "import sys; from pathlib import Path; from playloom.objects.directory_store import DirectoryStore\n"
        "store = DirectoryStore(Path(sys.argv[1]))\n"
        "writing = store.write_part('video', sys.argv[2], 2, size_bytes=1000); writing.write(b'x' * 500)\n"
        "with store._parts.completing('video', sys.argv[2], store.list_parts('video', sys.argv[2])):\n"
        "    print('there', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(store.root), upload]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "there\n"
        with pytest.raises(UploadMissingError):  # it is being completed
            store.write_part("video", upload, 3, size_bytes=PART)
        server.send_signal(signal.SIGKILL)
        server.wait(10)
    assert store.list_parts("video", upload) == [one]
    two = store.put_part("video", upload, 2, b"b" * 5)
    inode = content_of(store, upload).stat().st_ino
    store.complete_upload("video", upload, [one, two], sha256=sha256(b"a" * PART + b"b" * 5))
    assert read_object(store, "video") == b"a" * PART + b"b" * 5
    assert (store.root / "objects" / "video").stat().st_ino == inode


def test_an_upload_whose_object_is_there_is_none_any_more(store: DirectoryStore) -> None:
    upload = store.begin_upload("video", part_bytes=PART)
    store.put_part("video", upload, 1, b"a" * 9)
    folder = content_of(store, upload).parent
    # Killed after the object has got its name.
    content_of(store, upload).rename(store.root / "objects" / "video")
    (folder / "upload.json").rename(folder / "sealed.json")
    with pytest.raises(UploadMissingError):
        store.list_parts("video", upload)
    with pytest.raises(UploadMissingError):
        store.write_part("video", upload, 2, size_bytes=1)
    assert [each.upload_id for each in store.open_uploads()] == [upload]
    store.abort_upload("video", upload)
    assert store.open_uploads() == []
    assert read_object(store, "video") == b"a" * 9


@pytest.mark.parametrize("seed", range(12))
def test_whatever_order_parts_come_in_the_object_is_theirs(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store = DirectoryStore(tmp_path / "store")
    count = chance.randrange(1, 12)
    upload = store.begin_upload("video", part_bytes=PART)
    newest: dict[int, Part] = {}
    contents: dict[int, bytes] = {}

    def send(number: int) -> None:
        size = PART if number < count else chance.randrange(1, PART + 1)
        contents[number] = bytes([chance.randrange(3)]) * size
        newest[number] = store.put_part("video", upload, number, contents[number])

    order = [*range(1, count + 1), *(chance.randrange(1, count + 1) for _ in range(chance.randrange(4)))]
    chance.shuffle(order)
    for number in order:
        if chance.random() < 0.2:
            with store.write_part("video", upload, number, size_bytes=PART) as cut_off:
                cut_off.write(b"?" * chance.randrange(PART))
        if chance.random() < 0.2:
            store = DirectoryStore(tmp_path / "store")  # the server was started again
        send(number)
    whole = b"".join(contents[number] for number in range(1, count + 1))
    parts = store.list_parts("video", upload)
    assert parts == [newest[number] for number in range(1, count + 1)]
    store.complete_upload("video", upload, parts, sha256=sha256(whole))
    assert read_object(store, "video") == whole


def test_parts_that_come_at_once_are_summed_up_in_their_order(store: DirectoryStore) -> None:
    contents = [random.Random(number).randbytes(100_000) for number in range(40)]
    upload = store.begin_upload("video", part_bytes=100_000)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda number: store.put_part("video", upload, number + 1, contents[number]), range(40)))
    store.complete_upload("video", upload, parts, sha256=sha256(b"".join(contents)))
    assert read_object(store, "video") == b"".join(contents)
