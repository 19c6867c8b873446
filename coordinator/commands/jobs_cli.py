"""`playloom jobs`: work that is queued, done, failed."""

from __future__ import annotations

from typing import Annotated

import typer

from coordinator.commands.completion import complete_job, complete_player
from coordinator.jobs.states import JobState
from playloom.client.options import Access, Json

app = typer.Typer(no_args_is_help=True, help="The queue of work: see it, add to it, stop it, try it again.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Its id.", show_default=False, autocompletion=complete_job)]
JobIds = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Their ids.", show_default=False, autocompletion=complete_job)
]


@app.command()
def submit(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="What is to be done; workers ask for kinds.", show_default=False)
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORD…",
            help="Of train and label: what stands behind these in 'playloom train' and 'playloom label'.",
            show_default=False,
        ),
    ] = None,
    *,
    payload: Annotated[
        str, typer.Option(metavar="JSON", help="What the worker needs to know. @FILE reads a file, - the input.")
    ] = "{}",
    priority: Annotated[
        int, typer.Option(metavar="N", min=-1000, max=1000, help="The highest goes first, whoever it is for.")
    ] = 0,
    key: Annotated[
        str, typer.Option(metavar="KEY", help="Submitting again with the same key gives the same job.")
    ] = "",
    need: Annotated[
        list[str] | None,
        typer.Option(metavar="JOB", help="A job that must be done before. May be given again."),
    ] = None,
    attempts: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="How often it is tried.")] = 5,
    after: Annotated[str | None, typer.Option(metavar="SPAN", help="Not before so long from now: 30min, 8h.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show its log until it has ended; exit 1 if it was not done.")
    ] = False,
    json: Json = False,
    access: Access = None,
) -> None:
    """Put a job into the queue.

    Trains on a dataset of the server, as 'playloom train' does here:
    playloom jobs submit train idm data.path=NAME preset=cpu run.name=first

    Labels what the worker's machine has, with a run of the server's store:
    playloom jobs submit label RUN /VIDEOS output=/PLACE
    """
    import time

    from coordinator.commands.access import connected
    from coordinator.commands.following import follow_job
    from coordinator.commands.jobs_words import finish_following
    from coordinator.commands.payload import read_payload
    from coordinator.commands.program_payload import program_payload
    from coordinator.commands.words import console_of_command, print_json, print_next
    from playloom.documents import struct_with
    from playloom.errors import PlayloomError
    from playloom.figures import parse_span
    from protos import coordinator_pb2 as pb

    if words and payload != "{}":
        raise PlayloomError("what the worker needs to know is said twice", remedy="Leave out --payload, or the words")
    request = pb.SubmitJobRequest(
        kind=kind,
        payload=struct_with(program_payload(kind, words)) if words else read_payload(payload),
        priority=priority,
        idempotency_key=key,
        needs=need or (),
        max_attempts=attempts,
        ready_unix_ns=None if after is None else time.time_ns() + parse_span(after) * 1_000_000_000,
    )
    with connected(access) as server:
        # Without a key a request whose answer was lost must not be made again: it would be a second job.
        job = server.call(server.jobs.SubmitJob, request, patience_s=None if key else 0)
        if follow:
            finish_following(follow_job(server, job.id, show=not json), json=json)
            return
    if json:
        print_json(job)
        return
    console = console_of_command()
    console.print(f"{job.id} is {job.state}.", markup=False)
    print_next(console, f"playloom jobs logs {job.id} --follow")


