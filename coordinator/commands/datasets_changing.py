"""`playloom datasets ingest|tag|remove|rollback|compact|gc`: what is in a dataset changes, by jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coordinator.commands.completion import complete_player
from coordinator.commands.datasets_options import Dataset, Wait, Yes
from playloom.client.options import Access, Json

if TYPE_CHECKING:
    from playloom.client.connection import Connection
    from protos import coordinator_pb2 as pb

REMOVAL_S = 600.0
"""Recordings may be deleted with it, one by one."""

INGEST_S = 300.0


def ingest(
    dataset: Dataset,
    sessions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SESSION...]", help="Their ids. Left out: all of the games that it takes."),
    ] = None,
    *,
    json: Json = False,
    access: Access = None,
) -> None:
    """Queue sessions that are on the server already. One that is named is tried again if it had failed.

    A recording that does not say which game it is of enters where it is named,
    as one of the dataset's game.
    """
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from playloom.figures import count_in_words
    from protos import coordinator_pb2 as pb

    request = pb.IngestSessionsRequest(dataset=dataset, session_ids=sessions or ())
    queued: list[pb.Job] = []
    with connected(access) as server:
        while True:
            some = server.call(server.datasets.IngestSessions, request, timeout_s=INGEST_S).jobs
            queued += some
            if sessions or not some:
                break
    if json:
        print_json(queued)
        return
    console = console_of_command()
    if queued:
        console.print(f"{count_in_words(len(queued), 'session')} queued for {dataset}.", markup=False)
        print_next(console, "playloom jobs list --kind ingest")
    else:
        where = "They are in it already, or converted and wait." if sessions else "There is nothing new for it."
        console.print(where)
        print_next(console, f"playloom datasets show {dataset}")


def tag(
    dataset: Dataset,
    name: Annotated[str, typer.Argument(metavar="TAG", help="Such as paper-2; begins with a letter.")],
    version: Annotated[
        str, typer.Argument(metavar="[VERSION]", help="A number or another tag. Left out: the newest.")
    ] = "",
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Take the name away.")] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Give a version a name, which can be pulled by it. A name is one version's; it can be given to another."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    if delete and version:
        raise typer.BadParameter("with --delete name no version")
    with connected(access) as server:
        if not delete and not version:
            newest = server.call(server.datasets.GetVersion, pb.GetVersionRequest(dataset=dataset))
            version = str(newest.number)
        request = pb.TagVersionRequest(dataset=dataset, tag=name, version=version)
        found = server.call(server.datasets.TagVersion, request)
    if json:
        print_json(found)
        return
    console = console_of_command()
    if delete:
        console.print(f"Version {found.number} of {found.dataset} is not called {name} any more.", markup=False)
        print_next(console, f"playloom datasets versions {found.dataset}")
    else:
        console.print(f"Version {found.number} of {found.dataset} is called {name}.", markup=False)
        print_next(console, f"playloom datasets pull {found.dataset} --version {name}")


def remove(
    dataset: Dataset,
    *,
    session: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="This session, see sessions; again for more.")
    ] = None,
    player: Annotated[
        str,
        typer.Option(
            metavar="PLAYER",
            help="All sessions of this player, those to come included.",
            autocompletion=complete_player,
        ),
    ] = "",
    delete_recordings: Annotated[
        bool, typer.Option("--delete-recordings", help="Also delete the recordings themselves, at once and for good.")
    ] = False,
    yes: Yes = False,
    wait: Wait = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Take sessions out for good: one's own, for operators anyone's.

    From now on they cannot enter again. A job makes the version without them;
    earlier versions that hold them are withdrawn by gc when its grace time is over.
    Models that learned from them are marked.
    """
    from coordinator.commands.access import connected
    from coordinator.commands.datasets_words import is_in, print_checkpoints
    from coordinator.commands.pages import dataset_sessions
    from coordinator.commands.words import console_of_command, plain, print_json, print_next
    from playloom.figures import count_in_words
    from protos import coordinator_pb2 as pb

    if not session and not player:
        raise typer.BadParameter("whose? Give --session or --player")
    request = pb.RemoveFromDatasetRequest(
        dataset=dataset, session_ids=session or (), player=player, delete_recordings=delete_recordings
    )
    with connected(access) as server:
        if not yes:
            known = list(dataset_sessions(server, dataset, player)) if player else []
            theirs = f"everything of {player} ({count_in_words(sum(map(is_in, known)), 'session')} in it)"
            what = " and ".join(
                [*([theirs] if player else []), *([count_in_words(len(session), "session")] if session else [])]
            )
            also = " and delete the recordings for good" if delete_recordings else ""
            typer.confirm(f"Take {what} out of {dataset}{also}? This cannot be undone.", abort=True, err=True)
        done = server.call(server.datasets.RemoveFromDataset, request, timeout_s=REMOVAL_S)
        if not json:
            console = console_of_command()
            count = count_in_words(done.sessions, "session")
            console.print(f"{count} cannot enter {dataset} any more.", markup=False)
            if player:
                console.print(f"Neither can what {player} will send.", markup=False)
            if done.checkpoints:
                print_checkpoints(console, done.checkpoints)
            if not done.HasField("job"):
                console.print("None of them was in it.")
                print_next(console, f"playloom datasets gc {dataset}, so that nothing stays of what was converted")
                return
            console.print(
                f"Earlier versions hold them until they are withdrawn: playloom datasets gc {dataset}.", markup=False
            )
        elif not done.HasField("job"):
            print_json(plain(done))
            return
        _tell(server, done.job, wait=wait, json=json, whole=done)


