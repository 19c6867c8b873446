"""`playloom store`: for the person who runs the object store."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Try an object store out.", no_args_is_help=True)


@app.callback()
def store() -> None:
    pass


@app.command()
def check(
    address: Annotated[
        str, typer.Argument(metavar="URL", help="s3://BUCKET?endpoint=https://HOST:PORT, file:///PATH or a path.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Tell whether a store can do what Playloom needs. Writes some small objects and removes them again.

    Keys come from MINIO_ACCESS_KEY and MINIO_SECRET_KEY, or from AWS's variables and files. Exits with 1 if the store
    cannot be used.
    """
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.markup import escape

    from playloom.objects.check import Verdict, check_store
    from playloom.objects.open_store import open_store

    console = Console(emoji=False)
    colours = {Verdict.OK: "green", Verdict.MISSING: "yellow", Verdict.FAILED: "red"}
    found = []
    for ability in check_store(open_store(address)):
        found.append(ability)
        if as_json:
            continue
        line = f"[{colours[ability.verdict]}]{ability.verdict:<8}[/] {ability.name:<17} {escape(ability.detail)}"
        console.print(line, soft_wrap=True)
        if ability.consequence is not None:
            console.print(f"{'':27}{escape(ability.consequence)}", soft_wrap=True)
    failed = any(ability.verdict is Verdict.FAILED for ability in found)
    if as_json:
        typer.echo(json.dumps({"store": address, "usable": not failed, "abilities": [asdict(one) for one in found]}))
    elif failed:
        console.print("This store cannot be used. Next: mend what failed, then check again")
    else:
        console.print("This store can be used")
    raise typer.Exit(1 if failed else 0)
