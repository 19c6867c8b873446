"""What a store sums up a part with: its ETag, and what a sender may announce."""

from __future__ import annotations

import base64
import hashlib
import zlib
from enum import StrEnum


class PartSum(StrEnum):
    """One kind of sum."""

    MD5 = "md5"  # S3's
    CRC32 = "crc32"  # a directory's: six times as fast, and the whole file's SHA-256 is seen anyway

    def of(self, content: bytes | bytearray | memoryview) -> str:
        """The sum of a part, in hexadecimal, as its ETag has it."""
        if self is PartSum.MD5:
            return hashlib.md5(content, usedforsecurity=False).hexdigest()
        return f"{zlib.crc32(content):08x}"

    def header(self, sum_hex: str) -> dict[str, str]:
        """The HTTP header by which a store takes a part with this sum only."""
        name = "Content-MD5" if self is PartSum.MD5 else "x-amz-checksum-crc32"
        return {name: base64.b64encode(bytes.fromhex(sum_hex)).decode()}
