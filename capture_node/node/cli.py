"""`playloom node`: the recorder that stays in the background, and how to speak to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capture_node.calibration.cli import calibrate
from capture_node.inputs.sdl_cli import install_sdl
from capture_node.node.control_cli import discard, mark, pause, resume, start, status, stop
from capture_node.node.listing_cli import pads, profiles, recover, sessions, sources
from capture_node.node.preview_cli import preview

app = typer.Typer(
    no_args_is_help=True,
    help="The recorder that waits in the background: run it once, then start and stop recordings by command or hotkey.",
)


@app.command()
def run(
    *,
    config: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Settings of this machine, instead of node.yaml.")
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to listen. By default on loopback, at any free port."),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak TLS with a certificate made here; for listening elsewhere.")
    ] = False,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Speak TLS with this certificate; needs --tls-key.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="The certificate's key.")] = None,
    tls_name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With --tls: a name or address that clients use. May be given again."),
    ] = None,
    no_hotkeys: Annotated[bool, typer.Option("--no-hotkeys", help="Register no hotkeys.")] = False,
) -> None:
    """Run the node until Ctrl-C. Recordings that were cut off are recovered first.

    Commands on this machine find it by themselves, with a token that only you
    can read. Elsewhere than on loopback it speaks TLS only.

    Settings: ~/.config/playloom/node.yaml on Linux,
    %LOCALAPPDATA%/playloom/node.yaml on Windows; examples/node.yaml shows every
    key. PLAYLOOM_HOME puts settings, sessions and token below one folder.
    """
    from dataclasses import replace

    from capture_node.node.run import run_node
    from capture_node.node_settings import TlsSettings, load_settings

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    if tls_cert is not None and (tls or tls_name):
        raise typer.BadParameter("--tls and --tls-name are for a certificate made here, --tls-cert brings its own")
    settings = load_settings(config)
    if tls or tls_cert is not None or tls_name:
        settings = replace(settings, tls=TlsSettings(certificate=tls_cert, key=tls_key, names=tuple(tls_name or ())))
    if listen is not None:
        settings = replace(settings, listen=listen)
    run_node(settings, hotkeys=not no_hotkeys)


for command in (status, start, stop, pause, resume, mark, discard, sessions, sources, pads, profiles, recover, preview):
    app.command()(command)
app.command()(calibrate)
app.command("install-sdl")(install_sdl)
app.command()(calibrate)
