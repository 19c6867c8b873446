"""`playloom coordinator` and `playloom up`: a server set up and run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coordinator.backup.cli import backup, check, restore

app = typer.Typer(
    no_args_is_help=True,
    help="The server of many players: set it up with init, then run it. On one machine alone: playloom up.",
)

Directory = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="DIR",
        help="Where it keeps settings, certificates and secrets. By default ~/.local/share/playloom-server.",
    ),
]


@app.command()
def init(
    *,
    directory: Directory = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A name or address by which the PCs reach this machine. May be given again."),
    ] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where calls come. By default 0.0.0.0:50060 with --name.")
    ] = None,
    http: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where HTTP comes. By default 0.0.0.0:50080 with --name.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The HTTP port as the PCs see it, where that is another.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql://USER@HOST/NAME; by default SQLite in DIR.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="s3://BUCKET?endpoint=URL or a path; by default below DIR.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="A certificate that you have; needs --tls-key.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Its key.")] = None,
    operator: Annotated[
        str | None, typer.Option(metavar="PLAYER", help="Who may do everything. By default your user's name.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")] = False,
) -> None:
    """Set up a server: settings, certificates, database and an operator.

    With --name it is for other machines too, and speaks TLS: with your own
    certificate, or one of a private authority that is made here and that the PCs
    are told once. Without --name it listens on loopback only.
    """
    from dataclasses import replace

    from coordinator.greetings import print_setup, setup_as_json
    from coordinator.settings import TlsSettings, embedded_settings
    from coordinator.settings_file import SETTINGS_FILE, save_settings
    from coordinator.setup import set_up
    from playloom.errors import OutputError
    from playloom.listen_address import parse_address

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    root = _root(directory)
    if (root / SETTINGS_FILE).exists():
        raise OutputError(root / SETTINGS_FILE, "is there already", remedy="Edit it, and run: playloom coordinator run")
    names = tuple(name or ())
    defaults = embedded_settings(root)
    host = "0.0.0.0" if names else "127.0.0.1"
    calls = parse_address(listen or defaults.listen.replace("127.0.0.1", host))
    requests = parse_address(http or defaults.http.replace("127.0.0.1", host))
    if calls.is_any and not names:
        raise typer.BadParameter("by which name do the PCs reach this machine? Say it with --name")
    tls = tls_cert is not None or not (calls.is_loopback and requests.is_loopback)
    settings = replace(
        defaults,
        names=names,
        listen=str(calls),
        http=str(requests),
        public_url=public_url,
        database=database or defaults.database,
        store=defaults.store if store is None else store if "://" in store else Path(store).absolute().as_uri(),
        tls=TlsSettings(
            certificate=None if tls_cert is None else tls_cert.absolute(),
            key=None if tls_key is None else tls_key.absolute(),
        )
        if tls
        else None,
    )
    made = set_up(settings, operator=operator or _user_name())
    file = save_settings(settings)
    if json:
        typer.echo(setup_as_json(made, file))
    else:
        print_setup(made, file)


@app.command()
def run(
    *,
    directory: Directory = None,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Refuse an older database instead of bringing it up to date.")
    ] = False,
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the log goes; by default to standard error.")
    ] = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM; calls that run are let end first.

    Its log is one JSON object a line.
    """
    from coordinator.greetings import greet
    from coordinator.run import run_coordinator
    from coordinator.settings_file import SETTINGS_FILE, load_settings
    from playloom.errors import FileError

    root = _root(directory)
    if not (root / SETTINGS_FILE).exists():
        raise FileError(
            root / SETTINGS_FILE,
            "is not there",
            remedy="Set up a server: playloom coordinator init. For this machine alone: playloom up",
        )
    run_coordinator(load_settings(root), greet=greet, log_file=log_file, migrates=not no_migrate)


app.command()(backup)
app.command()(restore)
app.command()(check)


def up(
    *,
    directory: Directory = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where calls come, by default 127.0.0.1:50060.")
    ] = None,
    http: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where HTTP comes, by default 127.0.0.1:50080.")
    ] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Run the server alone; workers on other machines do its jobs.")
    ] = False,
) -> None:
    """Run everything on this machine: one command, no other program, all data below one directory.

    The first time it makes what it needs. You are its operator. It listens on
    loopback; for PCs of other players see: playloom coordinator init --help.
    A worker beside the server turns uploaded sessions into datasets.
    """
    from dataclasses import replace
    from functools import partial

    from coordinator.greetings import greet, worker_words
    from coordinator.local_worker import is_worker_installed
    from coordinator.places import LOG_FILE
    from coordinator.run import run_coordinator
    from coordinator.settings_file import load_settings
    from coordinator.setup import has_operator, make_worker, set_up
    from coordinator.up import worker_of
    from playloom.open_files import FOR_RAY, allow_open_files

    allow_open_files(least=0 if no_worker or not is_worker_installed() else FOR_RAY)
    root = _root(directory)
    settings = load_settings(root)
    settings = replace(settings, listen=listen or settings.listen, http=http or settings.http)
    if not has_operator(root):
        set_up(settings, operator=_user_name())
    words = worker_words(root, wanted=not no_worker, installed=is_worker_installed())
    greeting = partial(greet, also=words)
    if no_worker or not is_worker_installed():
        run_coordinator(settings, greet=greeting, log_file=root / LOG_FILE)
        return
    make_worker(root, settings.database)
    run_coordinator(settings, greet=greeting, log_file=root / LOG_FILE, beside=worker_of)


def _root(directory: Path | None) -> Path:
    from coordinator.places import default_root

    return default_root() if directory is None else directory.expanduser().absolute()


def _user_name() -> str:
    """The name of whoever is at this machine, as a player."""
    import getpass

    try:
        return getpass.getuser() or "operator"
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "operator"
