"""`playloom policy`: a trained policy for players."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playloom.play.server_token import DEFAULT_LISTEN

app = typer.Typer(no_args_is_help=True, help="Serve a trained policy to those who play by it.")


@app.callback()
def policy() -> None:
    """Serve a trained policy to those who play by it. docs/playing.md tells how it is played by."""


@app.command()
def serve(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A trained policy: a run's directory, or a checkpoint's.")],
    *,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes any that is free.")
    ] = DEFAULT_LISTEN,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
    threads: Annotated[
        int, typer.Option(help="Of the CPU, for the model; 0: PyTorch's choice. Leave some to the game.", min=0)
    ] = 0,
    max_batch: Annotated[int, typer.Option(help="Players that are answered at once, at most.", min=1, max=64)] = 8,
    max_wait_ms: Annotated[
        float, typer.Option(help="So long a player waits for others, at most.", min=0, max=1000)
    ] = 4.0,
    token: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the token file lies or is made; players need a copy of it."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Elsewhere than on loopback: the server's certificate.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="The certificate's private key.")] = None,
) -> None:
    """Load a policy once, and answer those who play by it until Ctrl-C.

    Several players are answered at once. Every player needs the server's token; on the same machine it is found.
    """
    from training.serving.run import ServeOptions, serve_policy

    if device not in ("auto", "cpu", "cuda"):
        raise typer.BadParameter("choose auto, cpu or cuda", param_hint="--device")
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    options = ServeOptions(
        run=run,
        listen=listen,
        device=device,
        threads=threads,
        max_batch=max_batch,
        max_wait_s=max_wait_ms / 1000,
        token_directory=token,
        tls=None if tls_cert is None or tls_key is None else (tls_cert, tls_key),
    )
    serve_policy(options, typer.echo)
