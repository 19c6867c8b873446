"""Stores by their address, and what a directory store refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import list_objects, read_object
from playloom.objects.open_store import open_store


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://host/x", "no kind of object store"),
        ("file://host/x", "another machine"),
        ("s3://?endpoint=http://h", "names no bucket"),
        ("s3://bucket?endpoint=h:9000", "the endpoint is no address"),
        ("s3://bucket?endpoint=http://h/path", "the endpoint is no address"),
        ("s3://bucket?secret=x", "'secret' is not known"),
        ("s3://key:pass@bucket", "credentials do not belong"),
    ],
)
def test_an_address_that_is_none_is_refused_with_what_to_write(address: str, words: str) -> None:
    with pytest.raises(ObjectStoreError, match=words) as caught:
        open_store(address)
    assert "pass" not in str(caught.value)
    assert caught.value.remedy


def test_a_server_that_is_not_there_is_told_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_ACCESS_KEY", "name")
    monkeypatch.setenv("MINIO_SECRET_KEY", "hidden")
    monkeypatch.setattr("playloom.objects.open_store.RETRIES", 0)
    with pytest.raises(ObjectStoreError, match="cannot be reached") as caught:
        open_store("s3://bucket?endpoint=http://127.0.0.1:9")
    assert "hidden" not in str(caught.value)


def test_a_path_and_a_file_address_are_the_same_store(tmp_path: Path) -> None:
    open_store(str(tmp_path / "a store")).put("x", b"1")
    assert read_object(open_store((tmp_path / "a store").as_uri()), "x") == b"1"


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(ObjectStoreError, match="something else"):
        DirectoryStore(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_an_object_is_no_folder_of_another(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a", b"1")
    store.put("b/c", b"2")
    for key in ("a/b", "b"):
        with pytest.raises(ObjectStoreError, match="folder"):
            store.put(key, b"3")
        with pytest.raises(ObjectStoreError, match="folder"):
            store.put(key, b"3", if_absent=True)
    assert [each.key for each in list_objects(store)] == ["a", "b/c"]
    assert not list((tmp_path / "partial").iterdir())


def test_a_link_out_of_the_store_is_not_listed_as_a_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    store = DirectoryStore(tmp_path / "store")
    (tmp_path / "store" / "objects" / "link").symlink_to(outside)
    assert list(list_objects(store)) == []


def test_a_directory_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ObjectStoreError, match="cannot be used"):
        DirectoryStore(tmp_path / "file" / "store")


def test_a_part_that_was_cut_off_with_the_power_is_not_there(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    upload = store.begin_upload("video")
    store.put_part("video", upload, 1, b"first")
    whole = store.put_part("video", upload, 2, b"second")
    [cut] = (tmp_path / "uploads" / upload).glob("part-00001-*")
    os.truncate(cut, 3)
    assert store.list_parts("video", upload) == [whole]
