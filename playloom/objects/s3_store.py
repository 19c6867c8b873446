"""An object store in a bucket of MinIO, Ceph, AWS or any other S3 server.

The minio client signs and knows the protocol's corners. Uploads in parts and conditional writes are no public methods
of it; they are requests to URLs that it signs.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from playloom.objects.errors import (
    ObjectDamagedError,
    ObjectExistsError,
    ObjectMissingError,
    ObjectStoreError,
    UploadMissingError,
)
from playloom.objects.object_key import check_key, check_prefix
from playloom.objects.object_store import (
    CHUNK_BYTES,
    PAGE_LIMIT,
    ObjectInfo,
    Page,
    Part,
    PartLimits,
    PartUpload,
    SignedRequest,
    check_parts,
    verified,
)
from playloom.objects.part_sum import PartSum
from playloom.objects.s3_requests import S3Answer, S3Requests

if TYPE_CHECKING:
    from minio.datatypes import Object

PART_BYTES = 16 << 20
"""Larger content than this is written in parts of this size, or of what 10,000 parts need."""

_MISSING = frozenset({"NoSuchKey", "NotFound", "NoSuchObject"})


class S3Store:
    """Objects in a bucket; see `ObjectStore`."""

    part_limits = PartLimits(min_bytes=5 << 20, max_bytes=5 << 30, max_parts=10_000)
    part_sum = PartSum.MD5

    def __init__(self, client: Minio, bucket: str, *, url: str, http: urllib3.PoolManager, prefix: str = "") -> None:
        """Use a bucket that is there.

        Args:
            client: of the server, which has its own retries.
            bucket: its name.
            url: the address without secrets, for messages.
            http: makes the requests that the client has no method for; with retries and time limits.
            prefix: before every key, empty or with a slash at its end.
        """
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._requests = S3Requests(client, bucket, http, url)
        self._url = url

    @property
    def url(self) -> str:
        return self._url

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        *,
        size_bytes: int | None = None,
        sha256: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        name = self._name(key)
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        digest = hashlib.sha256() if sha256 is not None else None
        first = self._read_part(source, PART_BYTES, digest)
        if len(first) < PART_BYTES:
            self._check_content(key, len(first), size_bytes, digest, sha256)
            self._put_small(key, name, first, if_absent=if_absent)
        else:
            if if_absent and self._exists(key):
                raise ObjectExistsError(self._url, key)
            self._put_large(key, first, source, size_bytes, digest, sha256)
        return self.info(key)

    def _put_small(self, key: str, name: str, content: bytes, *, if_absent: bool) -> None:
        headers = {"Content-MD5": _md5(content), "Content-Type": "application/octet-stream"}
        if if_absent:
            headers["If-None-Match"] = "*"
        answer = self._requests.make("PUT", name, body=content, headers=headers)
        if if_absent and answer.status in (409, 412):
            raise ObjectExistsError(self._url, key)
        answer.expect(200)

    def _put_large(
        self,
        key: str,
        first: bytes,
        source: BinaryIO,
        size_bytes: int | None,
        digest: hashlib._Hash | None,
        sha256: str | None,
    ) -> None:
        part_bytes = max(PART_BYTES, -(-(size_bytes or 0) // self.part_limits.max_parts))
        upload_id = self.begin_upload(key)
        parts: list[Part] = []
        total = 0
        try:
            # The first part may be smaller than the others, never smaller than S3's least.
            content = first
            while content:
                total += len(content)
                parts.append(self.put_part(key, upload_id, len(parts) + 1, content))
                content = self._read_part(source, part_bytes, digest)
            self._check_content(key, total, size_bytes, digest, sha256)
            self._complete(key, upload_id, parts)
        except BaseException:
            self.abort_upload(key, upload_id)
            raise

    @staticmethod
    def _read_part(source: BinaryIO, size_bytes: int, digest: hashlib._Hash | None) -> bytes:
        pieces: list[bytes] = []
        left = size_bytes
        while left and (piece := source.read(left)):
            pieces.append(piece)
            left -= len(piece)
            if digest is not None:
                digest.update(piece)
        return b"".join(pieces)

    def _check_content(
        self, key: str, written: int, size_bytes: int | None, digest: hashlib._Hash | None, sha256: str | None
    ) -> None:
        if size_bytes is not None and written != size_bytes:
            raise ObjectDamagedError(self._url, key, f"came with {written} bytes, not {size_bytes}")
        if digest is not None and sha256 is not None and digest.hexdigest() != sha256.lower():
            raise ObjectDamagedError(self._url, key, f"came with the SHA-256 {digest.hexdigest()}")

    def stream(self, key: str, *, begin: int = 0, end: int | None = None, sha256: str | None = None) -> Iterator[bytes]:
        name = self._name(key)
        size_bytes = self.info(key).size_bytes
        end = size_bytes if end is None else min(end, size_bytes)
        if begin >= end:
            chunks: Iterator[bytes] = iter(())
        else:
            with self._errors(key):
                response = self._client.get_object(self._bucket, name, offset=begin, length=end - begin)
            chunks = self._chunks(key, response, end - begin)
        whole = begin == 0 and end == size_bytes
        return chunks if sha256 is None or not whole else verified(self._url, key, chunks, sha256)

    def _chunks(self, key: str, response: urllib3.BaseHTTPResponse, size_bytes: int) -> Iterator[bytes]:
        received = 0
        try:
            with self._errors(key):
                for chunk in response.stream(CHUNK_BYTES):
                    received += len(chunk)
                    yield chunk
            if received != size_bytes:
                raise ObjectStoreError(self._url, f"sent {received} of {size_bytes} bytes of '{key}'")
        finally:
            response.close()
            response.release_conn()

    def info(self, key: str) -> ObjectInfo:
        with self._errors(key):
            found = self._client.stat_object(self._bucket, self._name(key))
        return self._object_info(found)

    def _exists(self, key: str) -> bool:
        try:
            self.info(key)
        except ObjectMissingError:
            return False
        return True

    def list_page(self, prefix: str = "", *, after: str | None = None, limit: int = PAGE_LIMIT) -> Page:
        assert 1 <= limit <= PAGE_LIMIT, limit
        check_prefix(prefix)
        start = None if after is None else self._prefix + after
        with self._errors(prefix):
            found = self._client.list_objects(
                self._bucket,
                prefix=self._prefix + prefix,
                recursive=True,
                start_after=start,
                extra_query_params={"max-keys": str(min(limit + 1, PAGE_LIMIT))},
            )
            objects: list[ObjectInfo] = []
            for each in found:
                if len(objects) == limit:
                    return Page(objects=tuple(objects), next_after=objects[-1].key)
                objects.append(self._object_info(each))
        return Page(objects=tuple(objects), next_after=None)

    def copy(self, source: str, target: str) -> ObjectInfo:
        with self._errors(source):
            self._client.copy_object(self._bucket, self._name(target), CopySource(self._bucket, self._name(source)))
        return self.info(target)

    def compose(self, sources: Sequence[str], target: str) -> ObjectInfo:
        assert sources, "an object is made of at least one"
        if len(sources) == 1:
            return self.copy(sources[0], target)
        name = self._name(target)
        sizes = [self.info(source).size_bytes for source in sources]
        if all(size >= self.part_limits.min_bytes for size in sizes[:-1]) and sizes[-1]:
            with self._errors(target):
                parts = [ComposeSource(self._bucket, self._name(source)) for source in sources]
                self._client.compose_object(self._bucket, name, parts)
            return self.info(target)
        # S3 takes no small parts in between: these pass through here.
        joined = _JoinedStream(chunk for source in sources for chunk in self.stream(source))
        return self.put(target, joined, size_bytes=sum(sizes))

    def delete(self, keys: Iterable[str]) -> None:
        names = [DeleteObject(self._name(key)) for key in keys]
        if not names:
            return
        with self._errors(""):
            for failed in self._client.remove_objects(self._bucket, names):
                if failed.code not in _MISSING:
                    raise ObjectStoreError(self._url, f"does not remove '{failed.name}': {failed.message}")

    def begin_upload(self, key: str, *, part_bytes: int | None = None) -> str:
        answer = self._requests.make(
            "POST", self._name(key), query={"uploads": ""}, headers={"Content-Type": "application/octet-stream"}
        ).expect(200)
        return answer.text("UploadId")

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        query = {"partNumber": str(number), "uploadId": upload_id}
        headers = {"Content-MD5": _md5(content)}
        answer = self._requests.make("PUT", self._name(key), query=query, body=content, headers=headers)
        self._expect_upload(answer, key, upload_id)
        return Part(number=number, etag=answer.headers.get("ETag", "").strip('"'), size_bytes=len(content))

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        parts: list[Part] = []
        marker = "0"
        while True:
            query = {"uploadId": upload_id, "part-number-marker": marker}
            answer = self._requests.make("GET", self._name(key), query=query)
            self._expect_upload(answer, key, upload_id)
            for part in answer.elements("Part"):
                size_bytes = int(part.text("Size"))
                number = int(part.text("PartNumber"))
                parts.append(Part(number=number, etag=part.text("ETag").strip('"'), size_bytes=size_bytes))
            if answer.text("IsTruncated", "false") != "true":
                return parts
            marker = answer.text("NextPartNumberMarker")

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, sha256: str | None = None
    ) -> ObjectInfo:
        check_parts(self._url, key, upload_id, parts, self.list_parts(key, upload_id))
        self._complete(key, upload_id, parts)
        if sha256 is not None:
            # Several ranges at once were tried beside this on Ceph: the gateway's own work is what takes the time.
            for _ in self.stream(key, sha256=sha256):
                pass
        return self.info(key)

    def _complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>&quot;{part.etag}&quot;</ETag></Part>" for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        answer = self._requests.make("POST", self._name(key), query={"uploadId": upload_id}, body=body)
        if answer.status == http.client.NOT_FOUND and self._has_size(key, sum(part.size_bytes for part in parts)):
            return  # the first try was done, and only its answer got lost
        self._expect_upload(answer, key, upload_id)
        if answer.tag == "Error":  # S3 has said 200 before it knew
            raise ObjectStoreError(self._url, f"does not complete '{key}': {answer.text('Message', 'no reason given')}")

    def _has_size(self, key: str, size_bytes: int) -> bool:
        try:
            return self.info(key).size_bytes == size_bytes
        except ObjectMissingError:
            return False

    def abort_upload(self, key: str, upload_id: str) -> None:
        answer = self._requests.make("DELETE", self._name(key), query={"uploadId": upload_id})
        if answer.status != http.client.NOT_FOUND:
            answer.expect(204)

    def open_uploads(self, prefix: str = "") -> list[PartUpload]:
        check_prefix(prefix)
        found: list[PartUpload] = []
        markers = {}
        while True:
            query = {"uploads": "", "prefix": self._prefix + prefix} | markers
            answer = self._requests.of_bucket(query).expect(200)
            for upload in answer.elements("Upload"):
                begun = datetime.fromisoformat(upload.text("Initiated")).astimezone(UTC)
                found.append(
                    PartUpload(
                        key=upload.text("Key").removeprefix(self._prefix),
                        upload_id=upload.text("UploadId"),
                        begun_unix_ns=int(begun.timestamp() * 1e9),
                    )
                )
            if answer.text("IsTruncated", "false") != "true":
                return found
            markers = {
                "key-marker": answer.text("NextKeyMarker"),
                "upload-id-marker": answer.text("NextUploadIdMarker", ""),
            }

    def sign_get(self, key: str, *, expires_s: int) -> SignedRequest:
        return self._requests.sign("GET", self._name(key), expires_s=expires_s)

    def sign_part(self, key: str, upload_id: str, number: int, *, size_bytes: int, expires_s: int) -> SignedRequest:
        # S3 cannot bind a presigned URL to a size; who completes the upload sees the sizes in list_parts.
        query = {"partNumber": str(number), "uploadId": upload_id}
        return self._requests.sign("PUT", self._name(key), query=query, expires_s=expires_s)

    def _expect_upload(self, answer: S3Answer, key: str, upload_id: str) -> None:
        if answer.status == http.client.NOT_FOUND and answer.code in ("NoSuchUpload", "NoSuchKey", ""):
            raise UploadMissingError(self._url, key, upload_id)
        if answer.code in ("InvalidPart", "InvalidPartOrder", "BadDigest", "EntityTooSmall"):
            raise ObjectDamagedError(self._url, key, f"has a part that the store refuses ({answer.code})")
        answer.expect(200)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _object_info(self, found: Object) -> ObjectInfo:
        modified = found.last_modified
        return ObjectInfo(
            key=(found.object_name or "").removeprefix(self._prefix),
            size_bytes=found.size or 0,
            etag=(found.etag or "").strip('"'),
            modified_unix_ns=0 if modified is None else int(modified.timestamp() * 1e9),
        )

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissingError(self._url, key) from error
            raise ObjectStoreError(self._url, f"answers {error.code}: {error.message}") from error
        except (ServerError, InvalidResponseError, MinioException, ValueError) as error:
            raise ObjectStoreError(self._url, f"does not answer as S3 does: {error}") from error
        except urllib3.exceptions.HTTPError as error:
            raise self._requests.unreachable(error) from error


class _JoinedStream(io.RawIOBase, BinaryIO):
    """Pieces of bytes as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = chunks, b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
