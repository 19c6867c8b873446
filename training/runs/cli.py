"""`playloom runs`: what was trained, how far it came, and what made the difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from playloom.objects.object_store import ObjectStore

app = typer.Typer(no_args_is_help=True, help="Training runs: list them, look at one, compare several, keep them safe.")

STORE_VARIABLE = "PLAYLOOM_STORE"

Root = Annotated[Path, typer.Option(metavar="DIR", help="The directory of all runs: run.root of 'playloom train'.")]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Its directory, or its name or the beginning or end of that.", show_default=False
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar=STORE_VARIABLE,
        help="An object store: s3://BUCKET?endpoint=URL, file:///PATH or a path.",
    ),
]
RUNS = Path("runs")


@app.command("list")
def list_runs(
    *,
    root: Root = RUNS,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="Those in this object store, instead of those here.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="So many at most.")] = 30,
    json: Json = False,
) -> None:
    """Runs, the newest first: where they stand, what they learn from, and their best figure."""
    from training.runs.reading import read_runs
    from training.runs.tables import print_json, print_next, print_runs, say, warn

    if store is not None:
        _list_stored(store, json=json)
        return
    runs, problems = read_runs(root)
    for problem in problems:
        warn(str(problem))
    if json:
        print_json([run.to_document() for run in runs[:limit]])
        return
    if not runs:
        say(f"There is no run in {root}.")
        print_next("playloom train idm data.path=DATASET")
        return
    print_runs(runs[:limit])
    if len(runs) > limit:
        say(f"There are {len(runs) - limit} more; see them with --limit {len(runs)}.")
    two = f" {runs[1].name}" if len(runs) > 1 else ""
    print_next(f"playloom runs {'compare' if two else 'show'} {runs[0].name}{two}")


def _list_stored(address: str, *, json: bool) -> None:
    from playloom.runs.stored_run import stored_runs, stored_steps
    from training.runs.tables import print_json, print_next, print_rows, say

    store = _opened(address)
    found = {run: stored_steps(store, run) for run in stored_runs(store)}
    if json:
        print_json([{"name": run, "checkpoints": steps} for run, steps in found.items()])
        return
    if not found:
        say(f"There is no run in {store.url}.")
        print_next(f"playloom runs push RUN --store {address}")
        return
    rows = [(run, str(len(steps)), f"{steps[-1]:,}" if steps else "") for run, steps in found.items()]
    print_rows(("run", "checkpoints", "newest step"), rows)
    print_next(f"playloom runs pull {next(iter(found))} --store {address}")


@app.command()
def show(run: RunName, *, root: Root = RUNS, json: Json = False) -> None:
    """One run: what it was told, how far it is, what it has reached, and what it learned from."""
    from training.runs.reading import find_run
    from training.runs.tables import next_of_run, print_json, print_next, print_run

    found = find_run(run, root)
    if json:
        print_json(
            found.to_document() | {"settings": found.settings, "lineage": found.lineage, "summary": found.summary}
        )
        return
    print_run(found)
    print_next(next_of_run(found))


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Two or more of them.", show_default=False)],
    *,
    root: Root = RUNS,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PNG", help="Where the curves are drawn.")] = Path(
        "runs.png"
    ),
    figure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Draw this figure, as train/loss. May be given again."),
    ] = None,
    curves: Annotated[bool, typer.Option("--curves/--no-curves", help="Whether to draw curves.")] = True,
    json: Json = False,
) -> None:
    """The settings in which runs differ, their figures side by side, and their curves in one picture."""
    from playloom.errors import PlayloomError
    from training.runs.comparing import compare_runs, draw_curves
    from training.runs.reading import find_run
    from training.runs.tables import print_comparison, print_json, print_next, say

    found = {one.path.resolve(): one for one in (find_run(name, root) for name in runs)}
    if len(found) < 2:
        raise PlayloomError("one run alone cannot be compared", remedy="Name two or more: playloom runs list")
    comparison = compare_runs(list(found.values()))
    unknown = [name for name in figure or () if name not in comparison.figures]
    if unknown:
        raise PlayloomError(
            f"none of these runs has the figure '{unknown[0]}'", remedy=f"There are {', '.join(comparison.figures)}"
        )
    drawn = draw_curves(comparison.runs, output, figure or ()) if curves else []
    if json:
        print_json(comparison.to_document() | {"picture": str(output) if drawn else None, "drawn": drawn})
        return
    print_comparison(comparison)
    if drawn:
        say(f"Curves of {', '.join(drawn)} are in {output}.")
    print_next(f"playloom runs show {comparison.runs[0].name}")


@app.command()
def push(
    run: RunName,
    *,
    store: Store = None,
    root: Root = RUNS,
    name: Annotated[str, typer.Option(metavar="NAME", help="What it is called there; by default as here.")] = "",
    register: Annotated[
        bool,
        typer.Option(
            "--register/--no-register",
            help="Tell the server what it learned from, where that came from the server: then the run is marked when a "
            "player takes their data out.",
        ),
    ] = True,
    json: Json = False,
    access: Access = None,
) -> None:
    """Send a run's checkpoints and figures to the object store; what is there already is not sent again."""
    from playloom.figures import bytes_in_words, count_in_words
    from playloom.runs.pushing import push_notes, push_run
    from training.runs.reading import find_run
    from training.runs.tables import print_json, print_next, say

    found = find_run(run, root)
    opened, called = _opened(store), name or found.name
    report = push_run(opened, called, found.path)
    registered = _register(found.path, f"{opened.url.rstrip('/')}/runs/{called}", access) if register else None
    if registered is not None:
        push_notes(opened, called, found.path)
    if json:
        print_json(
            {"name": called, "sent": list(report.steps), "sent_bytes": report.sent_bytes, "registered": registered}
        )
        return
    what = count_in_words(len(report.steps), "checkpoint")
    say(f"{called}: {what} sent, {bytes_in_words(report.sent_bytes)}. It has {len(found.steps)} there and here.")
    if registered:
        say(f"The server knows it as {registered}.")
    print_next(f"on another machine, playloom runs pull {called} --store {opened.url}")


