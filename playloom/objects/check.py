"""Whether an object store can do what Playloom needs of it: tried out with small objects, which are removed again."""

from __future__ import annotations

import email.utils
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import urllib3

from playloom.errors import PlayloomError
from playloom.objects.directory_store import DirectoryStore
from playloom.objects.errors import ObjectExistsError
from playloom.objects.object_store import ObjectStore, list_objects, read_object
from playloom.objects.open_store import CONNECT_S, READ_S

MAX_SKEW_S = 300.0
"""Beyond a quarter of an hour S3 servers refuse every request; trouble begins before."""


class Verdict(StrEnum):
    OK = "ok"
    MISSING = "missing"  # Playloom works without it, as `consequence` says
    FAILED = "failed"  # Playloom cannot use the store


@dataclass(frozen=True, kw_only=True)
class Ability:
    """One thing that a store can do or not.

    Attributes:
        name: what was tried.
        verdict: whether it can.
        detail: what was seen.
        consequence: what follows for the operator where it cannot; None where it can.
    """

    name: str
    verdict: Verdict
    detail: str
    consequence: str | None = None


class _UnableError(Exception):
    """The store did something else than it should."""


@dataclass(frozen=True, kw_only=True)
class _Trial:
    name: str
    needed: bool
    run: Callable[[ObjectStore, str], str]
    consequence: str


def check_store(store: ObjectStore) -> Iterator[Ability]:
    """Try a store out; the abilities come as they are found."""
    folder = f"playloom-check-{secrets.token_hex(8)}"
    try:
        for trial in _TRIALS:
            if isinstance(store, DirectoryStore) and trial.run in (_permissions, _clock):
                continue  # the coordinator serves a directory itself, with its own clock
            try:
                detail = trial.run(store, folder)
            except (PlayloomError, _UnableError, urllib3.exceptions.HTTPError) as error:
                verdict = Verdict.FAILED if trial.needed else Verdict.MISSING
                words = str(error) if isinstance(error, (PlayloomError, _UnableError)) else type(error).__name__
                yield Ability(name=trial.name, verdict=verdict, detail=words, consequence=trial.consequence)
                if trial.run is _write:  # nothing else can be tried
                    return
            else:
                yield Ability(name=trial.name, verdict=Verdict.OK, detail=detail)
    finally:
        store.delete([found.key for found in list_objects(store, f"{folder}/")])


def _write(store: ObjectStore, folder: str) -> str:
    begin_s = time.perf_counter()
    store.put(f"{folder}/a", b"0123456789")
    _see(read_object(store, f"{folder}/a") == b"0123456789", "what was written is not what is read")
    return f"written and read in {(time.perf_counter() - begin_s) * 1e3:.0f} ms"


def _ranges(store: ObjectStore, folder: str) -> str:
    _see(read_object(store, f"{folder}/a", begin=3, end=6) == b"345", "a range holds other bytes")
    return "bytes 3 to 5 of 10"


def _list(store: ObjectStore, folder: str) -> str:
    for name in ("a-b", "a/b", "b"):
        store.put(f"{folder}/list/{name}", b"x")
    keys = [found.key.removeprefix(f"{folder}/list/") for found in list_objects(store, f"{folder}/list/")]
    _see(keys == ["a-b", "a/b", "b"], f"the order is {keys}")
    page = store.list_page(f"{folder}/list/", limit=2)
    _see(len(page.objects) == 2 and page.next_after is not None, "pages are not kept to")
    return "in order, page by page"


def _create_once(store: ObjectStore, folder: str) -> str:
    store.put(f"{folder}/once", b"first", if_absent=True)
    try:
        store.put(f"{folder}/once", b"second", if_absent=True)
    except ObjectExistsError:
        _see(read_object(store, f"{folder}/once") == b"first", "the first was replaced all the same")
        return "a second create is refused"
    raise _UnableError("a second create replaces the first (If-None-Match is ignored)")


def _copy(store: ObjectStore, folder: str) -> str:
    store.copy(f"{folder}/a", f"{folder}/copy")
    _see(read_object(store, f"{folder}/copy") == b"0123456789", "the copy holds other bytes")
    return "within the store"


def _parts(store: ObjectStore, folder: str) -> str:
    key = f"{folder}/parts"
    upload = store.begin_upload(key)
    try:
        parts = [store.put_part(key, upload, 1, bytes(5 << 20)), store.put_part(key, upload, 2, b"end")]
        _see(store.list_parts(key, upload) == parts, "the parts listed are not those sent")
        _see(any(found.upload_id == upload for found in store.open_uploads(folder)), "open uploads are not listed")
        found = store.complete_upload(key, upload, parts)
    finally:
        store.abort_upload(key, upload)
    _see(found.size_bytes == (5 << 20) + 3, f"the object has {found.size_bytes} bytes")
    return "two parts, listed and joined"


def _permissions(store: ObjectStore, folder: str) -> str:
    key = f"{folder}/signed"
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=2)
    read = store.sign_get(f"{folder}/a", expires_s=60)
    answer = http.request("GET", read.url)
    _see(answer.status == 200 and answer.data == b"0123456789", f"reading by a signed URL answers {answer.status}")
    wrong = http.request("GET", read.url[:-4] + ("0000" if read.url[-4:] != "0000" else "1111"))
    _see(wrong.status in (400, 403), f"a URL with a wrong signature answers {wrong.status}")
    upload = store.begin_upload(key)
    try:
        write = store.sign_part(key, upload, 1, size_bytes=4, expires_s=60)
        sent = http.request("PUT", write.url, body=b"part", headers=dict(write.headers))
        _see(sent.status == 200, f"writing a part by a signed URL answers {sent.status}")
        _see([part.size_bytes for part in store.list_parts(key, upload)] == [4], "the part is not there")
    finally:
        store.abort_upload(key, upload)
    return "reads and writes; refused where the signature is wrong"


def _clock(store: ObjectStore, folder: str) -> str:
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=2)
    date = http.request("GET", store.sign_get(f"{folder}/a", expires_s=60).url).headers.get("Date", "")
    try:
        server = email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        raise _UnableError("the server does not tell the time") from None
    skew_s = server - time.time()
    _see(abs(skew_s) <= MAX_SKEW_S, f"the server's clock is {skew_s:+.0f} s from this machine's")
    return f"within {max(1.0, abs(skew_s)):.0f} s of this machine's"


def _see(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _UnableError(otherwise)


_TRIALS = (
    _Trial(name="write and read", needed=True, run=_write, consequence="Nothing can be kept here"),
    _Trial(name="ranges", needed=True, run=_ranges, consequence="Videos cannot be read in pieces"),
    _Trial(name="lists", needed=True, run=_list, consequence="Lost objects cannot be found and collected"),
    _Trial(
        name="create once",
        needed=False,
        run=_create_once,
        consequence="Only the database keeps two writers of one dataset from replacing each other's versions",
    ),
    _Trial(name="copy", needed=True, run=_copy, consequence="Datasets cannot share files"),
    _Trial(name="uploads in parts", needed=True, run=_parts, consequence="Sessions cannot be sent"),
    _Trial(
        name="signed URLs",
        needed=True,
        run=_permissions,
        consequence="Players' machines cannot send sessions without the store's keys",
    ),
    _Trial(name="clock", needed=False, run=_clock, consequence="Signed URLs expire early or late; set both clocks"),
)
