"""What every object store promises, held over a directory and over a real Ceph gateway."""

from __future__ import annotations

import hashlib
import io
import json
import random
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playloom.cli import run
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import (
    ObjectDamagedError,
    ObjectExistsError,
    ObjectKeyError,
    ObjectMissingError,
    UploadMissingError,
)
from playloom.objects.object_store import (
    ObjectStore,
    Part,
    collect_abandoned,
    fetch_file,
    list_objects,
    put_file,
    read_object,
)
from playloom.objects.open_store import open_store
from tests.support.ceph_rgw import CephGateway
from tests.support.rclone import RCLONE, rclone_server

MIB = 1 << 20


@pytest.fixture(params=["directory", "ceph", "ceph with a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "store")
    running: CephGateway = request.getfixturevalue("gateway")
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{random.randrange(1 << 40)}"
    from minio import Minio

    keys = running.environment
    client = Minio(
        running.endpoint.removeprefix("http://"),
        access_key=keys["MINIO_ACCESS_KEY"],
        secret_key=keys["MINIO_SECRET_KEY"],
        secure=False,
    )
    client.make_bucket(bucket)
    path = "/some/folder" if "prefix" in request.param else ""
    return open_store(f"s3://{bucket}{path}?endpoint={running.endpoint}")


def test_what_is_put_is_read_back_whole_and_in_ranges(store: ObjectStore) -> None:
    info = store.put("a/b.bin", b"0123456789")
    assert (info.key, info.size_bytes) == ("a/b.bin", 10)
    assert abs(info.modified_unix_ns - time.time_ns()) < 60e9
    assert read_object(store, "a/b.bin") == b"0123456789"
    assert read_object(store, "a/b.bin", begin=3, end=6) == b"345"
    assert read_object(store, "a/b.bin", begin=7) == b"789"
    assert read_object(store, "a/b.bin", begin=7, end=99) == b"789"
    assert read_object(store, "a/b.bin", begin=10) == b""
    assert store.info("a/b.bin") == info


def test_an_empty_object_is_one(store: ObjectStore) -> None:
    assert store.put("empty", b"").size_bytes == 0
    assert read_object(store, "empty") == b""


def test_a_second_put_replaces_the_first_and_changes_its_etag(store: ObjectStore) -> None:
    first = store.put("a", b"one")
    second = store.put("a", b"two")
    assert first.etag != second.etag
    assert read_object(store, "a") == b"two"


def test_what_is_not_there_is_said_so(store: ObjectStore) -> None:
    store.put("folder/object", b"x")
    for key in ("nothing", "folder", "folder/object/below"):
        with pytest.raises(ObjectMissingError, match=key):
            store.stream(key)
        with pytest.raises(ObjectMissingError, match=key):
            store.info(key)
    with pytest.raises(ObjectMissingError):
        store.copy("nothing", "target")


def test_content_larger_than_a_part_arrives_whole(store: ObjectStore) -> None:
    content = random.Random(1).randbytes(37 * MIB + 11)
    store.put("large", io.BytesIO(content), size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    digest = hashlib.sha256()
    for chunk in store.stream("large"):
        digest.update(chunk)
    assert digest.digest() == hashlib.sha256(content).digest()
    assert store.open_uploads() == []


@pytest.mark.parametrize("size_bytes", [10, 17 * MIB])
def test_content_that_is_not_as_promised_is_not_written(store: ObjectStore, size_bytes: int) -> None:
    content = bytes(size_bytes)
    with pytest.raises(ObjectDamagedError, match="bytes"):
        store.put("a", io.BytesIO(content), size_bytes=size_bytes + 1)
    with pytest.raises(ObjectDamagedError, match="SHA-256"):
        store.put("a", io.BytesIO(content), sha256="0" * 64)
    assert list(list_objects(store)) == []
    assert store.open_uploads() == []


def test_a_reader_that_knows_the_sum_sees_other_content(store: ObjectStore) -> None:
    store.put("a", b"right")
    right = hashlib.sha256(b"right").hexdigest()
    assert b"".join(store.stream("a", sha256=right)) == b"right"
    store.put("a", b"wrong")
    with pytest.raises(ObjectDamagedError):
        b"".join(store.stream("a", sha256=right))


def test_of_many_that_create_one_object_one_succeeds(store: ObjectStore) -> None:
    start = threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        try:
            store.put("one", b"%d" % number, if_absent=True)
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, range(8)))
    assert created.count(True) == 1
    assert read_object(store, "one") == b"%d" % created.index(True)


def test_lists_are_in_the_order_of_the_keys_page_by_page(store: ObjectStore) -> None:
    keys = ["a-b", "a/b", "a/c", "ab", "b/x/1", "b/x/2", "b/y", "z z", "ä/ö"]
    for key in random.Random(2).sample(keys, len(keys)):
        store.put(key, key.encode())
    assert [each.key for each in list_objects(store)] == keys
    assert [each.key for each in list_objects(store, "b/")] == ["b/x/1", "b/x/2", "b/y"]
    assert [each.key for each in list_objects(store, "b/x/2")] == ["b/x/2"]
    assert [each.key for each in list_objects(store, "none/")] == []
    first = store.list_page(limit=4)
    assert [each.key for each in first.objects] == keys[:4]
    second = store.list_page(after=first.next_after, limit=4)
    assert [each.key for each in second.objects] == keys[4:8]
    third = store.list_page(after=second.next_after, limit=4)
    assert [each.key for each in third.objects] == keys[8:]
    assert third.next_after is None
    assert [each.key for each in store.list_page("b/", after="b/x/1").objects] == ["b/x/2", "b/y"]
    assert first.objects[0].size_bytes == 3


def test_more_objects_than_a_page_holds_are_listed_once_each(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put(f"many/{number:04}", b"x"), range(1007)))
    assert [each.key for each in list_objects(store, "many/")] == [f"many/{number:04}" for number in range(1007)]