def rollback(
    dataset: Dataset,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A number or a tag.", show_default=False)],
    *,
    yes: Yes = False,
    wait: Wait = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Make a new version with an earlier one's content, less what was taken out since.

    Sessions that came later leave; ingest brings them back.
    """
    from coordinator.commands.access import connected
    from playloom.errors import PlayloomError
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        wanted = server.call(server.datasets.GetVersion, pb.GetVersionRequest(dataset=dataset, version=version))
        newest = server.call(server.datasets.GetVersion, pb.GetVersionRequest(dataset=dataset))
        if wanted.number == newest.number:
            raise PlayloomError(
                f"version {wanted.number} is the newest already", remedy=f"playloom datasets versions {dataset}"
            )
        if not yes:
            typer.confirm(
                f"Make a version of {dataset} as {wanted.number} was, with {wanted.episodes:,} episodes instead of "
                f"{newest.episodes:,}?",
                abort=True,
                err=True,
            )
        job = _submit(server, "dataset.rollback", {"dataset": wanted.dataset, "version": wanted.number})
        _tell(server, job, wait=wait, json=json)


def compact(dataset: Dataset, *, wait: Wait = False, json: Json = False, access: Access = None) -> None:
    """Make a version with fewer, larger files: the same episodes in the same order."""
    from coordinator.commands.access import connected
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        newest = server.call(server.datasets.GetVersion, pb.GetVersionRequest(dataset=dataset))
        job = _submit(server, "dataset.compact", {"dataset": newest.dataset})
        _tell(server, job, wait=wait, json=json)


def gc(
    dataset: Dataset,
    *,
    grace_hours: Annotated[
        float, typer.Option(metavar="H", min=0, help="Objects younger than this stay: a commit may be under way.")
    ] = 24.0,
    withdraw_after_hours: Annotated[
        float,
        typer.Option(metavar="H", min=0, help="For so long after a removal the versions before it can be read."),
    ] = 24.0,
    wait: Wait = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Withdraw versions that hold what was taken out, and delete every object that no version names any more."""
    from coordinator.commands.access import connected
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.datasets.GetDataset, pb.GetDatasetRequest(dataset=dataset))
        payload = {
            "dataset": found.name,
            "grace_s": grace_hours * 3600,
            "withdraw_after_s": withdraw_after_hours * 3600,
        }
        job = _submit(server, "dataset.gc", payload)
        _tell(server, job, wait=wait, json=json)


def _submit(server: Connection, kind: str, payload: dict[str, Any]) -> pb.Job:
    from playloom.documents import struct_with
    from protos import coordinator_pb2 as pb

    request = pb.SubmitJobRequest(kind=kind, payload=struct_with(payload))
    # A request whose answer was lost must not be made again: it would be a second job.
    return server.call(server.jobs.SubmitJob, request, patience_s=0)


def _tell(server: Connection, job: pb.Job, *, wait: bool, json: bool, whole: Any = None) -> None:
    """Say which job does it, and with ``wait`` how it ends."""
    from coordinator.commands.following import follow_job
    from coordinator.commands.jobs_words import finish_following
    from coordinator.commands.words import console_of_command, plain, print_json, print_next

    if wait:
        finish_following(follow_job(server, job.id, show=not json), json=json)
        return
    if json:
        print_json(job if whole is None else plain(whole))
        return
    console = console_of_command()
    console.print(f"{job.id} {job.kind} is {job.state}.", markup=False)
    print_next(console, f"playloom jobs logs {job.id} --follow")
