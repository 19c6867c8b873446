"""What the small gRPC servers of a node and of a policy have in common: a token in every call, a port of their own.

The coordinator has many tokens and a server of its own kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from playloom.listen_address import AddressError, ListenAddress
from playloom.token_file import same_token

OWN_PORT = ("grpc.so_reuseport", 0)
"""A taken port is an error, not half of the calls."""


def bind(address: ListenAddress, add_port: Callable[[str], int]) -> str:
    """Take a port; where it listens then, HOST:PORT.

    Args:
        address: where to listen; port 0 takes any that is free.
        add_port: of the server.

    Raises:
        AddressError: it cannot listen there.
    """
    try:
        port = add_port(str(address))
    except RuntimeError as error:
        problem = "the port is taken, or the address is not this machine's"
        raise AddressError(str(address), problem, remedy="Choose another port; 0 takes any that is free") from error
    return str(ListenAddress(host=address.host, port=port))


class TokenCheck(grpc.ServerInterceptor):
    """Refuses every call that does not bring the token, whatever it asks for.

    Args:
        token: that calls bring.
        whose: what refuses, in the words of who is refused: "node".
    """

    def __init__(self, token: str, *, whose: str) -> None:
        self._token, self._whose = token, whose
        # A handler of a stream, which a call with one message can end with as well.
        self._refusal = grpc.stream_stream_rpc_method_handler(self._refuse)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        for key, value in handler_call_details.invocation_metadata or ():
            if key == "authorization" and isinstance(value, str) and value.startswith("Bearer "):
                if same_token(value.removeprefix("Bearer "), self._token):
                    return continuation(handler_call_details)
                break
        return self._refusal

    def _refuse(self, requests: object, context: grpc.ServicerContext) -> None:
        del requests
        context.abort(grpc.StatusCode.UNAUTHENTICATED, f"the {self._whose}'s token is missing or another one")
