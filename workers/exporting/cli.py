"""`playloom datasets export` and `push`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playloom.client.options import Json
from playloom.datasets.cli import Before, Labels, Players, Root, Sessions, Since, Version

if TYPE_CHECKING:
    from playloom.datasets.opening import OpenedDataset
    from workers.exporting.export import ExportReport

Dataset = Annotated[
    str, typer.Argument(metavar="DATASET|DIR", help="One that was pulled, or any LeRobot v3.0 dataset's directory.")
]


def export(
    dataset: Dataset,
    *,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="It must not exist.", show_default=False)],
    by: Annotated[
        str | None, typer.Option(metavar="WHAT", help="A dataset for each player, or each date, below the directory.")
    ] = None,
    split: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A dataset for each part of a split that was kept.")
    ] = None,
    version: Version = None,
    to: Root = None,
    player: Players = None,
    session: Sessions = None,
    since: Since = None,
    before: Before = None,
    label_source: Labels = None,
    crf: Annotated[int, typer.Option(help="Quality of frames that must be encoded anew; smaller is better.")] = 18,
    max_file_mb: Annotated[int, typer.Option(min=1, help="Episodes share a video file up to this size in MiB.")] = 200,
    json: Json = False,
) -> None:
    """Copy a dataset, or a choice of its episodes, as one contiguous dataset that every LeRobot reader reads right."""
    import json as encoder

    from playloom.errors import OutputError, PlayloomError
    from workers.exporting.parts import ExportBy, divide, read_split

    if by is not None and by not in list(ExportBy):
        raise PlayloomError(f"--by {by} is not known", remedy=f"Choose one of {', '.join(ExportBy)}")
    if by is not None and split is not None:
        raise PlayloomError("--by and --split cannot both be given", remedy="Leave one out")
    root, opened, episodes = _chosen(dataset, version, to, player, session, since, before, label_source)
    if opened is None and (by is not None or split is not None):
        raise PlayloomError(
            "a directory says nothing of players, dates and versions", remedy="Name a dataset that was pulled"
        )
    if output.exists():
        raise OutputError(output, "exists already", remedy="Choose another directory")
    if opened is not None and split is not None:
        wanted = set(episodes)
        parts = {
            name: [episode for episode in chosen if episode in wanted]
            for name, chosen in read_split(split, version=opened.local.version.number).items()
        }
    elif opened is not None and by is not None:
        from playloom.datasets.selection import episode_spans

        parts = divide(episode_spans(opened.local.shards), episodes, ExportBy(by))
    else:
        parts = {"": episodes}
    reports = {
        name: _export(root, opened, chosen, output / name if name else output, crf=crf, max_file_mb=max_file_mb)
        for name, chosen in parts.items()
        if chosen
    }
    if json:
        typer.echo(
            encoder.dumps(
                [
                    {"path": str(one.path), "episodes": one.episodes, "frames": one.frames, "copied": one.copied}
                    for one in reports.values()
                ],
                indent=2,
            )
        )
        return
    for report in reports.values():
        typer.echo(
            f"{report.path}: {report.episodes} episodes, {report.frames} frames; "
            f"{report.copied} copied, {report.episodes - report.copied} encoded anew"
        )
    typer.echo(f"next: playloom datasets verify {next(iter(reports.values())).path}")


def push(
    dataset: Dataset,
    *,
    repo: Annotated[str, typer.Option(metavar="USER/NAME", help="The dataset repository; made if it is missing.")],
    private: Annotated[bool, typer.Option("--private", help="A new repository is for its owner only.")] = False,
    license_id: Annotated[
        str | None, typer.Option("--license", metavar="ID", help="As the Hub names it, such as cc-by-4.0.")
    ] = None,
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable that holds the access token.")
    ] = "HF_TOKEN",
    version: Version = None,
    to: Root = None,
    player: Players = None,
    session: Sessions = None,
    since: Since = None,
    before: Before = None,
    label_source: Labels = None,
    scratch: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the copy is made that is uploaded.")
    ] = None,
) -> None:
    """Upload a dataset, or a choice of its episodes, to the Hugging Face Hub, with a card and its terms."""
    from playloom.hub.push import PushOptions, push_path, token_from

    token_from(token_env)
    root, opened, episodes = _chosen(dataset, version, to, player, session, since, before, label_source)
    terms = "" if opened is None else "; ".join(opened.local.version.all_terms)
    if terms:
        typer.echo(f"terms of this data: {terms}")
    with tempfile.TemporaryDirectory(dir=scratch, prefix="playloom-push-") as directory:
        copy = Path(directory) / "dataset"
        report = _export(root, opened, episodes, copy)
        if terms and not (copy / "NOTICE").exists():
            (copy / "NOTICE").write_text(terms + "\n")
        options = PushOptions(repo=repo, private=private, license=license_id, token_variable=token_env)
        address = push_path(copy, options)
    typer.echo(f"Uploaded {report.episodes} episodes to {address}")
    if license_id is None:
        typer.echo("Its card names no licence yet: choose one there, or push again with --license.")


def _chosen(
    dataset: str,
    version: int | None,
    to: Path | None,
    player: list[str] | None,
    session: list[str] | None,
    since: str | None,
    before: str | None,
    label_source: list[str] | None,
) -> tuple[Path, OpenedDataset | None, list[int]]:
    """The directory, what is known of it, and the chosen episodes."""
    from playloom.datasets.opening import open_dataset
    from playloom.datasets.verifying import INFO_PATH
    from playloom.datasets.words import parse_day
    from playloom.errors import PlayloomError
    from workers.exporting.source import SourceDataset

    directory = Path(dataset)
    if to is None and (directory / INFO_PATH).is_file():
        if player or session or since or before or label_source or version:
            raise PlayloomError(
                "a directory's episodes cannot be chosen by version, player, session, date or label source",
                remedy="Name a dataset that was pulled",
            )
        return directory, None, SourceDataset(directory).episodes["episode_index"].to_pylist()
    opened = open_dataset(
        dataset,
        version,
        root=to,
        players=player or (),
        sessions=session or (),
        since_unix_ns=None if since is None else parse_day(since),
        before_unix_ns=None if before is None else parse_day(before),
        label_sources=label_source or (),
    )
    return opened.path, opened, list(opened.episodes)


def _export(
    root: Path,
    opened: OpenedDataset | None,
    episodes: list[int],
    output: Path,
    *,
    crf: int = 18,
    max_file_mb: int = 200,
) -> ExportReport:
    from workers.exporting.export import export_dataset
    from workers.exporting.source import SourceDataset

    about: dict[str, object] = {}
    if opened is not None:
        about = {"dataset": opened.local.version.dataset, "version": opened.local.version.number}
    return export_dataset(SourceDataset(root), episodes, output, crf=crf, max_file_mb=max_file_mb, about=about)
