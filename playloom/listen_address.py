"""Where a program of Playloom listens: HOST:PORT."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from playloom.errors import PlayloomError


class AddressError(PlayloomError):
    """A program cannot listen at an address.

    Attributes:
        address: HOST:PORT.
    """

    def __init__(self, address: str, problem: str, *, remedy: str | None = None) -> None:
        self.address = address
        super().__init__(f"cannot listen at {address}: {problem}", remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class ListenAddress:
    """An address to listen at.

    Attributes:
        host: an IP address.
        port: 0 for any that is free.
    """

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_any(self) -> bool:
        """Whether it means every address of this machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> ListenAddress:
    """An address as a person writes it: HOST:PORT, with a name or an IP address; IPv6 in brackets.

    Raises:
        AddressError: it is none, or the name is of no address of this machine.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise AddressError(text, "it is no address", remedy="Write HOST:PORT, such as 127.0.0.1:50061")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressError(text, f"the name is not known ({error.strerror})", remedy="Write an IP address") from error
    return ListenAddress(host=str(found[0][4][0]), port=int(port))
