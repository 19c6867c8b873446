"""Requests to an S3 server by signed URLs, and its answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from playloom.objects.errors import ObjectStoreError
from playloom.objects.object_store import SignedRequest

_SIGNED_S = 900
MAX_ANSWER_BYTES = 16 << 20
"""Lists have a thousand entries; a larger answer is no list."""


class S3Element:
    """An element of an answer, by its names without their namespace."""

    def __init__(self, element: ElementTree.Element | None, url: str) -> None:
        self._element, self._url = element, url

    @property
    def tag(self) -> str:
        return "" if self._element is None else _local(self._element.tag)

    def text(self, name: str, default: str | None = None) -> str:
        """The text of the child ``name``."""
        if self._element is not None:
            for child in self._element:
                if _local(child.tag) == name:
                    return child.text or ""
        if default is None:
            raise ObjectStoreError(self._url, f"answers without {name}: it does not speak S3 as expected")
        return default

    def elements(self, name: str) -> Iterator[S3Element]:
        """The children ``name``."""
        if self._element is not None:
            yield from (S3Element(child, self._url) for child in self._element if _local(child.tag) == name)


class S3Answer(S3Element):
    """An answer.

    Attributes:
        status: of HTTP.
        headers: of HTTP.
        code: S3's name for a fault, or "".
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
        element = None
        if body.lstrip().startswith(b"<"):  # expat itself refuses entities that grow without bounds
            try:
                element = ElementTree.fromstring(body)
            except ElementTree.ParseError:
                element = None
        super().__init__(element, url)
        self.status, self.headers = status, headers
        self.code = self.text("Code", "") if self.tag == "Error" else ""

    def expect(self, status: int) -> S3Answer:
        """This answer, if it has ``status``.

        Raises:
            ObjectStoreError: it has another.
        """
        if self.status != status:
            words = self.text("Message", "") or "no reason given"
            raise ObjectStoreError(self._url, f"answers {self.status} {self.code}: {words}".replace("  ", " "))
        return self


class S3Requests:
    """Makes requests to objects of one bucket."""

    def __init__(self, client: Minio, bucket: str, http: urllib3.PoolManager, url: str) -> None:
        self._client, self._bucket, self._http, self._url = client, bucket, http, url

    def sign(self, method: str, name: str, *, expires_s: int, query: Mapping[str, str] | None = None) -> SignedRequest:
        """A request that may be made until it expires."""
        try:
            url = self._client.get_presigned_url(
                method,
                self._bucket,
                name,
                expires=timedelta(seconds=expires_s),
                extra_query_params=dict(query or {}),
            )
        except MinioException as error:
            raise ObjectStoreError(self._url, f"cannot sign: {error}") from error
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from error
        return SignedRequest(method=method, url=url, expires_unix_s=int(time.time()) + expires_s)

    def make(
        self,
        method: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> S3Answer:
        """Sign a request and make it."""
        signed = self.sign(method, name, expires_s=_SIGNED_S, query=query)
        try:
            response = self._http.request(method, signed.url, body=body, headers=dict(headers or {}), redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from error
        return S3Answer(response.status, response.headers, response.data[:MAX_ANSWER_BYTES], self._url)

    def of_bucket(self, query: Mapping[str, str]) -> S3Answer:
        """A GET of the bucket itself. The client signs URLs of objects only, so its own way to ask is used here."""
        try:
            response = self._client._execute("GET", self._bucket, query_params=dict(query))
        except S3Error as error:
            raise ObjectStoreError(self._url, f"answers {error.code}: {error.message}") from error
        except MinioException as error:
            raise ObjectStoreError(self._url, f"does not answer as S3 does: {error}") from error
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from error
        return S3Answer(response.status, response.headers, response.data[:MAX_ANSWER_BYTES], self._url)

    def unreachable(self, error: Exception) -> ObjectStoreError:
        # urllib3's words hold the whole URL, which is a permission: only the kind is told.
        reason = getattr(error, "reason", None) or error
        return ObjectStoreError(
            self._url,
            f"cannot be reached ({type(reason).__name__})",
            remedy="See that the server runs and that the address is right",
        )


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
