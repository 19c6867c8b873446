"""Jobs: people see, stop and retry their own, operators everyone's; workers lease them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from coordinator.errors import InvalidError, LeaseLostError, UnknownError
from coordinator.jobs.job import DEFAULT_ATTEMPTS, FINAL, Job, JobRequest, JobState
from coordinator.jobs.listing import PAGE_LIMIT, JobFilter
from coordinator.jobs.taking import MAX_LEASES
from coordinator.players.player import check_name
from coordinator.rpc.context import CallContext, ServerContext, Service, caller_of
from coordinator.rpc.documents import document_of, struct_of
from coordinator.rpc.ownership import see_that_may_submit, see_that_own, see_that_sessions_are_own, whose
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import JobsServicer, add_JobsServicer_to_server

DEFAULT_PAGE = 50
PAGE_BYTES = 1 << 20
"""A page ends early where its jobs are large: a message has its limit."""

LOG_PAGE = 1000
FOLLOW_S = 0.5
"""How often it is looked for new lines of a log that somebody follows."""

DEFAULT_LEASE_S = 60.0
MAX_WAIT_S = 60.0
JOBS_FIGURES_S = 15.0

_REFUSALS: dict[type[BaseException], str] = {
    LeaseLostError: "lease_lost",
    UnknownError: "unknown",
    InvalidError: "invalid",
}


class JobsService(JobsServicer):
    def __init__(self, server: ServerContext) -> None:
        self._server, self._queue = server, server.jobs

    async def SubmitJob(self, request: pb.SubmitJobRequest, context: CallContext) -> pb.Job:  # noqa: N802
        caller = caller_of(context)
        see_that_may_submit(caller, request.kind)
        payload = document_of("payload", request.payload)
        async with self._server.database.read() as connection:
            await see_that_sessions_are_own(connection, caller, payload)
        for need in dict.fromkeys(request.needs):
            await self._own(context, need)
        job = await self._queue.submit(
            JobRequest(
                kind=request.kind,
                player_id=caller.player_id,
                payload=payload,
                priority=request.priority,
                idempotency_key=request.idempotency_key or None,
                needs=tuple(request.needs),
                max_attempts=request.max_attempts or DEFAULT_ATTEMPTS,
                ready_unix_ns=request.ready_unix_ns if request.HasField("ready_unix_ns") else None,
            ),
            open_limit=self._server.settings.limits.open_jobs,
        )
        return job_message(job)

    async def GetJob(self, request: pb.GetJobRequest, context: CallContext) -> pb.Job:  # noqa: N802
        return job_message(await self._own(context, request.job_id))

    async def ListJobs(self, request: pb.ListJobsRequest, context: CallContext) -> pb.ListJobsResponse:  # noqa: N802
        caller = caller_of(context)
        async with self._server.database.read() as connection:
            player_id = await whose(connection, caller, request.player)
        wanted = JobFilter(player_id=player_id, kind=request.kind or None, states=_states(request))
        before = None
        if request.page_token:
            try:
                before = await self._own(context, request.page_token)
            except UnknownError as error:
                raise InvalidError("page_token", "it is of no page", remedy="Begin with the first page") from error
        limit = min(request.page_size or DEFAULT_PAGE, PAGE_LIMIT - 1)
        found = await self._queue.list(wanted, limit=limit + 1, before=before)
        answer = pb.ListJobsResponse()
        size_bytes = 0
        for job in found[:limit]:
            message = job_message(job)
            size_bytes += message.ByteSize()
            if answer.jobs and size_bytes > PAGE_BYTES:
                break
            answer.jobs.append(message)
        if len(found) > len(answer.jobs):
            answer.next_page_token = answer.jobs[-1].id
        return answer

    async def CancelJob(self, request: pb.CancelJobRequest, context: CallContext) -> pb.CancelJobResponse:  # noqa: N802
        await self._own(context, request.job_id)
        return pb.CancelJobResponse(jobs=map(job_message, await self._queue.cancel(request.job_id)))

    async def RetryJob(self, request: pb.RetryJobRequest, context: CallContext) -> pb.Job:  # noqa: N802
        await self._own(context, request.job_id)
        open_limit = self._server.settings.limits.open_jobs
        return job_message(await self._queue.retry(request.job_id, accept=request.accept, open_limit=open_limit))

    async def ReadLog(self, request: pb.ReadLogRequest, context: CallContext) -> AsyncIterator[pb.LogLine]:  # noqa: N802
        after = request.after_line
        while True:
            ended = (await self._own(context, request.job_id)).state in FINAL  # before its lines: then these are all
            lines = await self._queue.log(request.job_id, after=after, limit=LOG_PAGE)
            for line in lines:
                yield pb.LogLine(line=line.line, unix_ns=line.unix_ns, text=line.text)
                after = line.line
            if len(lines) == LOG_PAGE:
                continue
            if ended or not request.follow:
                return
            await asyncio.sleep(FOLLOW_S)

    async def LeaseJobs(self, request: pb.LeaseJobsRequest, context: CallContext) -> pb.LeaseJobsResponse:  # noqa: N802
        return pb.LeaseJobsResponse(jobs=await self._lease(request))

    async def _lease(self, request: pb.LeaseJobsRequest) -> list[pb.Job]:
        jobs = await self._queue.lease(
            worker=check_name("worker", request.worker),
            kinds=request.kinds,
            limit=request.limit or 1,
            lease_s=request.lease_s or DEFAULT_LEASE_S,
            wait_s=min(request.wait_s, MAX_WAIT_S) if request.wait_s > 0 else 0,  # NaN waits for nothing
        )
        return [job_message(job) for job in jobs]

    async def Heartbeat(self, request: pb.HeartbeatRequest, context: CallContext) -> pb.HeartbeatResponse:  # noqa: N802
        beat = await self._queue.heartbeat(
            request.job_id,
            request.fence,
            lease_s=request.lease_s or DEFAULT_LEASE_S,
            progress=request.progress if request.HasField("progress") else None,
            progress_text=request.progress_text if request.HasField("progress_text") else None,
        )
        return pb.HeartbeatResponse(
            lease_until_unix_ns=beat.lease_until_unix_ns, cancel_requested=beat.cancel_requested
        )

    async def CompleteJob(self, request: pb.CompleteJobRequest, context: CallContext) -> pb.CompleteJobResponse:  # noqa: N802
        await self._queue.complete(request.job_id, request.fence, _result(request))
        return pb.CompleteJobResponse()

    async def CompleteJobs(self, request: pb.CompleteJobsRequest, context: CallContext) -> pb.CompleteJobsResponse:  # noqa: N802
        if len(request.done) > MAX_LEASES:
            raise InvalidError("done", f"there are more than {MAX_LEASES}", remedy="Send them in several calls")
        # Begun before the lease, and served with it: what is done, and then what is taken.
        outcomes = asyncio.gather(*map(self._complete, request.done), return_exceptions=True)
        jobs = await self._lease(request.then_lease) if request.HasField("then_lease") else ()
        refused = zip(request.done, await outcomes, strict=True)
        return pb.CompleteJobsResponse(
            refused=[_refusal(done, error) for done, error in refused if error is not None], jobs=jobs
        )

    def _complete(self, done: pb.CompleteJobRequest) -> asyncio.Future[None]:
        try:
            return self._queue.complete(done.job_id, done.fence, _result(done))
        except InvalidError as error:  # of this one only
            refused = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    async def FailJob(self, request: pb.FailJobRequest, context: CallContext) -> pb.FailJobResponse:  # noqa: N802
        state = await self._queue.fail(
            request.job_id, request.fence, reason=request.reason or "the worker gave no reason", retry=request.retry
        )
        return pb.FailJobResponse(state=state.value)

    async def AppendLog(self, request: pb.AppendLogRequest, context: CallContext) -> pb.AppendLogResponse:  # noqa: N802
        await self._queue.say(request.job_id, request.fence, request.lines)
        return pb.AppendLogResponse()

    async def _own(self, context: CallContext, job_id: str) -> Job:
        job = await self._queue.get(job_id)
        see_that_own(caller_of(context), job.player_id, "job", job_id)
        return job

    async def keep_figures(self) -> None:
        """Keep the figures of the queue up to date, until cancelled."""
        while True:
            for state, count in (await self._queue.counts()).items():
                self._server.metrics.jobs.labels(state.value).set(count)
            await asyncio.sleep(JOBS_FIGURES_S)


def _result(done: pb.CompleteJobRequest) -> dict[str, Any] | None:
    return document_of("result", done.result) if done.HasField("result") else None


def _refusal(done: pb.CompleteJobRequest, error: BaseException) -> pb.RefusedCompletion:
    why = _REFUSALS.get(type(error))
    if why is None:  # nothing about this job: the call fails
        raise error
    return pb.RefusedCompletion(job_id=done.job_id, fence=done.fence, why=why, reason=str(error))


def job_message(job: Job) -> pb.Job:
    return pb.Job(
        id=job.id,
        kind=job.kind,
        player_id=job.player_id,
        state=job.state.value,
        payload=struct_of(job.payload),
        priority=job.priority,
        idempotency_key=job.idempotency_key or "",
        attempts=job.attempts,
        max_attempts=job.max_attempts,
        ready_unix_ns=job.ready_unix_ns,
        fence=job.fence,
        worker=job.worker or "",
        lease_until_unix_ns=job.lease_until_unix_ns,
        cancel_requested=job.cancel_requested,
        progress=job.progress,
        progress_text=job.progress_text or "",
        result=struct_of(job.result),
        reason=job.reason or "",
        created_unix_ns=job.created_unix_ns,
        started_unix_ns=job.started_unix_ns,
        finished_unix_ns=job.finished_unix_ns,
    )


def jobs_service(server: ServerContext) -> Service:
    service = JobsService(server)
    return Service(
        add=lambda to: add_JobsServicer_to_server(service, to),
        work=(server.jobs.keep_up_forever, service.keep_figures),
    )


def _states(request: pb.ListJobsRequest) -> tuple[JobState, ...]:
    try:
        return tuple(JobState(state) for state in dict.fromkeys(request.states))
    except ValueError as error:
        raise InvalidError("states", f"there are {', '.join(JobState)}") from error
