"""Names of objects. They come from outside, and in a directory store they become paths: each is checked first."""

from __future__ import annotations

import unicodedata

from playloom.objects.errors import ObjectKeyError

MAX_KEY_BYTES = 900
"""S3 ends at 1024; the rest is for a prefix of the store's own."""

MAX_SEGMENT_BYTES = 200
"""Between two slashes. File systems end at 255; the rest is for temporary names."""

_FORBIDDEN = frozenset('\\:*?"<>|')


def check_key(key: str) -> str:
    """``key``, if an object may be called so in every kind of store.

    A key is segments between slashes, as in ``sessions/20261121T093000Z-1a2b3c4d/capture.mp4``. A key is never the
    folder of another one.

    Raises:
        ObjectKeyError: it may not; says why.
    """
    problem = _fault(key)
    if problem is not None:
        raise ObjectKeyError(key, problem)
    return key


def check_prefix(prefix: str) -> str:
    """``prefix``, if keys may begin so: empty, or segments of which the last may be unfinished.

    Raises:
        ObjectKeyError: no key begins so.
    """
    if prefix:
        problem = _fault(prefix.removesuffix("/"))
        if problem is not None:
            raise ObjectKeyError(prefix, problem)
    return prefix


def _fault(key: str) -> str | None:
    if not key:
        return "it is empty"
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        return "it holds half a character (a lone surrogate)"
    if len(encoded) > MAX_KEY_BYTES:
        return f"it is longer than {MAX_KEY_BYTES} bytes"
    if unicodedata.normalize("NFC", key) != key:
        return "it is not in Unicode's normal form NFC, so that another spelling would look the same"
    for sign in key:
        if sign in _FORBIDDEN:
            return f"it holds {sign!r}"
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return f"it holds the invisible character {sign!r}"
    for segment in key.split("/"):
        if not segment:
            return "it begins or ends with a slash, or has two in a row"
        if segment.startswith("."):
            return f"'{segment}' begins with a dot"
        if segment != segment.strip() or segment.endswith("."):
            return f"'{segment}' begins or ends with a space, or ends with a dot"
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            return f"'{segment[:30]}…' is longer than {MAX_SEGMENT_BYTES} bytes"
    return None
