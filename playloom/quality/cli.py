"""`playloom validate`: is this recording worth converting?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.errors import MissingExtraError, OutputError, PlayloomError
from playloom.quality.threshold_options import with_threshold_options
from playloom.quality.thresholds import QualityThresholds

if TYPE_CHECKING:
    from rich.console import Console

    from playloom.quality.session_quality import SessionQuality


class Mode(StrEnum):
    """What `playloom validate` shows."""

    SESSION = "session"
    STEP = "step"


@with_threshold_options
def validate(
    targets: Annotated[list[Path], typer.Argument(metavar="SESSION|ROOT...", help="Sessions, or folders of sessions.")],
    *,
    mode: Annotated[
        Mode,
        typer.Option(help="session: figures and verdict. step: walk through the frames with the inputs at each."),
    ] = Mode.SESSION,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry a session.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a table, one row a session; - prints it.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw the session's timeline; for several sessions name a folder."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    problems_only: Annotated[bool, typer.Option("--problems-only", help="Leave out sessions that are ok.")] = False,
    hashes: Annotated[bool, typer.Option("--hashes", help="Verify the SHA-256 of every file.")] = False,
    picture: Annotated[bool, typer.Option(help="Look for black and frozen pictures (decodes some frames).")] = True,
    game_definition: Annotated[
        Path | None, typer.Option(metavar="YAML", help="With --mode step: the game, to show actions.")
    ] = None,
    action_mapping: Annotated[
        Path | None, typer.Option(metavar="YAML", help="With --mode step: the player's profile, to show actions.")
    ] = None,
    start: Annotated[int, typer.Option(metavar="FRAME", help="With --mode step: the first frame.", min=0)] = 0,
    frames: Annotated[
        int | None, typer.Option(metavar="COUNT", help="With --mode step: how many frames to print.", min=1)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace output files that exist.")] = False,
    thresholds: QualityThresholds,
) -> None:
    """Check recordings: files, timing, gaps, inputs, picture. Exits with 1 if any session failed."""
    from rich.console import Console

    console = Console(emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 140  # nobody's screen to fit
    if mode is Mode.STEP:
        if json or csv or plot:
            raise typer.BadParameter("--mode step goes with neither --json, --csv nor --plot")
        _step(targets, game_definition, action_mapping, start, frames, console)
        return
    if game_definition is not None or action_mapping is not None:
        raise typer.BadParameter("--game-definition and --action-mapping go with --mode step")
    if json and csv is not None and str(csv) == "-":
        raise typer.BadParameter("--json and --csv - cannot both print")
    quiet = json or (csv is not None and str(csv) == "-")
    qualities = _validate_all(targets, thresholds, hashes, picture, csv, plot, force, quiet)
    shown = [quality for quality in qualities if not problems_only or quality.verdict != "ok"]
    _write(shown, json, csv, force, console)
    if not quiet:
        _show(shown, qualities, targets, plot, csv, console)
    verdicts = {str(quality.verdict) for quality in qualities}
    if "failed" in verdicts or (strict and "warning" in verdicts):
        raise typer.Exit(1)


def _validate_all(
    targets: list[Path],
    thresholds: QualityThresholds,
    hashes: bool,
    picture: bool,
    csv: Path | None,
    plot: Path | None,
    force: bool,
    quiet: bool,
) -> list[SessionQuality]:
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import track

    from playloom.output_files import check_output
    from playloom.quality.session_quality import validate_session

    paths = _sessions(targets)
    if csv is not None and str(csv) != "-":
        check_output(csv, force=force)
    if plot is not None:
        _require_matplotlib()
        pictures = _plot_paths(plot, paths)
        for path in pictures:
            check_output(path, force=force)
    else:
        pictures = []
    qualities: list[SessionQuality] = []
    console = Console(emoji=False, stderr=True)
    silent = quiet or len(paths) < 2 or not console.is_terminal
    steps = track(paths, description="validating", console=console, transient=True, disable=silent)
    for number, path in enumerate(steps):
        quality = validate_session(path, thresholds, verify_hashes=hashes, look_at_picture=picture)
        if pictures:
            from playloom.quality.plot import plot_session

            plot_session(quality, pictures[number], force=force)
        qualities.append(replace(quality, parts=None))  # they hold every frame and input of the recording
    return qualities


def _sessions(targets: list[Path]) -> list[Path]:
    """The sessions named, or found in the folders named; each once."""
    return list(dict.fromkeys(path for target in targets for path in _sessions_of(target)))


def _sessions_of(target: Path) -> list[Path]:
    from playloom.recording.session import find_sessions

    if not target.exists():
        raise PlayloomError(f"{target} does not exist", remedy="Name a session, or a folder of sessions")
    if not target.is_dir():
        raise PlayloomError(f"{target} is a file", remedy="Name the session's folder, which holds capture.mp4")
    paths = find_sessions(target)
    if not paths:
        raise PlayloomError(
            f"{target} holds no session",
            remedy="A session is a folder with capture.mp4, sync.csv and actions.bin; playloom gym record makes one",
        )
    return paths


def _plot_paths(plot: Path, paths: list[Path]) -> list[Path]:
    if len(paths) == 1 and plot.suffix and not plot.is_dir():
        return [plot]
    if plot.suffix:
        raise PlayloomError(
            f"{plot} is one file for {len(paths)} sessions", remedy="Name a folder for --plot, or one session"
        )
    try:
        plot.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(plot, f"cannot be made: {error.strerror}", remedy="Choose another folder") from error
    # Sessions of two players may have one name in two folders.
    root = _common_folder(paths)
    return [plot / f"{'-'.join(path.absolute().relative_to(root).parts)}.png" for path in paths]


def _common_folder(paths: list[Path]) -> Path:
    """The folder that all the sessions are in."""
    from os.path import commonpath

    return Path(commonpath([path.absolute().parent for path in paths]))


def _require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("playloom validate --plot", "viz") from error


def _write(qualities: list[SessionQuality], json: bool, csv: Path | None, force: bool, console: Console) -> None:
    from json import dumps

    from playloom.output_files import output_file
    from playloom.quality.report import as_csv, as_record

    if json:
        typer.echo(dumps([as_record(quality) for quality in qualities], indent=2))
    if csv is not None and str(csv) == "-":
        typer.echo(as_csv(qualities).encode("utf-8", "backslashreplace"), nl=False)
    elif csv is not None:
        with output_file(csv, force=force) as partial:
            partial.write_text(as_csv(qualities), encoding="utf-8", errors="backslashreplace")


def _show(
    shown: list[SessionQuality],
    qualities: list[SessionQuality],
    targets: list[Path],
    plot: Path | None,
    csv: Path | None,
    console: Console,
) -> None:
    from shlex import quote

    from rich.markup import escape

    from playloom.quality.report import print_session, print_table

    if not shown:
        console.print(f"no problems in {len(qualities)} session{'' if len(qualities) == 1 else 's'}")
    elif len(qualities) == 1:
        print_session(console, shown[0])
    else:
        print_table(console, shown)
    for written in (plot, csv):
        if written is not None:
            console.print(f"\nwrote [bold]{escape(str(written))}[/]", soft_wrap=True)
    verdicts = [str(quality.verdict) for quality in qualities]
    if len(qualities) > 1:
        counts = ", ".join(f"{verdicts.count(name)} {name}" for name in ("ok", "warning", "failed"))
        console.print(f"\n{len(qualities)} sessions: {counts}")
    if set(verdicts) == {"failed"}:
        console.print("Next: do what stands behind each reason above, then validate again")
        return
    folders = {quality.path.parent for quality in qualities}
    root = targets[0] if len(targets) == 1 else folders.pop() if len(folders) == 1 else "SESSIONS"
    convert = (
        f"playloom convert --session-root {quote(str(root))} --game-definition GAME.yaml --action-mapping PROFILE.yaml "
        "--output-root DATASET --repo-id NAME/DATASET --task TASK"
    )
    console.print(f"Next: [bold]{escape(convert)}[/]", soft_wrap=True)


def _step(
    targets: list[Path],
    game_definition: Path | None,
    action_mapping: Path | None,
    start: int,
    frames: int | None,
    console: Console,
) -> None:
    import sys

    from playloom.quality.step import print_steps, step_session, walk

    if (game_definition is None) != (action_mapping is None):
        raise typer.BadParameter("--game-definition and --action-mapping go together")
    paths = _sessions(targets)
    if len(paths) > 1:
        raise PlayloomError(
            f"--mode step walks through one session, these are {len(paths)}",
            remedy=f"Name one of them, such as {paths[0]}",
        )
    session = step_session(paths[0], game_definition=game_definition, action_mapping=action_mapping)
    if start >= len(session):
        raise PlayloomError(f"the session has {len(session)} frames", remedy="Give --start a smaller number")
    if frames is None and sys.stdin.isatty() and sys.stdout.isatty():
        walk(session, start, console)
        return
    stop = len(session) if frames is None else min(len(session), start + frames)
    print_steps(session, range(start, stop), console)