@app.command()
def register(run: RunName, *, root: Root = RUNS, json: Json = False, access: Access = None) -> None:
    """Tell the server what a run learned from, without sending it anywhere: it is marked when data is taken out."""
    from playloom.errors import PlayloomError
    from training.runs.reading import find_run
    from training.runs.tables import print_json, print_next, say

    found = find_run(run, root)
    registered = _register(found.path, str(found.path.absolute()), access)
    if registered is None:
        raise PlayloomError(
            f"{found.name} learned from nothing that came from a server", remedy="There is nothing to register"
        )
    if json:
        print_json({"name": found.name, "registered": registered})
        return
    say(f"The server knows {found.name} as {registered}.")
    print_next("playloom datasets checkpoints")


@app.command()
def pull(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its name in the store.", show_default=False)],
    *,
    store: Store = None,
    root: Root = RUNS,
    step: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            min=0,
            help="The checkpoint of this step; by default the newest and the best. May be given again.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Bring a run from the object store to this machine, to go on with it, to use it or to look at it."""
    from playloom.runs.pulling import pull_run
    from playloom.runs.stored_run import check_run_name
    from training.runs.tables import print_json, print_next, say

    directory = root / check_run_name(run)
    came = pull_run(_opened(store), run, directory, steps=None if step is None else set(step))
    if json:
        print_json({"name": run, "path": str(directory), "came": came})
        return
    words = f"checkpoints of step {', '.join(f'{one:,}' for one in came)} came" if came else "nothing new"
    say(f"{directory}: {words}.")
    print_next(f"playloom runs show {run} --root {root}")


def _opened(address: str | None) -> ObjectStore:
    from playloom.errors import PlayloomError
    from playloom.objects.open_store import open_store

    if address is None:
        raise PlayloomError(
            "the object store is not named", remedy=f"Name it with --store URL, or set {STORE_VARIABLE}"
        )
    return open_store(address)


def _register(directory: Path, location: str, access: Path | None) -> str | None:
    """Register a run; None: it learned from nothing that a server has."""
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access
    from playloom.runs.lineage import note_registered, read_lineage, register_run

    lineage = read_lineage(directory)
    if not lineage.sources and not lineage.parents:
        return None
    with Connection(find_access(access).access) as server:
        made = register_run(server, run=directory.resolve().name, location=location, lineage=lineage)
        note_registered(directory, made.id, server.access.address)
        return made.id
