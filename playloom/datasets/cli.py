"""Commands of `playloom datasets` for who reads a dataset: pull, open, verify, diff, stats, split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from playloom.datasets.server_dataset import ServerDataset

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Its name.", show_default=False)]
Root = Annotated[
    Path | None,
    typer.Option("--to", metavar="DIR", help="Where the copy lies, instead of the user's own data directory."),
]
Version = Annotated[
    int | None, typer.Option("--version", metavar="N", min=1, help="Its number. Left out: the newest that is here.")
]
Players = Annotated[list[str] | None, typer.Option("--player", metavar="NAME", help="Of this player; again for more.")]
Sessions = Annotated[list[str] | None, typer.Option("--session", metavar="ID", help="Of this session; again for more.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Recorded on this day or later: 2026-01-31.")
]
Before = Annotated[str | None, typer.Option("--before", metavar="DATE", help="Recorded before this day.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label-source", metavar="NAME", help="'recorded', or who labelled; again for more."),
]


def pull(
    name: Name,
    *,
    version: Annotated[
        str, typer.Option("--version", metavar="V", help="A number or a tag. Left out: the newest.")
    ] = "",
    to: Root = None,
    json: Json = False,
    access: Access = None,
) -> None:
    """Bring a dataset to this machine, or what is new of it. Interrupt it as you like: what has come stays."""
    from playloom.datasets.local_copy import LocalCopy
    from playloom.datasets.opening import default_root
    from playloom.datasets.pulling import pull_version
    from playloom.datasets.words import print_report, pull_json
    from playloom.datasets.words import progress as bar

    copy = LocalCopy(default_root(name) if to is None else to)
    with (
        _server_dataset(name, access) as remote,
        bar("pulling", shown=not json) as (planned, moved),
    ):
        report = pull_version(
            remote, copy, version, planned=lambda files, size_bytes: planned(size_bytes), received=moved
        )
    if json:
        typer.echo(pull_json(report))
        return
    print_report(report, name, named=to)


def open_command(
    name: Name,
    *,
    version: Version = None,
    to: Root = None,
    player: Players = None,
    session: Sessions = None,
    since: Since = None,
    before: Before = None,
    label_source: Labels = None,
    json: Json = False,
) -> None:
    """Where a pulled version lies, and which episodes are whose: what LeRobotDataset is to be given."""
    from playloom.datasets.opening import open_dataset
    from playloom.datasets.words import open_json, parse_day, print_opened

    opened = open_dataset(
        name,
        version,
        root=to,
        players=player or (),
        sessions=session or (),
        since_unix_ns=None if since is None else parse_day(since),
        before_unix_ns=None if before is None else parse_day(before),
        label_sources=label_source or (),
    )
    if json:
        typer.echo(open_json(opened))
        return
    print_opened(opened)


def verify(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET|DIR", help="One that was pulled, or any LeRobot dataset's directory.")
    ],
    *,
    version: Version = None,
    to: Root = None,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every frame as well; takes long.")] = False,
    json: Json = False,
) -> None:
    """See that a dataset is what it says: every hash, every index, every frame count."""
    from playloom.datasets.opening import open_dataset
    from playloom.datasets.verifying import INFO_PATH, verify_directory, verify_version
    from playloom.datasets.words import print_faults, verify_json
    from playloom.datasets.words import progress as bar

    directory = Path(dataset)
    if to is None and (directory / INFO_PATH).is_file():
        faults = verify_directory(directory, decode=decode)
        looked_at = str(directory)
    else:
        local = open_dataset(dataset, version, root=to).local
        looked_at = f"version {local.version.number} of {local.version.dataset}"
        with bar("verifying", shown=not json) as (planned, moved):
            planned(sum(file.size_bytes for file in local.files()))
            faults = verify_version(local, decode=decode, looked_at=moved)
    if json:
        typer.echo(verify_json(faults))
    else:
        print_faults(looked_at, faults, decoded=decode)
    if faults:
        raise typer.Exit(1)


def diff(
    name: Name,
    first: Annotated[str, typer.Argument(metavar="FROM", help="A version's number or tag.")],
    second: Annotated[str, typer.Argument(metavar="TO", help="Another's. Left out: the newest.")] = "",
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """What came and what went between two versions on the server."""
    from playloom.datasets.differences import compare_versions
    from playloom.datasets.words import diff_json, print_difference
    from playloom.manifest.reading import read_shards

    with _server_dataset(name, access) as remote:
        manifests = [remote.manifest(remote.version(version)) for version in (first, second)]
        shards = [tuple(read_shards(remote.fetch, manifest)) for manifest in manifests]
    found = compare_versions(shards[0], shards[1], manifests[0].meta_files, manifests[1].meta_files)
    if json:
        typer.echo(diff_json(found))
        return
    print_difference(name, manifests[0].number, manifests[1].number, found)


def stats(name: Name, *, version: Version = None, to: Root = None, json: Json = False) -> None:
    """How much of whom there is in a pulled version, and how its actions are distributed."""
    from playloom.datasets.opening import open_dataset
    from playloom.datasets.words import print_stats, stats_json

    local = open_dataset(name, version, root=to).local
    if json:
        typer.echo(stats_json(local))
        return
    print_stats(local)


def split(
    name: Name,
    *,
    by: Annotated[str, typer.Option(help="What stays together: player or session.")] = "session",
    validation: Annotated[float, typer.Option(metavar="SHARE", help="Of the frames, 0 to 1.")] = 0.1,
    test: Annotated[float, typer.Option(metavar="SHARE", help="Of the frames, 0 to 1.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    version: Version = None,
    to: Root = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Also write the split as JSON for a training run.")
    ] = None,
    json: Json = False,
) -> None:
    """Divide a pulled version into training, validation and test: by player or session, never by frame."""
    from playloom.datasets.opening import open_dataset
    from playloom.datasets.selection import episode_spans
    from playloom.datasets.splitting import SplitBy, split_episodes
    from playloom.datasets.words import print_split, split_json
    from playloom.errors import PlayloomError
    from playloom.output_files import output_file

    if by not in list(SplitBy):
        raise PlayloomError(f"--by {by} is not known", remedy=f"Choose one of {', '.join(SplitBy)}")
    local = open_dataset(name, version, root=to).local
    found = split_episodes(episode_spans(local.shards), by=SplitBy(by), validation=validation, test=test, seed=seed)
    text = split_json(local, found, by=by, seed=seed)
    if output is not None:
        with output_file(output) as path:
            path.write_text(text + "\n")
    if json:
        typer.echo(text)
        return
    print_split(local, found, output)


@contextmanager
def _server_dataset(name: str, access: Path | None) -> Iterator[ServerDataset]:
    from playloom.client.connection import Connection
    from playloom.client.finding import find_access
    from playloom.datasets.server_dataset import ServerDataset

    with Connection(find_access(access).access) as connection, ServerDataset(connection, name) as remote:
        yield remote
