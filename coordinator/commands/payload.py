"""Documents as they are written on a command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from google.protobuf.struct_pb2 import Struct

from playloom.documents import struct_with
from playloom.errors import FileError, PlayloomError

MAX_BYTES = 1 << 20
"""The server takes less; it says so itself."""


def read_payload(text: str) -> Struct:
    """JSON as it stands there, from ``@FILE``, or with ``-`` from the input.

    Raises:
        PlayloomError: it is no JSON object.
        FileError: the file cannot be read.
    """
    where = "the payload"
    if text == "-":
        text, where = sys.stdin.read(MAX_BYTES), "the input"
    elif text.startswith("@"):
        path = Path(text[1:])
        where = str(path)
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(MAX_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(path, "cannot be read as text", remedy="Name a file with a JSON object") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlayloomError(
            f"{where} is no JSON: {error}", remedy="""Write an object, such as '{"session_id": "session_01k"}'"""
        ) from error
    if not isinstance(document, dict):
        raise PlayloomError(f"{where} is no JSON object", remedy="Write { and } around it")
    try:
        return struct_with(document)
    except (ValueError, RecursionError) as error:
        raise PlayloomError(f"{where} cannot be sent: {error}") from error
