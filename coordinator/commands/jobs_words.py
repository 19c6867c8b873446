"""Jobs in words."""

from __future__ import annotations

import json as json_module
import time
from collections.abc import Mapping, Sequence

import typer
from google.protobuf.struct_pb2 import Struct
from rich.console import Console
from rich.text import Text

from coordinator.commands.words import (
    ago,
    console_of_command,
    moment,
    plain,
    print_facts,
    print_json,
    print_next,
    print_rows,
)
from coordinator.jobs.states import FINAL, JobState
from playloom.documents import document_in
from playloom.figures import age_in_words, one_line
from protos import coordinator_pb2 as pb

ENDED = frozenset(state.value for state in FINAL)

_STYLES = {
    JobState.LEASED: "cyan",
    JobState.DONE: "green",
    JobState.DEAD: "red",
    JobState.CANCELLED: "yellow",
}


def print_jobs(console: Console, jobs: Sequence[pb.Job], players: Mapping[str, str]) -> None:
    """A table, and below it how far those are that are worked on, and why others failed.

    Args:
        console: where to.
        jobs: in their order.
        players: names by id; of those that are not in it none is shown.
    """
    whose = any(job.player_id in players for job in jobs)
    rows = [
        (
            job.id,
            job.kind,
            *([players.get(job.player_id, "")] if whose else []),
            state_text(job),
            f"{job.attempts}/{job.max_attempts}",
            ago(job.created_unix_ns),
        )
        for job in jobs
    ]
    print_rows(console, ("job", "kind", *(["player"] if whose else []), "state", "tries", "age"), rows)
    for job in jobs:
        if news := _news(job):
            style = "red" if job.state == JobState.DEAD else ""
            console.print(f"  {job.id}: {one_line(news)}", style=style, markup=False)


def print_job(console: Console, job: pb.Job, players: Mapping[str, str]) -> None:
    """All that there is to know of one."""
    progress = f"{100 * job.progress:.0f} % " if job.HasField("progress") else ""
    wait_s = job.ready_unix_ns / 1e9 - time.time()
    facts = [
        ("job", job.id),
        ("kind", job.kind),
        ("player", players.get(job.player_id, job.player_id)),
        ("state", job.state + (", asked to stop" if job.cancel_requested else "")),
        ("not before", moment(job.ready_unix_ns) if job.state == JobState.WAITING and wait_s > 0 else ""),
        ("tries", f"{job.attempts} of {job.max_attempts}"),
        ("priority", f"{job.priority}" if job.priority else ""),
        ("key", job.idempotency_key),
        ("worker", job.worker),
        ("progress", f"{progress}{job.progress_text}"),
        ("reason", job.reason),
        ("submitted", moment(job.created_unix_ns)),
        ("begun", moment(job.started_unix_ns) if job.HasField("started_unix_ns") else ""),
        ("ended", _ended(job)),
        ("payload", _in_one_line(job.payload)),
        ("result", _in_one_line(job.result) if job.HasField("result") else ""),
    ]
    print_facts(console, facts)


def state_text(job: pb.Job) -> Text:
    """A job's state in its colour."""
    return Text(job.state, style=_STYLES.get(JobState(job.state), "") if job.state in set(JobState) else "")


def next_of_jobs(jobs: Sequence[pb.Job]) -> str:
    """What to do when one has looked at these."""
    dead = next((job for job in jobs if job.state == JobState.DEAD), None)
    return f"playloom jobs show {(dead or jobs[0]).id}"


def next_of_job(job: pb.Job) -> str:
    """What to do when one has looked at this."""
    match job.state:
        case JobState.DEAD | JobState.CANCELLED:
            return f"playloom jobs logs {job.id}; when what was wrong is mended, playloom jobs retry {job.id}"
        case JobState.DONE:
            return f"playloom jobs logs {job.id}"
        case _:
            return f"playloom jobs logs {job.id} --follow"


def print_line(line: pb.LogLine, *, as_json: bool) -> None:
    """A line of a log, at once."""
    if as_json:
        typer.echo(json_module.dumps(plain(line), ensure_ascii=False))
    else:
        typer.echo(f"{time.strftime('%H:%M:%S', time.localtime(line.unix_ns / 1e9))}  {one_line(line.text)}")


def finish_following(job: pb.Job, *, json: bool | None) -> None:
    """How a job that was followed ended.

    Args:
        job: as it ended.
        json: whether it is printed as JSON; None: neither so nor in words, because its lines are the output.

    Raises:
        typer.Exit: with 1 where it was not done.
    """
    if json:
        print_json(job)
    elif json is None:
        _say_how_it_ended(Console(emoji=False, stderr=True, highlight=False, soft_wrap=True), job)
    else:
        _say_how_it_ended(console_of_command(), job)
    if job.state != JobState.DONE:
        raise typer.Exit(1)


def _say_how_it_ended(console: Console, job: pb.Job) -> None:
    reason = f": {one_line(job.reason)}" if job.reason and job.state == JobState.DEAD else ""
    console.print(f"{job.id} is {job.state}{reason}", markup=False)
    print_next(console, f"playloom jobs show {job.id}" if job.state == JobState.DONE else next_of_job(job))


def _news(job: pb.Job) -> str:
    if job.state == JobState.LEASED:
        return f"{100 * job.progress:.0f} % {job.progress_text}" if job.HasField("progress") else job.progress_text
    return "" if job.state in (JobState.DONE, JobState.CANCELLED) else job.reason


def _ended(job: pb.Job) -> str:
    if not job.HasField("finished_unix_ns"):
        return ""
    if not job.HasField("started_unix_ns"):
        return moment(job.finished_unix_ns)
    took = age_in_words((job.finished_unix_ns - job.started_unix_ns) / 1e9)
    return f"{moment(job.finished_unix_ns)}, {took} after it was begun"


def _in_one_line(struct: Struct) -> str:
    found = document_in(struct)
    return json_module.dumps(found, ensure_ascii=False) if found else ""
