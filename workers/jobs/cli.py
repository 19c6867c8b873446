"""`playloom worker`: does the coordinator's jobs on a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.client.options import Access

if TYPE_CHECKING:
    from playloom.client.access import ServerAccess
    from workers.jobs.run import RunningWorker

app = typer.Typer(
    no_args_is_help=True,
    help="Turns uploaded sessions into shared datasets: takes the server's jobs and runs them on a Ray cluster.",
)

STORE_VARIABLE = "PLAYLOOM_STORE"
TOKEN_VARIABLE = "PLAYLOOM_WORKER_TOKEN"

_PLACES = "Where its tasks run"
_LIMITS = "What its tasks may take"


@app.callback()
def worker() -> None:
    pass


@app.command()
def run(
    *,
    access: Access = None,
    server: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The server, instead of the one enrolled with.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(metavar="PEM", help="With --server: the certificate of its authority.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --server: a file that holds a worker's token.")
    ] = None,
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="With --server: the environment variable that holds the token.")
    ] = TOKEN_VARIABLE,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=STORE_VARIABLE,
            help="The server's object store: s3://BUCKET?endpoint=URL, file:///PATH or a path.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What it is called in lists of jobs.")] = "",
    slots: Annotated[
        int | None, typer.Option(min=1, max=100, help="Jobs at the same time; by default as many as there are CPUs.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(metavar="KIND,…", help="Kinds of jobs that it takes; by default all it can do.")
    ] = None,
    scratch: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For files under way, on this machine and those of the cluster."),
    ] = None,
    ray_address: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="local: a cluster of this machine alone; auto or HOST:PORT: one that this machine is part of.",
            rich_help_panel=_PLACES,
        ),
    ] = "local",
    ray_cpus: Annotated[
        int | None, typer.Option(min=1, help="CPUs of a local cluster; by default all.", rich_help_panel=_PLACES)
    ] = None,
    resource: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=AMOUNT", help="A resource of the cluster that a task needs.", rich_help_panel=_PLACES
        ),
    ] = None,
    pack: Annotated[
        bool,
        typer.Option("--pack", help="Fill one machine of the cluster after another.", rich_help_panel=_PLACES),
    ] = False,
    ray_dashboard: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where training and labelling are submitted, http://HOST:PORT; by default asked of the cluster.",
            rich_help_panel=_PLACES,
        ),
    ] = None,
    programs: Annotated[
        int,
        typer.Option(min=1, max=100, help="Jobs of training and labelling at the same time.", rich_help_panel=_LIMITS),
    ] = 1,
    retries: Annotated[
        int,
        typer.Option(
            min=0, max=20, help="Begin a task again so often when the cluster lost it.", rich_help_panel=_PLACES
        ),
    ] = 2,
    num_cpus: Annotated[
        float, typer.Option(min=0.0, max=1024.0, help="CPUs that a task takes.", rich_help_panel=_LIMITS)
    ] = 1.0,
    memory_limit: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory of a task's process.", rich_help_panel=_LIMITS)
    ] = "2GB",
    nice: Annotated[
        int,
        typer.Option(
            min=0,
            max=19,
            help="How far tasks of a local cluster stand back behind other programs of this machine.",
            rich_help_panel=_LIMITS,
        ),
    ] = 0,
    lease_s: Annotated[
        float,
        typer.Option(
            min=5.0,
            max=3600.0,
            help="Seconds after which a job of a lost worker is another's.",
            rich_help_panel=_LIMITS,
        ),
    ] = 60.0,
    until_closed: Annotated[bool, typer.Option("--until-closed", hidden=True)] = False,
) -> None:
    """Take jobs and do them until Ctrl-C or SIGTERM; then jobs that run come to their end.

    A second Ctrl-C gives them back to the server, which hands them to another
    worker. The server's object store needs no mention where this machine is the
    server; S3 takes its keys from the environment, as the server does.
    """
    from playloom.errors import PlayloomError
    from playloom.figures import parse_size
    from playloom.open_files import FOR_RAY, allow_open_files
    from workers.jobs.ray_tasks import RaySettings
    from workers.jobs.run import WorkerOptions, run_worker, usual_kinds

    allow_open_files(least=FOR_RAY)
    if store is None:
        raise PlayloomError(
            "the object store is not named", remedy="Name the server's: --store URL, as in its coordinator.yaml"
        )
    options = WorkerOptions(
        access=_access(access, server, ca, token_file, token_env),
        store=store,
        scratch=(scratch or _scratch()).expanduser().absolute(),
        name=name,
        slots=slots,
        kinds=usual_kinds() if kinds is None else tuple(one.strip() for one in kinds.split(",") if one.strip()),
        memory_bytes=parse_size(memory_limit),
        lease_s=lease_s,
        retries=retries,
        programs=programs,
        dashboard=ray_dashboard,
        ray=RaySettings(
            address=ray_address,
            cpus=ray_cpus,
            niceness=nice,
            task_cpus=num_cpus,
            resources=_resources(resource or []),
            spread=not pack,
        ),
    )
    if run_worker(options, _greet, until_closed=until_closed):
        _begin_again()


def _begin_again() -> None:
    """Become this very program anew, in the same process: for who started it, nothing has ended."""
    import os
    import sys

    typer.echo("The worker's node of the Ray cluster has died. Its jobs were given back; it begins again.", err=True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "playloom", *sys.argv[1:]])


def _access(
    access: Path | None, server: str | None, ca: Path | None, token_file: Path | None, token_env: str
) -> ServerAccess:
    import os
    from dataclasses import replace

    from playloom.client.access import server_at
    from playloom.client.finding import find_access
    from playloom.errors import FileError, PlayloomError

    if server is None:
        return find_access(access).access
    if token_file is not None:
        try:
            token = token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(token_file, "cannot be read", remedy="Name the file that holds the token") from error
    else:
        token = os.environ.get(token_env, "").strip()
    if not token:
        raise PlayloomError(
            "there is no token for the server", remedy=f"Name its file with --token-file, or set {token_env}"
        )
    return replace(server_at(server, ca), token=token)


def _scratch() -> Path:
    import os

    from playloom.client.access import HOME_VARIABLE

    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / "scratch"
    from platformdirs import user_cache_path

    return user_cache_path("playloom", appauthor=False) / "scratch"


def _resources(said: list[str]) -> dict[str, float]:
    from playloom.errors import PlayloomError

    found: dict[str, float] = {}
    for one in said:
        name, _, amount = one.partition("=")
        try:
            found[name] = float(amount or "1")
        except ValueError:
            raise PlayloomError(f"'{one}' is no resource", remedy="Write NAME=AMOUNT, as in video=1") from None
    return found


def _greet(running: RunningWorker) -> None:
    jobs = "job" if running.slots == 1 else "jobs"
    typer.echo(f"The worker {running.name} takes jobs, {running.slots} {jobs} at a time.")
    typer.echo("Ctrl-C lets those that run come to their end; a second one gives them back.")
    typer.echo("Next, elsewhere: playloom jobs list")
