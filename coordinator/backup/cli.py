"""`playloom coordinator backup|restore|check`: keeping what a server knows, and seeing that it is true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playloom.client.options import Json

Directory = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="DIR",
        help="The server's own directory. By default ~/.local/share/playloom-server.",
    ),
]


def backup(
    to: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the backup will lie; it must not be there yet.")],
    *,
    directory: Directory = None,
    json: Json = False,
) -> None:
    """Copy database, settings, certificates and secrets into a folder. The server may run meanwhile.

    Sessions' files are not in it: copy the object store afterwards, with its own
    means. PostgreSQL needs its program pg_dump. Keep the folder to yourself: who
    has it can give themselves away as your server.
    """
    from coordinator.backup.backup import make_backup
    from coordinator.commands.words import console_of_command, print_json, print_next
    from coordinator.settings_file import load_settings
    from playloom.figures import bytes_in_words

    root = _root(directory)
    made = make_backup(load_settings(root), to)
    if json:
        values = {"directory": str(made.directory), "size_bytes": made.size_bytes, "dialect": made.manifest.dialect}
        print_json(values | {"server_id": made.manifest.server_id, "store": made.manifest.store})
        return
    console = console_of_command()
    console.print(f"{bytes_in_words(made.size_bytes)} in {made.directory}, which only you can read.", markup=False)
    print_next(console, f"copy the object store, {made.manifest.store}; and both to another machine")


def restore(
    backup: Annotated[Path, typer.Argument(metavar="FOLDER", help="A backup.", show_default=False)],
    *,
    directory: Directory = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Set aside what is there, and put the backup in its place.")
    ] = False,
    json: Json = False,
) -> None:
    """Put a backup back. The server must not run; what was there is set aside.

    The object store is put back by its own means, before. PostgreSQL needs its
    program pg_restore.
    """
    from coordinator.backup.restore import restore_backup
    from coordinator.commands.words import console_of_command, moment, print_json, print_next

    root = _root(directory)
    manifest, aside = restore_backup(backup, root, replace=replace)
    if json:
        print_json(
            {
                "directory": str(root),
                "made_unix_ns": manifest.made_unix_ns,
                "set_aside": None if aside is None else str(aside),
            }
        )
        return
    console = console_of_command()
    console.print(f"The server is as it was on {moment(manifest.made_unix_ns)}.", markup=False)
    if aside is not None:
        console.print(f"What was there before lies in {aside}.", markup=False)
    option = "" if directory is None else f" --directory {root}"
    print_next(console, f"playloom coordinator check --mend{option}, which takes in what the store has got since then")


def check(
    *,
    directory: Directory = None,
    mend: Annotated[bool, typer.Option("--mend", help="Do something about it: each finding says what.")] = False,
    json: Json = False,
) -> None:
    """Hold database and object store against each other. Exits with 1 if something is left to be done.

    On SQLite the server must not run meanwhile; on PostgreSQL it may.
    """
    import asyncio

    from coordinator.backup.checking import check_coordinator
    from coordinator.commands.words import console_of_command, print_json, print_next, print_rows
    from coordinator.settings_file import load_settings
    from playloom.figures import count_in_words

    root = _root(directory)
    findings = asyncio.run(check_coordinator(load_settings(root), mend=mend))
    left = [finding for finding in findings if not finding.mended]
    if json:
        print_json(
            [
                {"kind": one.kind.value, "subject": one.subject, "detail": one.detail, "mended": one.mended}
                for one in findings
            ]
        )
    else:
        console = console_of_command()
        rows = [(one.kind.value, "mended" if one.mended else "", one.subject, one.detail) for one in findings]
        option = "" if directory is None else f" --directory {root}"
        if rows:
            print_rows(console, ("finding", "", "of", ""), rows)
        else:
            console.print("Database and store say the same.")
        if not left:
            print_next(console, f"playloom coordinator run{option}")
        elif mend:
            console.print(f"{count_in_words(len(left), 'finding')} could not be mended.", style="yellow")
            print_next(
                console, f"look for what is gone in backups of the store, then playloom coordinator check{option}"
            )
        else:
            print_next(console, f"playloom coordinator check --mend{option}")
    if left:
        raise typer.Exit(1)


def _root(directory: Path | None) -> Path:
    from coordinator.places import default_root

    return default_root() if directory is None else directory.expanduser().absolute()
