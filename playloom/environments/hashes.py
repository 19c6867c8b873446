"""The hashes by which a replay is compared with its recording."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HASH_DIGITS = 32
"""Hex digits kept of a SHA-256: 128 bits. Twice as many would double steps.csv for nothing."""


def frame_hash(image: NDArray[np.uint8]) -> str:
    """The hash of a picture, uint8[h, w, 3]: of its size and its bytes."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()[:HASH_DIGITS]


def bytes_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_DIGITS]


@lru_cache
def file_sha256(path: Path) -> str:
    """The whole SHA-256 of a file, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
