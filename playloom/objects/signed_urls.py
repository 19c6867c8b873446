"""Permissions to read or write one thing for a while, as URLs: for a directory store that is served over HTTP.

A URL names what it permits in clear, and holds an HMAC-SHA256 of all of it under a key that only the server knows.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from playloom.objects.errors import ObjectKeyError
from playloom.objects.object_key import check_key
from playloom.objects.object_store import SignedRequest

MAX_EXPIRES_S = 7 * 24 * 3600
"""No permission lasts longer, as with S3."""

MIN_KEY_BYTES = 32


class RefusedUrlError(Exception):
    """A URL permits nothing: it was changed, has expired or is for something else."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """What a URL permits.

    Attributes:
        method: GET reads the object, PUT writes a part.
        key: of the object.
        upload_id, part, size_bytes: of the part; None for GET.
        expires_unix_s: the last moment.
    """

    method: str
    key: str
    expires_unix_s: int
    upload_id: str | None = None
    part: int | None = None
    size_bytes: int | None = None


class UrlSigner:
    """Makes and checks such URLs."""

    def __init__(self, base_url: str, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        """Args: base_url: where the store is served, as in ``https://host:8080/objects``; secret: at least 32 bytes."""
        assert len(secret) >= MIN_KEY_BYTES, "a secret that can be guessed"
        self._base_url, self._secret, self._clock = base_url.rstrip("/"), secret, clock

    def sign_get(self, key: str, *, expires_s: int) -> SignedRequest:
        """A permission to read an object."""
        return self._sign(Permission(method="GET", key=key, expires_unix_s=self._expiry(expires_s)))

    def sign_part(self, key: str, upload_id: str, number: int, *, size_bytes: int, expires_s: int) -> SignedRequest:
        """A permission to write one part of exactly ``size_bytes``."""
        permission = Permission(
            method="PUT",
            key=key,
            upload_id=upload_id,
            part=number,
            size_bytes=size_bytes,
            expires_unix_s=self._expiry(expires_s),
        )
        return self._sign(permission)

    def check(self, method: str, target: str) -> Permission:
        """What a request may do.

        Args:
            method: of the request.
            target: its path and query as they came.

        Raises:
            RefusedUrlError: nothing.
        """
        parts = urlsplit(target)
        base_path = urlsplit(self._base_url).path
        if not parts.path.startswith(f"{base_path}/"):
            raise RefusedUrlError("not a path of the object store")
        try:
            key = check_key(unquote(parts.path.removeprefix(f"{base_path}/"), errors="strict"))
            fields = parse_qs(parts.query, strict_parsing=True, max_num_fields=8)
        except (ObjectKeyError, ValueError) as error:
            raise RefusedUrlError("not a signed URL") from error
        if any(len(values) != 1 for values in fields.values()):
            raise RefusedUrlError("a field is given twice")
        values = {name: value[0] for name, value in fields.items()}
        given = values.pop("signature", "")
        permission = _permission(method, key, values)
        if not hmac.compare_digest(given.encode(), self._signature(permission).encode()):
            raise RefusedUrlError("the signature is wrong")
        if permission.expires_unix_s < self._clock():
            raise RefusedUrlError("it has expired")
        return permission

    def _expiry(self, expires_s: int) -> int:
        assert 1 <= expires_s <= MAX_EXPIRES_S, expires_s
        return int(self._clock()) + expires_s

    def _sign(self, permission: Permission) -> SignedRequest:
        fields = _fields(permission) | {"signature": self._signature(permission)}
        return SignedRequest(
            method=permission.method,
            url=f"{self._base_url}/{quote(permission.key)}?{urlencode(fields)}",
            expires_unix_s=permission.expires_unix_s,
        )

    def _signature(self, permission: Permission) -> str:
        # Each field with its length, so that no two permissions have one text.
        fields = {"method": permission.method, "key": permission.key} | _fields(permission)
        text = "".join(f"{name}:{len(value)}:{value};" for name, value in sorted(fields.items()))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


def _fields(permission: Permission) -> dict[str, str]:
    fields = {"expires": str(permission.expires_unix_s)}
    if permission.upload_id is not None:
        fields |= {"upload": permission.upload_id, "part": str(permission.part), "size": str(permission.size_bytes)}
    return fields


def _permission(method: str, key: str, values: dict[str, str]) -> Permission:
    if set(values) not in ({"expires"}, {"expires", "upload", "part", "size"}):
        raise RefusedUrlError("not a signed URL")
    numbers = {name: values[name] for name in ("expires", "part", "size") if name in values}
    if any(not (number.isascii() and number.isdigit() and len(number) < 20) for number in numbers.values()):
        raise RefusedUrlError("not a signed URL")
    return Permission(
        method=method,
        key=key,
        expires_unix_s=int(values["expires"]),
        upload_id=values.get("upload"),
        part=int(values["part"]) if "part" in values else None,
        size_bytes=int(values["size"]) if "size" in values else None,
    )