@app.command("list")
def list_jobs(
    *,
    player: Annotated[
        str, typer.Option(metavar="PLAYER", help="Of this player only.", autocompletion=complete_player)
    ] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help="Of this kind only.")] = "",
    state: Annotated[
        list[JobState] | None, typer.Option(help="In this state only. May be given again.", case_sensitive=False)
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="So many at most.")] = 50,
    json: Json = False,
    access: Access = None,
) -> None:
    """Jobs, the newest first. Players see their own, operators everyone's."""
    from coordinator.commands.access import connected
    from coordinator.commands.jobs_words import next_of_jobs, print_jobs
    from coordinator.commands.pages import player_names, some_jobs
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    request = pb.ListJobsRequest(player=player, kind=kind, states=[one.value for one in state or ()])
    with connected(access) as server:
        found = list(some_jobs(server, request, limit + 1))
        names = {} if json or player else player_names(server)
    more, found = len(found) > limit, found[:limit]
    if json:
        print_json(found)
        return
    console = console_of_command()
    if not found:
        console.print("There is no such job." if player or kind or state else "There is no job yet.")
        print_next(console, "playloom jobs submit KIND; or playloom datasets rules, which queue sessions by themselves")
        return
    print_jobs(console, found, names)
    if more:
        console.print(f"There are more; see them with --limit {10 * limit}.", style="dim")
    print_next(console, next_of_jobs(found))


@app.command()
def show(job: JobId, *, json: Json = False, access: Access = None) -> None:
    """One job: what it is, where it stands, why it failed, what came of it."""
    from coordinator.commands.access import connected
    from coordinator.commands.jobs_words import next_of_job, print_job
    from coordinator.commands.pages import player_names
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        found = server.call(server.jobs.GetJob, pb.GetJobRequest(job_id=job))
        names = {} if json else player_names(server)
    if json:
        print_json(found)
        return
    console = console_of_command()
    print_job(console, found, names)
    print_next(console, next_of_job(found))


@app.command()
def logs(
    job: JobId,
    *,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on until the job has ended; exit 1 if it was not done."),
    ] = False,
    after: Annotated[int, typer.Option(metavar="N", min=0, help="Only lines behind this one.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print each line as JSON.")] = False,
    access: Access = None,
) -> None:
    """What the worker says of a job; through restarts of the server, too."""
    from coordinator.commands.access import connected
    from coordinator.commands.following import follow_job, read_log
    from coordinator.commands.jobs_words import finish_following, print_line

    with connected(access) as server:
        if follow:
            ended = follow_job(server, job, after=after, as_json=json)
            finish_following(ended, json=None)
            return
        for line in read_log(server, job, after=after):
            print_line(line, as_json=json)


@app.command()
def cancel(jobs: JobIds, *, json: Json = False, access: Access = None) -> None:
    """Cancel jobs, and those that need them. A worker that has one is told to stop."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        changed = [
            one for job in jobs for one in server.call(server.jobs.CancelJob, pb.CancelJobRequest(job_id=job)).jobs
        ]
    if json:
        print_json(changed)
        return
    console = console_of_command()
    for one in changed:
        how = "its worker is told to stop" if one.cancel_requested else "is cancelled"
        console.print(f"{one.id} {one.kind}: {how}", markup=False)
    if not changed:
        console.print("Cancelled already.")
    print_next(console, f"playloom jobs retry {jobs[0]}, if that was a mistake")


@app.command()
def retry(
    jobs: JobIds,
    *,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="Take the session although this quality gate refused it, as too_short: the job's reason names the "
            "gate. May be given again.",
        ),
    ] = None,
    json: Json = False,
    access: Access = None,
) -> None:
    """Let jobs that are dead or cancelled be tried again, as often as at first."""
    from coordinator.commands.access import connected
    from coordinator.commands.words import console_of_command, print_json, print_next
    from protos import coordinator_pb2 as pb

    with connected(access) as server:
        again = [server.call(server.jobs.RetryJob, pb.RetryJobRequest(job_id=job, accept=accept)) for job in jobs]
    if json:
        print_json(again)
        return
    console = console_of_command()
    for one in again:
        console.print(f"{one.id} {one.kind} is {one.state} again.", markup=False)
    print_next(console, f"playloom jobs logs {again[-1].id} --follow")
