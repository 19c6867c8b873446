"""`playloom record`: one recording in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def record(
    output_dir: Annotated[
        Path, typer.Argument(metavar="OUTPUT_DIR", help="Where sessions lie, each in a folder of its own.")
    ],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="What the session's folder is called; the time by default."),
    ] = None,
    *,
    window: Annotated[
        str | None, typer.Option("--window", "-w", metavar="TITLE", help="A window, by a part of its title.")
    ] = None,
    monitor: Annotated[
        int | None, typer.Option("--monitor", "-m", metavar="N", help="A monitor, by its number in the list.", min=0)
    ] = None,
    gym: Annotated[
        str | None, typer.Option(metavar="GAME", help="A game that a script plays here; needs the extra 'games'.")
    ] = None,
    pattern: Annotated[bool, typer.Option("--pattern", help="A test picture, to try the recorder out.")] = False,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="How screens are read: dxgi or winrt on Windows; x11 on Linux.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|YAML",
            help="Size, rate and quality of the video: training, archive, one of your own. By default the settings'.",
        ),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="WHEN",
            help="focus: while the window has the focus. always: all that is typed anywhere, passwords too. "
            "pads: gamepads only. By default focus.",
        ),
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Black out a part of the picture before it is recorded, in fractions of it or percent: "
            "0,0.9,0.3,0.1 is the lower left corner. May be given again.",
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so many seconds, pauses not counted.", min=0.1, max=1e6)
    ] = None,
    player: Annotated[str | None, typer.Option(metavar="NAME", help="Who plays; stands in session.json.")] = None,
    game: Annotated[str | None, typer.Option(metavar="GAME_ID", help="The game, as its definition calls it.")] = None,
    mapping: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mapping profile that fits the player's controls.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="TEXT", help="What the player is trying to do.")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Settings of this machine, instead of node.yaml.")
    ] = None,
    no_hotkeys: Annotated[bool, typer.Option("--no-hotkeys", help="Register no hotkeys.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Lines instead of the panel, with each input as it is written.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="At the end print a JSON list, one entry a session; all else goes to stderr.")
    ] = False,
) -> None:
    """Record a window or a monitor with the player's inputs, until Ctrl-C.

    With neither --window nor --monitor a list opens to choose from.

    Ctrl-C, a hotkey or closing the game's window ends the recording in good order.
    One that ended because the disk was getting full has exit status 3.
    """
    from capture_node.node.wish import RecordingWish
    from capture_node.recorder.settings import InputScope
    from capture_node.sources.catalogue import SourceRequest
    from capture_node.terminal.mask_text import parse_mask
    from capture_node.terminal.record import RecordOptions, record_in_foreground
    from playloom.errors import PlayloomError

    if sum((window is not None, monitor is not None, gym is not None, pattern)) > 1:
        raise PlayloomError(
            "only one thing can be recorded at a time", remedy="Give one of --window, --monitor, --gym and --pattern"
        )
    if inputs is not None and inputs not in list(InputScope):
        raise PlayloomError(f"--input cannot be '{inputs}'", remedy=f"Choose one of {', '.join(InputScope)}")
    for option, text in (("--player", player), ("--game", game), ("--mapping", mapping), ("--task", task)):
        if text is not None and not text.isprintable():
            raise PlayloomError(f"{option} holds a line's end or another control character", remedy="Write one line")
    wish = RecordingWish(
        source=SourceRequest(window=window, monitor=monitor, gym=gym, pattern=pattern, backend=backend),
        profile=profile,
        name=name,
        player=player,
        game_id=game,
        mapping_profile=mapping,
        task=task,
        input_scope=None if inputs is None else InputScope(inputs),
        masks=tuple(parse_mask(text) for text in mask or ()),
    )
    options = RecordOptions(
        root=output_dir,
        wish=wish,
        seconds=seconds,
        config=config,
        hotkeys=not no_hotkeys,
        verbose=verbose,
        json=json,
    )
    raise typer.Exit(record_in_foreground(options))
