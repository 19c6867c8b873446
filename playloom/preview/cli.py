"""`playloom preview`: look at a session or a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.errors import PlayloomError

if TYPE_CHECKING:
    from playloom.preview.source import PreviewSource


def preview(
    target: Annotated[Path, typer.Argument(metavar="SESSION|DATASET", help="A session, or a LeRobot v3.0 dataset.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT.mp4|OUT.png", help="A video, or a contact sheet, by the name's ending."
        ),
    ] = None,
    rerun: Annotated[
        Path | None, typer.Option(metavar="OUT.rrd", help="Write a recording for the Rerun viewer (extra viz).")
    ] = None,
    start: Annotated[float, typer.Option(metavar="SECONDS", help="Where to begin.", min=0)] = 0.0,
    duration: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How much to show; all where not given.")
    ] = None,
    game_definition: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Of a session: the game, to show actions.")
    ] = None,
    action_mapping: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Of a session: the player's profile, to show actions.")
    ] = None,
    episode: Annotated[int, typer.Option(help="Of a dataset: which episode, from 0.", min=0)] = 0,
    columns: Annotated[int | None, typer.Option(help="Of a contact sheet: how many columns.", min=1, max=20)] = None,
    frames: Annotated[int, typer.Option(help="Of a contact sheet: how many frames.", min=1, max=400)] = 12,
    height: Annotated[int, typer.Option(metavar="PIXELS", help="Of a video: its height.", min=480, max=2160)] = 720,
    force: Annotated[bool, typer.Option("--force", help="Replace output files that exist.")] = False,
) -> None:
    """Draw the play with its controls and actions: as a video, a contact sheet, or for the Rerun viewer."""
    from rich.console import Console
    from rich.markup import escape

    from playloom.output_files import check_output

    if output is None and rerun is None:
        raise typer.BadParameter("say what to write: -o OUT.mp4, -o OUT.png or --rerun OUT.rrd")
    if output is not None and output.suffix.lower() not in (".mp4", ".png"):
        raise typer.BadParameter(f"-o {output}: the name must end in .mp4 or .png")
    if duration is not None and not duration > 0:  # NaN neither
        raise typer.BadParameter("--duration must be more than 0")
    if start != start:
        raise typer.BadParameter("--start must be a number")
    for path in (output, rerun):
        if path is not None:
            check_output(path, force=force)
    source = _source(target, game_definition, action_mapping, episode, rerun).cut(start, duration)
    console = Console(emoji=False, highlight=False)
    if output is not None:
        if output.suffix.lower() == ".mp4":
            from playloom.preview.movie import write_movie

            count = write_movie(source, output, height=height, force=force)
        else:
            from playloom.preview.contact_sheet import write_contact_sheet

            count = write_contact_sheet(source, output, columns=columns, frames=frames, force=force)
        console.print(f"wrote [bold]{escape(str(output))}[/]: {count} frames", soft_wrap=True)
    if rerun is not None:
        from playloom.preview.rerun_log import write_rerun

        write_rerun(source, rerun, force=force)
        console.print(f"wrote [bold]{escape(str(rerun))}[/]", soft_wrap=True)
        console.print(f"Next: [bold]rerun {escape(str(rerun))}[/]", soft_wrap=True)
    elif not source.slots:
        console.print(
            "Next: add --game-definition and --action-mapping to see what the inputs do in the game", soft_wrap=True
        )
    else:
        console.print(
            "Next: open it in a player or browser; --start and --duration choose another stretch", soft_wrap=True
        )


def _source(
    target: Path, game_definition: Path | None, action_mapping: Path | None, episode: int, rerun: Path | None
) -> PreviewSource:
    from playloom.preview.dataset_source import dataset_source, is_dataset
    from playloom.preview.source import session_source

    if rerun is not None:
        from playloom.preview.rerun_log import require_rerun

        require_rerun()
    if not target.is_dir():
        problem = "is a file" if target.exists() else "does not exist"
        raise PlayloomError(f"{target} {problem}", remedy="Name a session's folder, or a dataset's")
    if (game_definition is None) != (action_mapping is None):
        raise typer.BadParameter("--game-definition and --action-mapping go together")
    if is_dataset(target):
        if game_definition is not None:
            raise typer.BadParameter("a dataset has its actions: leave out --game-definition and --action-mapping")
        return dataset_source(target, episode)
    if episode:
        raise typer.BadParameter("--episode goes with a dataset")
    return session_source(target, game_definition=game_definition, action_mapping=action_mapping)
