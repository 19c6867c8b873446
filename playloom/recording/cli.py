"""`playloom recover`: make recordings that were cut off readable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recover(
    targets: Annotated[list[Path], typer.Argument(metavar="SESSION|ROOT...", help="Sessions, or folders of sessions.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one entry a session.")] = False,
) -> None:
    """Make recordings that were cut off (power, full disk, killed program) readable, and say what they lack.

    In a folder, sessions of other recorders, which never have a session.json, are left as they are: name such a
    session itself to recover it.
    """
    import json as json_format
    import os
    import shlex

    from rich.console import Console
    from rich.markup import escape

    from playloom.errors import PlayloomError
    from playloom.recording.recovery import recover_session
    from playloom.recording.session import START_FILE, find_sessions
    from playloom.recording.session_info import INFO_FILE

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    results: list[dict[str, object]] = []

    def report(path: Path, lost: list[str], error: str | None) -> None:
        results.append({"session": str(path), "recovered": error is None, "lost": lost, "error": error})
        if not json:
            verdict = "[red]not recovered[/]" if error else "[green]recovered[/]"
            console.print(f"{verdict} {escape(str(path))}")
            for sentence in lost if error is None else [error]:
                console.print(f"  {escape(sentence)}")

    found: dict[Path, None] = {}
    for target in targets:
        try:
            found |= dict.fromkeys(find_sessions(target))
        except PlayloomError as failure:
            report(target, [], str(failure))
    cut_off = [path for path in found if not (path / INFO_FILE).exists()]
    sessions = [path for path in cut_off if path in targets or (path / START_FILE).exists()]
    common = targets[0] if len(targets) == 1 else Path(os.path.commonpath([target.absolute() for target in targets]))
    named = escape(shlex.quote(str(common)))
    for path in sessions:
        try:
            report(path, [str(damage) for damage in recover_session(path)], None)
        except PlayloomError as failure:
            report(path, [], str(failure))
    failed = sum(not result["recovered"] for result in results)
    if json:
        typer.echo(json_format.dumps(results, indent=2, ensure_ascii=False))
    elif not results:
        console.print(f"Nothing to recover: Playloom's recordings in {named} all have their {INFO_FILE}.")
    else:
        console.print(f"\n{len(results) - failed} recovered, {failed} not.")
    if not json:
        console.print(f"Next: playloom validate {named}")
    if failed:
        raise typer.Exit(1)