def test_deleting_removes_what_is_there(store: ObjectStore) -> None:
    for key in ("a/1", "a/2", "b"):
        store.put(key, b"x")
    store.delete(["a/1", "a/2", "never/was"])
    assert [each.key for each in list_objects(store)] == ["b"]
    store.delete([])
    store.put("a", b"now a is an object")


def test_objects_are_copied_and_joined(store: ObjectStore) -> None:
    store.put("one", b"1" * (5 * MIB))
    store.put("two", b"2" * 7)
    store.put("three", b"3" * 9)
    assert store.copy("one", "copy").size_bytes == 5 * MIB
    assert store.compose(["one", "two"], "joined").size_bytes == 5 * MIB + 7
    assert read_object(store, "joined", begin=5 * MIB - 2) == b"11" + b"2" * 7
    store.compose(["two", "three", "two"], "small")
    assert read_object(store, "small") == b"2222222" + b"333333333" + b"2222222"
    with pytest.raises(ObjectMissingError):
        store.compose(["two", "nothing"], "never")


def test_parts_become_an_object(store: ObjectStore) -> None:
    upload = store.begin_upload("video")
    last = store.put_part("video", upload, 2, b"end")
    store.put_part("video", upload, 1, bytes(5 * MIB))
    first = store.put_part("video", upload, 1, b"a" * (5 * MIB))  # sent again
    assert store.list_parts("video", upload) == [first, last]
    assert [(each.key, each.upload_id) for each in store.open_uploads()] == [("video", upload)]
    with pytest.raises(ObjectMissingError):
        store.info("video")
    assert store.complete_upload("video", upload, [first, last]).size_bytes == 5 * MIB + 3
    assert read_object(store, "video", begin=5 * MIB - 1) == b"aend"
    assert store.open_uploads() == []
    with pytest.raises(UploadMissingError):
        store.list_parts("video", upload)


def test_what_a_killed_process_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    left = tmp_path / "store" / "partial" / "0123"
    left.write_bytes(b"half")
    assert store.remove_leftovers(older_than_s=60) == 0
    assert store.remove_leftovers(older_than_s=-1) == 1
    assert not left.exists()


def test_an_upload_is_not_completed_with_other_parts_than_are_there(store: ObjectStore) -> None:
    upload = store.begin_upload("video")
    one = store.put_part("video", upload, 1, b"one")
    for parts in (
        [one, Part(number=2, etag="0" * 32, size_bytes=3)],
        [Part(number=1, etag="0" * 32, size_bytes=3)],
        [one, one],
    ):
        with pytest.raises(ObjectDamagedError):
            store.complete_upload("video", upload, parts)
    with pytest.raises(UploadMissingError):
        store.complete_upload("video", upload, [])
    assert store.complete_upload("video", upload, [one]).size_bytes == 3


