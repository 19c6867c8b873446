"""Where the objects of a dataset lie in the store."""

from __future__ import annotations

import re
import secrets

_SHA256 = re.compile(r"[0-9a-f]{64}")


def dataset_prefix(dataset_id: str) -> str:
    """Everything of a dataset begins so."""
    return f"datasets/{dataset_id}/"


def file_key(dataset_id: str, sha256: str, path: str) -> str:
    """Of a file's content; ``path`` gives its suffix alone."""
    assert _SHA256.fullmatch(sha256)
    suffix = path[path.rindex(".") :] if "." in path.rsplit("/", 1)[-1] else ""
    return f"{dataset_prefix(dataset_id)}files/{sha256[:2]}/{sha256}{suffix}"


def segment_key(dataset_id: str, sha256: str) -> str:
    """Of a segment's JSON."""
    assert _SHA256.fullmatch(sha256)
    return f"{dataset_prefix(dataset_id)}segments/{sha256}.json"


def new_version_key(dataset_id: str, number: int) -> str:
    """Of a version that is to become the ``number``-th; another one at every call, because several may try."""
    return f"{dataset_prefix(dataset_id)}versions/{number:08d}-{secrets.token_hex(8)}.json"


def staged_prefix(dataset_id: str, session_id: str = "") -> str:
    """What conversions left that no version has taken up yet."""
    return f"{dataset_prefix(dataset_id)}staged/" + (f"{session_id}/" if session_id else "")
