"""Where this user's coordinator is, and the token for it: one file that nobody else can read.

One file, so that an address never stands beside another server's token, whenever the power goes.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playloom.errors import FileError, PlayloomError
from playloom.private_files import make_private_directory, write_private_file

ACCESS_FILE = "server.json"
HOME_VARIABLE = "PLAYLOOM_HOME"

MAX_FILE_BYTES = 1 << 20
"""A bundle of authorities has some hundred kilobytes."""

_HOW_TO_ENROL = "Ask the server's operator for a code, then: playloom enrol CODE --server HOST:PORT"


class NotEnrolledError(PlayloomError):
    """This user has no server."""

    def __init__(self) -> None:
        super().__init__("this machine is not enrolled with a server", remedy=_HOW_TO_ENROL)


@dataclass(frozen=True, kw_only=True)
class ServerAccess:
    """A server, and what opens it.

    Attributes:
        address: HOST:PORT.
        tls: whether TLS is spoken; off loopback always.
        authority: with TLS, the PEM certificates of who vouches for the server; None: the system's authorities.
        token: None before one has enrolled.
        server_id: as the server says; empty: not known.
        player: who this token stands for; empty: not known.
        node: what this machine is called there; empty: not known.
    """

    address: str
    tls: bool
    authority: str | None = None
    token: str | None = field(default=None, repr=False)
    server_id: str = ""
    player: str = ""
    node: str = ""


def server_at(address: str, authority_file: Path | None = None, *, tls: bool | None = None) -> ServerAccess:
    """A server as a person names it, not enrolled with yet.

    Args:
        address: HOST:PORT.
        authority_file: PEM certificates of who vouches for it; they mean TLS.
        tls: None: unless it is on loopback, where nobody listens in.

    Raises:
        PlayloomError: it is no address, or TLS is left out elsewhere than on loopback.
        FileError: the file holds no certificate.
    """
    host, colon, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or "/" in host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise PlayloomError(f"'{address}' is no server's address", remedy="Write HOST:PORT, such as games.lan:50060")
    loopback = is_loopback(bare)
    if tls is False and not loopback:
        raise PlayloomError("elsewhere than on loopback a server is spoken to with TLS only", remedy="Name its --ca")
    authority = None if authority_file is None else _read_authority(authority_file)
    return ServerAccess(
        address=address, tls=(authority is not None or not loopback) if tls is None else tls, authority=authority
    )


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this very machine, whatever name servers say."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdecimal())


def access_directory() -> Path:
    """Where the file lies for this user."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / "data/server"
    from platformdirs import user_data_path

    return user_data_path("playloom", appauthor=False, roaming=False) / "server"


def save_access(access: ServerAccess, directory: Path | None = None) -> Path:
    """Keep an access for this user alone; returns its file.

    Raises:
        OutputError: it cannot be written.
    """
    directory = directory or access_directory()
    make_private_directory(directory)
    path = directory / ACCESS_FILE
    write_private_file(path, (json.dumps(asdict(access), indent=2) + "\n").encode())
    return path


def load_access(directory: Path | None = None) -> ServerAccess:
    """The access that was kept.

    Raises:
        NotEnrolledError: there is none.
        FileError: others can read it, or it is damaged.
    """
    path = (directory or access_directory()) / ACCESS_FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise NotEnrolledError from error
    except OSError as error:
        raise FileError(
            path, f"cannot be read: {error.strerror or error}", remedy="Give it back to yourself"
        ) from error
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise FileError(path, "other users can read the token in it", remedy=f"Make it yours alone: chmod 600 {path}")
    try:
        access = ServerAccess(**json.loads(content))
    except (ValueError, TypeError) as error:
        raise FileError(path, "is damaged", remedy=_HOW_TO_ENROL) from error
    texts = (access.address, access.authority or "", access.token or "", access.server_id, access.player, access.node)
    if not all(isinstance(text, str) for text in texts) or not isinstance(access.tls, bool):
        raise FileError(path, "is damaged", remedy=_HOW_TO_ENROL)
    return access


def _read_authority(path: Path) -> str:
    try:
        content = path.read_bytes()[:MAX_FILE_BYTES]
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}", remedy="Name a PEM file") from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise FileError(path, "holds no certificate in PEM", remedy="Name the ca.pem that the server's operator gave")
    return content.decode("ascii", "replace")
