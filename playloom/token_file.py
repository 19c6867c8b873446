"""A token in a file: whoever can read it may tell the program that made it what to do, so nobody but the user can."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from playloom.errors import FileError
from playloom.private_files import make_private_directory, write_private_file

TOKEN_BYTES = 32
TOKEN_FILE = "token"

_OWN_REMEDY = "Remove the file and start again: a new one is made then"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")


class TokenError(FileError):
    """A token file cannot be used."""


def own_token(directory: Path) -> str:
    """The token of a program on this machine; made when it is not there yet.

    Args:
        directory: where it lies; made for this user alone.

    Raises:
        TokenError: others can read it, or it holds no token.
        OutputError: it cannot be written.
    """
    path = directory / TOKEN_FILE
    if path.exists():
        return read_token(path, _OWN_REMEDY)
    make_private_directory(directory)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    write_private_file(path, f"{token}\n".encode())
    return token


def read_token(path: Path, remedy: str = "Copy the token file again") -> str:
    """The token in a file.

    Args:
        path: a program's own token file, or a copy of one.
        remedy: what to do where it holds none.

    Raises:
        TokenError: it cannot be read, others can read it too, or it holds no token.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1024)
    except OSError as error:
        raise TokenError(
            path, f"cannot be read: {error.strerror or error}", remedy="Name the token file with --token"
        ) from error
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):  # Windows: the profile's access list guards it
        raise TokenError(path, "other users can read this token", remedy=f"Make it yours alone: chmod 600 {path}")
    token = content.decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(token):
        raise TokenError(path, "holds no token", remedy=remedy)
    return token


def same_token(given: str, token: str) -> bool:
    """Whether the tokens are the same, told in the same time wherever they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
