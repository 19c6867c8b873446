"""`playloom node install-sdl`."""

from __future__ import annotations

from typing import Annotated

import typer


def install_sdl(
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|FOLDER|URL", help="The wheel that holds SDL3, or the folder it lies in."),
    ] = None,
    index_url: Annotated[
        str | None,
        typer.Option("--index-url", envvar="PIP_INDEX_URL", help="The package index to find it on."),
    ] = None,
) -> None:
    """Fetch SDL3, through which gamepads are read, and check that it is the very file that it should be."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from capture_node.inputs import sdl_install

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    wheel = sdl_install.wheel_for_this_machine()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as bar:
        task = bar.add_task("SDL3", total=None)
        installed = sdl_install.install_sdl(
            source=source,
            index_url=index_url,
            wheel=wheel,
            progress=lambda come, total: bar.update(task, completed=come, total=total),
        )
    version = ".".join(map(str, installed.version))
    console.print(f"SDL {version} is installed: {installed.path}", markup=False)
    console.print(f"from {installed.origin}, SHA-256 {wheel.sha256} as it should be", markup=False)
    console.print("Next: plug in a gamepad and see it with: playloom node pads", markup=False)
