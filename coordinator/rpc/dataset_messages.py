"""What there is of datasets, in the wire's form."""

from __future__ import annotations

from coordinator.datasets.checkpoints import Checkpoint
from coordinator.datasets.dataset import Dataset
from coordinator.datasets.figures import DatasetFigures
from coordinator.datasets.ingest import IngestRule
from coordinator.datasets.members import Member
from coordinator.datasets.profiles import MappingProfile
from coordinator.datasets.turns import Turn
from coordinator.datasets.version import Version
from coordinator.rpc.documents import struct_of
from protos import coordinator_pb2 as pb


def dataset_message(dataset: Dataset, figures: DatasetFigures | None = None) -> pb.Dataset:
    found = figures or DatasetFigures()
    return pb.Dataset(
        id=dataset.id,
        name=dataset.name,
        wish=struct_of(dataset.wish),
        created_unix_ns=dataset.created_unix_ns,
        config=struct_of(dataset.config),
        version=found.version,
        episodes=found.episodes,
        frames=found.frames,
        size_bytes=found.size_bytes,
        sessions=found.sessions,
        staged=found.staged,
        pending=found.pending,
    )


def version_message(version: Version) -> pb.DatasetVersion:
    return pb.DatasetVersion(
        dataset_id=version.dataset_id,
        dataset=version.dataset,
        number=version.number,
        parent=version.parent,
        reason=version.reason,
        manifest_key=version.manifest_key,
        manifest_sha256=version.manifest_sha256,
        episodes=version.episodes,
        frames=version.frames,
        size_bytes=version.size_bytes,
        created_unix_ns=version.created_unix_ns,
        tags=version.tags,
        withdrawn_unix_ns=version.withdrawn_unix_ns,
        sessions_added=version.sessions_added,
        sessions_removed=version.sessions_removed,
    )


def turn_message(turn: Turn) -> pb.TakeTurnResponse:
    return pb.TakeTurnResponse(
        added_version=turn.added_version,
        turn=turn.number,
        base=None if turn.base is None else version_message(turn.base),
        staged=[
            pb.StagedRef(session_id=one.session_id, object_key=one.object_key, sha256=one.sha256) for one in turn.staged
        ],
    )


def rule_message(rule: IngestRule) -> pb.IngestRule:
    return pb.IngestRule(id=rule.id, dataset=rule.dataset, game_id=rule.game_id)


def profile_message(profile: MappingProfile) -> pb.StoredMappingProfile:
    return pb.StoredMappingProfile(
        id=profile.id,
        player_id=profile.player_id,
        player_name=profile.player_name,
        game_id=profile.game_id,
        profile_name=profile.profile_name,
        content=profile.content,
        created_unix_ns=profile.created_unix_ns,
    )


def member_message(member: Member) -> pb.DatasetSession:
    return pb.DatasetSession(
        session_id=member.session_id,
        player_id=member.player_id,
        player_name=member.player_name,
        name=member.name,
        episodes=member.episodes,
        frames=member.frames,
        added_version=member.added_version,
        removed_version=member.removed_version,
        removed_unix_ns=member.removed_unix_ns,
        staged=member.staged,
    )


def checkpoint_message(checkpoint: Checkpoint) -> pb.Checkpoint:
    return pb.Checkpoint(
        id=checkpoint.id,
        name=checkpoint.name,
        player_id=checkpoint.player_id,
        location=checkpoint.location,
        sources=[pb.CheckpointSource(dataset=one.dataset, version=one.version) for one in checkpoint.sources],
        parent_ids=checkpoint.parent_ids,
        created_unix_ns=checkpoint.created_unix_ns,
        marked_unix_ns=checkpoint.marked_unix_ns,
        marked_reason=checkpoint.marked_reason or "",
    )
