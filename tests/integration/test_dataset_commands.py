"""`playloom datasets …` and what `sessions delete` says of them, run as people run them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from protos import coordinator_pb2 as pb
from tests.support.coordinators import OPERATOR, PLAYER, served
from tests.support.dataset_service import Desk, Said

EXAMPLES = Path(__file__).parents[2] / "examples/games"


class People:
    """An operator and a player at their machines."""

    def __init__(self, desk: Desk, operator: str, player: str) -> None:
        self.desk, self._operator, self._player = desk, operator, player

    async def run(self, *arguments: str, player: bool = False, given: str = "") -> Said:
        return await self.desk.command(*arguments, token=self._player if player else self._operator, given=given)

    async def said(self, *arguments: str, player: bool = False) -> str:
        done = await self.run(*arguments, player=player)
        assert (done.status, done.err) == (0, ""), done
        return done.out

    async def json(self, *arguments: str, player: bool = False) -> Any:
        return json.loads(await self.said(*arguments, "--json", player=player))

    async def refused(self, *arguments: str, player: bool = False, status: int = 1) -> str:
        done = await self.run(*arguments, player=player)
        assert (done.status, done.out) == (status, ""), done
        return " ".join(done.err.split())


def run(root: Path, work: Callable[[People], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with served(f"sqlite:///{root / 'coordinator.db'}", root) as server:
            operator, player = await server.token("opal", OPERATOR), await server.token("ada", PLAYER)
            await work(People(await Desk.of(server), operator.secret, player.secret))

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


def test_a_dataset_is_created_for_a_game_whose_sessions_are_queued_by_themselves(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        game = str(EXAMPLES / "vizdoom-basic.yaml")
        said = await people.said(
            "datasets",
            "create",
            "doom",
            "--game",
            game,
            "--size",
            "64x48",
            "--gate",
            "too_short=10",
            "--gate",
            "frozen=off",
            "--who-acted",
        )
        assert said.startswith("doom is a dataset now: 64x48 at 30 frames a second.\nSessions of ")
        assert said.endswith("Next: playloom datasets ingest doom, for sessions that are there already\n")
        shown = await people.json("datasets", "show", "doom")
        assert shown["config"]["gates"] == {"too_short": 10, "frozen": False}
        assert shown["config"]["width"] == 64
        assert shown["config"]["who_acted"] is True
        assert "also keeps  who acted" in await people.said("datasets", "show", "doom")
        assert len(shown["game_ids"]) == 1
        assert "too_short=10" in await people.said("datasets", "show", "doom")
        (listed,) = [one for one in await people.json("datasets", "list") if one["name"] == "doom"]
        assert listed["game_ids"] == shown["game_ids"]

        refused = await people.refused("datasets", "create", "odd", "--game", game, "--size", "65x48")
        assert "config.width: 65 is odd" in refused
        refused = await people.refused("datasets", "create", "odd", "--game", game, "--gate", "loud=3")
        assert "config.gates.loud: no quality gate is called so. There are too_short" in refused
        refused = await people.refused("datasets", "create", "odd", "--game", game, "--class-id", "mage")
        assert "config.class_ids: the game has no class 'mage'" in refused
        assert "--size big is no size" in await people.refused(
            "datasets", "create", "x", "--game", game, "--size", "big"
        )
        assert [one["name"] for one in await people.json("datasets", "list")] == ["arcade", "doom"]

    run(tmp_path, work)


def test_what_is_in_a_dataset_is_listed_by_player_and_version(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        assert "It has no version yet." in await people.said("datasets", "versions", "arcade")
        assert "No session has come to it yet." in await people.said("datasets", "sessions", "arcade")
        first, ids = await desk.grown(2, "ada")
        bob = await desk.session("bob")
        await desk.stage(bob)
        await desk.commit(first, [(bob, 1, 100)])
        waiting = await desk.session("cleo")
        await desk.stage(waiting)

        shown = await people.json("datasets", "show", "arcade")
        assert (shown["version"], shown["sessions"], shown["staged"]) == (2, 3, 1)
        assert [(one["player"], one["sessions"], one["staged"]) for one in shown["players"]] == [
            ("ada", 2, 0),
            ("bob", 1, 0),
            ("cleo", 0, 1),
        ]
        said = await people.said("datasets", "show", "arcade")
        assert "1 converted" in said
        assert said.endswith("Next: playloom datasets pull arcade\n")
        assert [one["number"] for one in await people.json("datasets", "versions", "arcade")] == [2, 1]
        assert [one["number"] for one in await people.json("datasets", "versions", "arcade", "--limit", "1")] == [2]
        members = await people.json("datasets", "sessions", "arcade")
        assert [(one["session_id"], one["added_version"]) for one in members] == [
            (ids[0], 1),
            (ids[1], 1),
            (bob, 2),
            (waiting, 0),
        ]
        said = await people.said("datasets", "sessions", "arcade", "--player", "cleo")
        assert "converted, waits" in said

        assert "Version 1 of arcade is called paper." in await people.said("datasets", "tag", "arcade", "paper", "1")
        assert "paper" in await people.said("datasets", "versions", "arcade")
        assert "Version 2 of arcade is called best." in await people.said("datasets", "tag", "arcade", "best")
        assert "not called paper any more" in await people.said("datasets", "tag", "arcade", "paper", "--delete")

    run(tmp_path, work)


def test_changes_are_jobs_whose_log_is_named(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        first, _ = await desk.grown()
        bob = await desk.session("bob")
        await desk.stage(bob)
        await desk.commit(first, [(bob, 1, 100)])

        job = await people.json("datasets", "rollback", "arcade", "1", "--yes")
        assert (job["kind"], job["payload"]) == ("dataset.rollback", {"dataset": "arcade", "version": 1})
        assert "is the newest already" in await people.refused("datasets", "rollback", "arcade", "2", "--yes")
        said = await people.said("datasets", "compact", "arcade")
        assert " dataset.compact is ready.\nNext: playloom jobs logs job_" in said
        job = await people.json("datasets", "gc", "arcade", "--grace-hours", "2")
        assert job["payload"] == {"dataset": "arcade", "grace_s": 7200, "withdraw_after_s": 86400}
        assert "not for this call" in await people.refused("datasets", "tag", "arcade", "x", "1", player=True)
        assert "for operators" in await people.refused("datasets", "compact", "arcade", player=True)
        asked = await people.run("datasets", "rollback", "arcade", "1", given="n\n")
        assert (asked.status, asked.out.strip()) == (1, "")

    run(tmp_path, work)


def test_a_job_that_is_waited_for_is_followed_to_its_end(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        await desk.grown()

        async def serve() -> None:
            lease = pb.LeaseJobsRequest(worker="w", kinds=["dataset.compact"], wait_s=20)
            (job,) = (await desk.worker.call("Jobs.LeaseJobs", lease)).jobs
            line = pb.AppendLogRequest(job_id=job.id, fence=job.fence, lines=["one shard of three"])
            await desk.worker.call("Jobs.AppendLog", line)
            await desk.worker.call("Jobs.CompleteJob", pb.CompleteJobRequest(job_id=job.id, fence=job.fence))

        serving = asyncio.create_task(serve())
        said = await people.said("datasets", "compact", "arcade", "--wait")
        await serving
        assert "one shard of three" in said
        assert " is done" in said

    run(tmp_path, work)


def test_a_player_takes_out_what_is_theirs_and_is_told_what_that_means(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        _, (first, second) = await desk.grown(2, "ada")
        said = await people.said("sessions", "delete", first, "--yes", player=True)
        assert f"playloom datasets remove arcade --session {first}" in said
        asked = await people.run("datasets", "remove", "arcade", "--player", "ada", player=True, given="n\n")
        assert asked.status == 1
        assert "Take everything of ada (2 sessions in it) out of arcade? This cannot be undone." in asked.err

        said = await people.said("datasets", "remove", "arcade", "--session", first, "--yes", player=True)
        assert said.startswith("1 session cannot enter arcade any more.\nEarlier versions hold them until")
        assert " dataset.remove is ready.\nNext: playloom jobs logs job_" in said
        done = await people.json("datasets", "remove", "arcade", "--player", "ada", "--delete-recordings", "--yes")
        assert (done["sessions"], done["job"]["payload"]["session_ids"]) == (2, sorted([first, second]))
        assert "to be taken out" in await people.said("datasets", "sessions", "arcade")
        assert "--session or --player" in await people.refused("datasets", "remove", "arcade", status=2)
        late = await desk.session("ada")
        said = await people.said("datasets", "remove", "arcade", "--session", late, "--yes", player=True)
        assert "None of them was in it." in said

    run(tmp_path, work)


def test_sessions_that_are_there_already_are_queued(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        refused = await people.refused("datasets", "ingest", "arcade")
        assert "no rule says whose sessions 'arcade' takes" in refused
        await people.said("datasets", "rules", "add", "arcade", "atari-breakout")
        for _ in range(3):
            await desk.session("ada")
        assert (await people.said("datasets", "ingest", "arcade")).startswith("3 sessions queued for arcade.\n")
        assert "There is nothing new for it." in await people.said("datasets", "ingest", "arcade")
        assert "3 queued" in await people.said("datasets", "list")

    run(tmp_path, work)


def test_checkpoints_say_whether_they_learned_from_what_was_taken_out(tmp_path: Path) -> None:
    async def work(people: People) -> None:
        desk = people.desk
        assert "No checkpoint is known yet." in await people.said("datasets", "checkpoints")
        _, (session_id,) = await desk.grown()
        source = pb.CheckpointSource(dataset="arcade", version=1)
        request = pb.RegisterCheckpointRequest(name="policy", location="s3://models/policy", sources=[source])
        await desk.worker.call("Datasets.RegisterCheckpoint", request)
        assert "arcade 1" in await people.said("datasets", "checkpoints", "arcade")
        said = await people.said("datasets", "remove", "arcade", "--session", session_id, "--yes")
        assert "it learned from sessions that were removed from 'arcade'" in said
        (marked,) = await people.json("datasets", "checkpoints", "--marked")
        assert marked["name"] == "policy"

    run(tmp_path, work)
