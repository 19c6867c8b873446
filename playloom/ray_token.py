"""Whether a Ray cluster asks for Ray's token, found out by asking it.

A token in the user's home says nothing of the cluster: any local Ray leaves one there. Who then connects as if the
cluster asked for it is let in, and hangs: its own server, which hands on what tasks tell, refuses the workers of the
cluster, who send none. The other way round the cluster refuses. Ray reads `MODE` as it is imported, so none of this
may import it.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

MODE = "RAY_AUTH_MODE"
ASK_S = 10.0

_QUESTION = "/ray.rpc.NodeInfoGcsService/CheckAlive"

_AUTO = "auto"

_is_ours = False


def asks_for_token(address: str) -> bool | None:
    """Whether a cluster answers only those who have its token.

    Args:
        address: ``HOST:PORT`` of its head.

    Returns:
        None where it does not answer at all.
    """
    import grpc

    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(_QUESTION)(b"", timeout=ASK_S, wait_for_ready=True)
        except grpc.RpcError as error:
            code = getattr(error, "code", lambda: None)()
            return True if code is grpc.StatusCode.UNAUTHENTICATED else None
    return False


def connect_as_asked(address: str) -> None:
    """Let Ray, which is about to connect, use a token exactly if the cluster does. Who set `MODE` is obeyed.

    Args:
        address: as Ray takes it, ``auto`` or ``HOST:PORT``.
    """
    global _is_ours
    forget()
    found = _head() if address == _AUTO else address
    if MODE in os.environ or ":" not in found:
        return
    asked = asks_for_token(found)
    if asked is not None:  # else Ray says what is wrong with the address
        os.environ[MODE] = "token" if asked else "disabled"
        _is_ours = True


def forget() -> None:
    """Take back what `connect_as_asked` set: a cluster of this machine alone is begun with a token, Ray's default."""
    global _is_ours
    if _is_ours:
        os.environ.pop(MODE, None)
        _is_ours = False


def _head() -> str:
    """Of the cluster that ``auto`` means: the one named in the environment, or that was begun here last; or empty."""
    named = os.environ.get("RAY_ADDRESS")
    if named:
        return named
    with suppress(OSError):
        return (Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray/ray_current_cluster").read_text()
    return ""
