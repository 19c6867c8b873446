"""A coordinator as a whole: TLS, its end, its HTTP port, streams, health and reflection."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from coordinator.errors import DatabaseError
from coordinator.server import running
from coordinator.settings import TlsSettings, embedded_settings
from playloom.listen_address import AddressError
from protos import coordinator_pb2 as pb
from protos.coordinator_pb2_grpc import ServerStub
from tests.support.coordinators import OPERATOR, PLAYER, WORKER, Served, refusal, served
from tests.support.postgres import is_installed, postgres_server

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
INFO = pb.GetServerInfoRequest()


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coordinator.db'}"


def run(address: str, root: Path, work: Callable[[Served], Awaitable[None]], **changes: Any) -> None:
    async def all_of_it() -> None:
        async with served(address, root, **changes) as server:
            await work(server)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


def trusted(server: Served) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials((server.settings.root / "tls" / "ca.pem").read_bytes())


# TLS


def test_with_tls_those_who_know_the_authority_are_answered(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        for host in ("localhost", "127.0.0.1"):
            info = await ServerStub(server.channel(trusted(server), host=host)).GetInfo(INFO)
            assert info.server_id.startswith("server_")
        assert server.server.certificate is not None
        assert "games.lan" in server.server.certificate.names

    run(address, tmp_path, work, tls=TlsSettings(), names=("games.lan",))


def test_a_server_is_not_believed_by_a_wrong_name_nor_by_strangers(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        async def code(credentials: grpc.ChannelCredentials | None, host: str = "localhost") -> Any:
            return (await refusal(ServerStub(server.channel(credentials, host=host)).GetInfo(INFO, timeout=10)))[0]

        assert await code(trusted(server), "127.0.0.2") is UNAVAILABLE
        assert await code(grpc.ssl_channel_credentials()) is UNAVAILABLE  # knows the system's authorities only
        assert await code(None) is UNAVAILABLE  # speaks no TLS

    run(address, tmp_path, work, tls=TlsSettings(), listen="0.0.0.0:0")


def test_http_speaks_tls_with_the_same_certificate(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        knows = ssl.create_default_context(cafile=str(server.settings.root / "tls" / "ca.pem"))
        port = server.server.http_address.rpartition(":")[2]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"https://localhost:{port}/healthz", ssl=knows) as answer:
                assert (answer.status, await answer.json()) == (200, {"status": "ok"})
            with pytest.raises(aiohttp.ClientError):
                await http.get(f"https://127.0.0.2:{port}/healthz", ssl=knows)
            with pytest.raises(aiohttp.ClientError):
                await http.get(f"http://127.0.0.1:{port}/healthz")

    run(address, tmp_path, work, tls=TlsSettings(), http="0.0.0.0:0")


@pytest.mark.parametrize("changes", [{"listen": "0.0.0.0:0"}, {"http": "[::]:0"}, {"listen": "192.0.2.1:50060"}])
def test_off_loopback_it_does_not_listen_without_tls(address: str, tmp_path: Path, changes: dict[str, str]) -> None:
    async def work(_: Served) -> None:
        raise AssertionError

    with pytest.raises(AddressError, match="elsewhere than on loopback a coordinator speaks TLS only"):
        run(address, tmp_path, work, **changes)
    assert not (tmp_path / "coordinator.db").exists()


def test_a_taken_port_is_said_and_everything_is_let_go_of(address: str, tmp_path: Path) -> None:
    async def nothing(_: Served) -> None:
        pass

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for changes in ({"listen": taken}, {"http": taken}):
            with pytest.raises(AddressError, match="the port is taken"):
                run(address, tmp_path, nothing, **changes)
    run(address, tmp_path, nothing)


def test_two_coordinators_on_one_sqlite_file_are_refused_and_on_one_postgresql_serve_both(
    database_address: str, tmp_path: Path
) -> None:
    async def work(first: Served) -> None:
        if first.settings.database.startswith("sqlite"):
            with pytest.raises(DatabaseError, match="another coordinator works on"):
                async with served(database_address, tmp_path / "second"):
                    pass
            return
        async with served(database_address, tmp_path / "second") as second:
            made = await first.token("ada", PLAYER)
            ada = second.with_token(made.secret)
            job = await ada.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="convert"))
            worker = await first.client("rig", WORKER)
            request = pb.LeaseJobsRequest(worker="w", kinds=["convert"], wait_s=5)
            assert [each.id for each in (await worker.call("Jobs.LeaseJobs", request)).jobs] == [job.id]
            infos = [await s.with_token(None).call("Server.GetInfo", INFO) for s in (first, second)]
            assert infos[0].server_id == infos[1].server_id

    run(database_address, tmp_path, work)


def test_while_postgresql_is_away_calls_are_to_be_tried_again_and_afterwards_all_goes_on(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")

    async def wait_for(call: Callable[[], Awaitable[Any]], code: grpc.StatusCode) -> None:
        async with asyncio.timeout(30):
            while await code_of(call()) is not code:
                await asyncio.sleep(0.1)

    async def code_of(call: Awaitable[Any]) -> grpc.StatusCode:
        try:
            await call
        except grpc.aio.AioRpcError as error:
            failed.add(error.code())
            return error.code()
        return grpc.StatusCode.OK

    async def work(server: Served) -> None:
        ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
        job = await ada.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="convert"))
        health = f"http://{server.server.http_address}/healthz"
        database.kill()
        await wait_for(lambda: ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id)), UNAVAILABLE)
        async with aiohttp.ClientSession() as http, http.get(health) as answer:
            assert answer.status == 503
        await asyncio.to_thread(database.start)
        await wait_for(lambda: ada.call("Jobs.GetJob", pb.GetJobRequest(job_id=job.id)), grpc.StatusCode.OK)
        request = pb.LeaseJobsRequest(worker="w", kinds=["convert"], wait_s=5)
        assert [each.id for each in (await worker.call("Jobs.LeaseJobs", request)).jobs] == [job.id]
        assert failed == {UNAVAILABLE}

    failed: set[grpc.StatusCode] = set()
    root = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with postgres_server(root) as database:
            run(database.create_database("coordinator"), tmp_path, work)
    finally:
        shutil.rmtree(root, ignore_errors=True)


# Its end


def test_at_its_end_calls_that_run_are_answered_and_new_ones_are_not(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def slow(*_: object) -> Any:
        await asyncio.sleep(1)
        ended.append("answered")
        raise ValueError

    async def all_of_it() -> None:
        async with asyncio.timeout(30):
            async with served(address, tmp_path) as server:
                client = await server.client("ada", PLAYER)
                monkeypatch.setattr(server.server.context.jobs, "get", slow)
                running_call = asyncio.create_task(refusal(client.call("Jobs.GetJob", pb.GetJobRequest(job_id="x"))))
                await asyncio.sleep(0.3)
                drained = asyncio.create_task(server.drain(10))
                await asyncio.sleep(0.2)
                code, _ = await refusal(server.with_token(None).call("Server.GetInfo", INFO))
                assert code is UNAVAILABLE
                assert ended == []
                assert (await running_call)[0] is grpc.StatusCode.INTERNAL  # it was answered
                assert ended == ["answered"]
                await drained

    asyncio.run(all_of_it())


def test_at_its_end_workers_that_wait_get_no_job_and_followers_are_told_to_come_again(
    address: str, tmp_path: Path
) -> None:
    async def all_of_it() -> None:
        async with asyncio.timeout(30):
            async with served(address, tmp_path) as server:
                ada, worker = await server.client("ada", PLAYER), await server.client("rig", WORKER)
                job = await ada.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="other"))
                request = pb.LeaseJobsRequest(worker="w", kinds=["convert"], wait_s=60)
                waiting = asyncio.create_task(worker.call("Jobs.LeaseJobs", request))
                follow = ada.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id, follow=True))
                following = asyncio.create_task(refusal(follow))
                await asyncio.sleep(0.5)
                begin_s = time.monotonic()
                await server.drain(20)
                assert time.monotonic() - begin_s < 10
                assert list((await waiting).jobs) == []
                assert await following == (
                    UNAVAILABLE,
                    "the coordinator is being stopped. Try again in a moment",
                )

    asyncio.run(all_of_it())


# Streams


def test_a_stream_ends_when_its_token_is_revoked(database_address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER)
        ada, operator = server.with_token(made.secret), await server.client("olga", OPERATOR)
        job = await ada.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="convert"))
        follow = ada.begin("Jobs.ReadLog", pb.ReadLogRequest(job_id=job.id, follow=True))
        following = asyncio.create_task(refusal(follow))
        await asyncio.sleep(0.3)
        await operator.call("Players.RevokeToken", pb.RevokeTokenRequest(token_id=made.token.id))
        assert await asyncio.wait_for(following, 10) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "the token is good no longer",
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coordinator.rpc.streams.LOOK_S", 0.2)
        run(database_address, tmp_path, work)


def test_when_a_token_was_used_last_is_noted(
    database_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.rpc.server.NOTE_USES_S", 0.1)

    async def work(server: Served) -> None:
        made = await server.token("ada", PLAYER, OPERATOR)
        client = server.with_token(made.secret)
        while True:
            (token,) = (await client.call("Players.ListTokens", pb.ListTokensRequest(player="ada"))).tokens
            if token.HasField("used_unix_ns"):
                break
            await asyncio.sleep(0.05)
        assert token.used_unix_ns == server.time()

    run(database_address, tmp_path, work)


# Health, reflection, HTTP


def test_health_is_told_to_everyone_and_services_are_listed_to_those_with_a_token(address: str, tmp_path: Path) -> None:
    async def asked(_: object = None) -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async def work(server: Served) -> None:
        channel = server.channel()
        for service in ("", "playloom.v1"):
            health: Any = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        assert (await refusal(reflection.ServerReflectionInfo(asked())))[0] is grpc.StatusCode.UNAUTHENTICATED
        metadata = (await server.client("ada", PLAYER)).metadata
        async for listed in reflection.ServerReflectionInfo(asked(), metadata=metadata):
            names = [service.name for service in listed.list_services_response.service]
            assert "playloom.v1.Jobs" in names
            break

    run(address, tmp_path, work)


def test_figures_are_there_for_prometheus_and_name_no_player(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        client = await server.client("ada", PLAYER)
        job = await client.call("Jobs.SubmitJob", pb.SubmitJobRequest(kind="convert"))
        await refusal(client.call("Jobs.LeaseJobs", pb.LeaseJobsRequest()))
        async with aiohttp.ClientSession() as http, http.get(f"http://{server.server.http_address}/metrics") as answer:
            text = await answer.text()
        assert 'playloom_calls_total{code="OK",method="/playloom.v1.Jobs/SubmitJob"} 1.0' in text
        assert 'playloom_calls_total{code="PERMISSION_DENIED",method="/playloom.v1.Jobs/LeaseJobs"} 1.0' in text
        assert 'playloom_call_seconds_count{method="/playloom.v1.Jobs/SubmitJob"} 1.0' in text
        assert job.player_id not in text

    run(address, tmp_path, work)


def test_off_loopback_figures_need_an_operators_token(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        knows = ssl.create_default_context(cafile=str(server.settings.root / "tls" / "ca.pem"))
        url = f"https://localhost:{server.server.http_address.rpartition(':')[2]}/metrics"
        tokens = [(await server.token(name, scope)).secret for name, scope in (("a", PLAYER), ("o", OPERATOR))]
        async with aiohttp.ClientSession() as http:
            statuses = []
            for header in ({}, {"Authorization": f"Bearer {tokens[0]}"}, {"Authorization": f"Bearer {tokens[1]}"}):
                async with http.get(url, ssl=knows, headers=header) as answer:
                    statuses.append(answer.status)
        assert statuses == [401, 401, 200]

    run(address, tmp_path, work, tls=TlsSettings(), http="0.0.0.0:0")


def test_a_connection_that_sends_half_a_request_is_closed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.http.server.IDLE_S", 0.5)

    async def work(server: Served) -> None:
        host, _, port = server.server.http_address.rpartition(":")
        for sent in (b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: y\r\n"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()

    run(address, tmp_path, work)


def test_an_object_of_a_directory_store_is_given_to_who_has_its_url(address: str, tmp_path: Path) -> None:
    async def work(server: Served) -> None:
        store = server.server.context.store
        store.put("sessions/x/capture.mp4", b"some pictures")
        signed = store.sign_get("sessions/x/capture.mp4", expires_s=60)
        assert signed.url.startswith(f"http://{server.server.http_address}/objects/sessions/x/capture.mp4?")
        async with aiohttp.ClientSession() as http:
            async with http.get(signed.url) as answer:
                assert (answer.status, await answer.read()) == (200, b"some pictures")
            async with http.get(signed.url.replace("capture.mp4", "actions.bin")) as answer:
                assert answer.status == 403

    run(address, tmp_path, work)


def test_an_older_database_is_refused_where_it_may_not_be_changed(address: str, tmp_path: Path) -> None:
    async def work() -> None:
        settings = embedded_settings(tmp_path / "coordinator")
        with pytest.raises(DatabaseError, match="of an older version"):
            async with running(settings, migrates=False):
                pass

    asyncio.run(work())
