"""Secrets that open something: only their SHA-256 is kept.

They have 256 random bits, so a plain hash is as good as a slow one: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from coordinator.ids import is_id, new_id

SECRET_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_PREFIX = "plm"


@dataclass(frozen=True, kw_only=True)
class NewSecret:
    """A secret that was just made.

    Attributes:
        id: of its row.
        text: what its owner gets, once.
        hash: what is kept.
    """

    id: str
    text: str = field(repr=False)
    hash: bytes = field(repr=False)


def make_secret(kind: str) -> NewSecret:
    """A secret with an id of this kind, such as ``plm-token_01k9…-Zm9v…``."""
    row_id = new_id(kind)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return NewSecret(id=row_id, text=f"{_PREFIX}-{row_id}-{secret}", hash=hash_secret(secret))


def split_secret(text: str, kind: str) -> tuple[str, bytes] | None:
    """The id and the hash of a secret as its owner says it; None if it is none of this kind."""
    parts = text.strip().split("-", 2)
    if len(parts) != 3 or parts[0] != _PREFIX or not is_id(parts[1], kind) or not _SECRET.fullmatch(parts[2]):
        return None
    return parts[1], hash_secret(parts[2])


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def same_hash(one: bytes, other: bytes) -> bool:
    """Whether two hashes are the same, told in the same time wherever they differ."""
    return hmac.compare_digest(one, other)
