"""`playloom gym push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def push(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A session, a folder of sessions, or a LeRobot dataset's folder.")
    ],
    *,
    repo: Annotated[str, typer.Option(metavar="USER/NAME", help="The dataset repository; made if it is missing.")],
    private: Annotated[bool, typer.Option("--private", help="A new repository is for its owner only.")] = False,
    license_id: Annotated[
        str | None, typer.Option("--license", metavar="ID", help="As the Hub names it, such as cc-by-4.0.")
    ] = None,
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable that holds the access token.")
    ] = "HF_TOKEN",
) -> None:
    """Upload recordings or a dataset to the Hugging Face Hub, with a dataset card."""
    from playloom.hub.push import PushOptions, push_path

    options = PushOptions(repo=repo, private=private, license=license_id, token_variable=token_env)
    address = push_path(path, options)
    typer.echo(f"Uploaded to {address}")
    if license_id is None:
        typer.echo("Its card names no licence yet: choose one there, or push again with --license.")
