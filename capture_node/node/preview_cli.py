"""`playloom node preview`: what the recorder sees, as small pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capture_node.node.connection_options import Address, TlsCa, Token, connected


def preview(
    output: Annotated[Path, typer.Argument(metavar="FILE.jpg", help="Where to write it.")] = Path("preview.jpg"),
    *,
    width: Annotated[int, typer.Option(help="Pixels, at most.", min=16, max=1280)] = 640,
    follow: Annotated[
        bool, typer.Option("--follow", help="Write it anew twice a second, until Ctrl-C or the recording's end.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    address: Address = None,
    token: Token = None,
    tls_ca: TlsCa = None,
) -> None:
    """Save the picture that is being recorded, masks applied: look here whether it shows the game and nothing else."""
    from contextlib import suppress

    from capture_node.node.words import console_of_command, print_next, shell_path
    from playloom.errors import PlayloomError
    from playloom.output_files import check_output, output_file

    check_output(output, force=force)
    console = console_of_command()
    pictures = 0
    with connected(address, token, tls_ca) as node, suppress(KeyboardInterrupt):
        for jpeg in node.preview(width):
            with output_file(output, force=force or pictures > 0) as partial:
                partial.write_bytes(jpeg)
            pictures += 1
            if pictures == 1:
                console.print(f"wrote {output}", markup=False)
            if not follow:
                break
    if not pictures:
        raise PlayloomError("there was no picture", remedy="See why: playloom node status")
    print_next(console, f"look at {shell_path(output)}; playloom node stop ends the recording")