def test_an_upload_of_one_object_is_none_of_another(store: ObjectStore) -> None:
    upload = store.begin_upload("mine")
    for unknown in (("yours", upload), ("mine", "0" * 32), ("mine", "../../etc")):
        with pytest.raises(UploadMissingError):
            store.put_part(*unknown, 1, b"x")
        with pytest.raises(UploadMissingError):
            store.list_parts(*unknown)
    store.abort_upload("mine", upload)
    store.abort_upload("mine", upload)
    with pytest.raises(UploadMissingError):
        store.put_part("mine", upload, 1, b"x")


def test_abandoned_uploads_are_collected(store: ObjectStore) -> None:
    upload = store.begin_upload("a/video")
    store.put_part("a/video", upload, 1, b"x")
    assert collect_abandoned(store, older_than_s=3600) == []
    time.sleep(1.1)  # servers tell the time in whole seconds
    assert [each.upload_id for each in collect_abandoned(store, older_than_s=0, prefix="a/")] == [upload]
    assert store.open_uploads() == []


@pytest.mark.parametrize(
    "key",
    [
        *("", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".hidden", " a", "a."),
        *("a\\b", "a\0b", "a\nb", "a:b", "con?", "e\u0301", "a\u202eb", "\ud800"),
        *("x" * 201, "/".join(["x" * 100] * 10)),
    ],
)
def test_names_that_could_be_something_else_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ObjectKeyError):
        store.put(key, b"x")
    with pytest.raises(ObjectKeyError):
        store.stream(key)
    with pytest.raises(ObjectKeyError):
        store.begin_upload(key)
    with pytest.raises(ObjectKeyError):
        store.delete([key])


def test_files_go_in_and_out(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    put_file(store, "file", source)
    fetch_file(store, "file", target, sha256=hashlib.sha256(b"content").hexdigest())
    assert target.read_bytes() == b"content"
    with pytest.raises(ObjectDamagedError):
        fetch_file(store, "file", target, sha256="0" * 64)
    assert target.read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["source", "target"]


def test_signed_requests_permit_one_thing_for_a_while(gateway: CephGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    from minio import Minio

    client = Minio(gateway.endpoint.removeprefix("http://"), *gateway.environment.values(), secure=False)
    client.make_bucket("signed")
    store = open_store(f"s3://signed?endpoint={gateway.endpoint}")
    store.put("mine", b"content")
    store.put("other", b"secret")
    read = store.sign_get("mine", expires_s=60)
    assert urllib.request.urlopen(read.url, timeout=10).read() == b"content"
    assert _status("GET", read.url.replace("/mine?", "/other?")) == 403
    assert _status("PUT", read.url, b"x") == 403
    assert _status("GET", read.url.replace("Expires=60", "Expires=600")) == 403
    upload = store.begin_upload("video")
    write = store.sign_part("video", upload, 1, size_bytes=4, expires_s=60)
    assert _status("PUT", write.url, b"part") == 200
    assert [(each.number, each.size_bytes) for each in store.list_parts("video", upload)] == [(1, 4)]
    assert _status("PUT", write.url.replace("partNumber=1", "partNumber=2"), b"part") == 403
    short = store.sign_get("mine", expires_s=1)
    time.sleep(2.2)
    assert _status("GET", short.url) == 403
    assert "Signature" not in repr(short)


def test_an_operator_learns_what_a_store_can_do(
    store: ObjectStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["store", "check", store.url]) == 0
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["ok"] * (6 if isinstance(store, DirectoryStore) else 8) + ["This"]
    assert list(list_objects(store)) == []
    assert store.open_uploads() == []
    assert run(["store", "check", store.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["usable"] is True


def test_an_operator_learns_that_a_store_lacks_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RCLONE.exists()
    monkeypatch.setenv("MINIO_ACCESS_KEY", "key")
    monkeypatch.setenv("MINIO_SECRET_KEY", "secret-secret")
    (tmp_path / "served" / "bucket").mkdir(parents=True)
    with rclone_server(tmp_path / "served", "key", "secret-secret") as endpoint:
        run(["store", "check", f"s3://bucket?endpoint={endpoint}", "--json"])
        found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["abilities"]}
        assert found["write and read"]["verdict"] == "ok"
        assert found["create once"]["verdict"] == "missing"
        assert "dataset" in found["create once"]["consequence"]
        run(["store", "check", f"s3://bucket?endpoint={endpoint}"])
        assert "missing  create once" in capsys.readouterr().out


def _status(method: str, url: str, body: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
