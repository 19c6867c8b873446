"""Options of commands that speak with a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playloom.client.finding import ACCESS_VARIABLE

Access = Annotated[
    Path | None,
    typer.Option(
        "--access",
        metavar="FILE",
        envvar=ACCESS_VARIABLE,
        help="A server.json with address and token, or its folder, instead of this user's own.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
