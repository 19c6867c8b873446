"""A version's own files and its manifest: what is the same for everything that makes a version.

`meta/info.json` tells what all sessions have in common and how many there are, never which: it must not grow with the
dataset, and it must not name a player who leaves it. Which session, player, profile and converter an episode has is
told by its row in meta/episodes; why a session did not enter, by its job.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from playloom.manifest.version import DatasetVersion, FileRef, SegmentRef
from workers.dataset.base import Base
from workers.dataset.coordinator import NewVersion, SessionShare
from workers.dataset.segment_writer import stats_as_json
from workers.dataset.shape import shape_of
from workers.dataset.shard_tables import ShardStats
from workers.dataset_info import EXTENSION, layout_json
from workers.dataset_shape import DatasetShape
from workers.lerobot_files import INFO_PATH, STATS_PATH, TASKS_PATH, info_json, write_tasks_file
from workers.provenance import NOTICE_FILE, notice_of
from workers.video.encoders import PIXEL_FORMAT


def put_version(
    base: Base,
    *,
    reason: str,
    tasks: Sequence[str],
    next_shard: int,
    segments: tuple[SegmentRef, ...],
    episodes: int,
    frames: int,
    stats: ShardStats,
    shard_bytes: int,
    terms: tuple[str, ...],
    added: Sequence[SessionShare],
    removed: Sequence[str],
    scratch: Path,
) -> NewVersion:
    """Put the files that belong to no shard, and then the manifest of the version after ``base``.

    Args:
        base: the version before it.
        reason: "append", "remove", "compact" or "rollback".
        tasks: all texts, in the order of their numbers.
        next_shard: the number of the next new shard.
        segments: all, in order.
        episodes, frames, stats: of all of them.
        shard_bytes: of all files of shards.
        terms: under which some of its sessions may be used, a sentence each.
        added, removed: how its sessions differ from those of the version before.
        scratch: a directory for files under way.
    """
    facts, objects = base.facts, base.objects
    number = base.number + 1
    shape = shape_of(facts.config)
    tasks_file = scratch / "tasks.parquet"
    write_tasks_file(tasks_file, tasks)
    as_json = stats_as_json(stats)
    meta_files = (
        objects.put_bytes(_json(_info(base, shape, number, episodes, frames, len(tasks))), INFO_PATH),
        objects.put_bytes(_json(as_json), STATS_PATH),
        objects.put_file(tasks_file, TASKS_PATH),
        *_notice(base, terms),
    )
    version = DatasetVersion(
        dataset_id=facts.id,
        dataset=facts.name,
        number=number,
        parent=base.number,
        reason=reason,
        created_unix_ns=time.time_ns(),
        config=facts.config,
        tasks=tuple(tasks),
        next_shard=next_shard,
        episodes=episodes,
        frames=frames,
        size_bytes=shard_bytes + bytes_of(meta_files),
        stats=as_json,
        meta_files=meta_files,
        segments=segments,
        terms=terms,
    )
    key, sha256 = objects.put_version(version)
    return NewVersion(
        version=version, manifest_key=key, manifest_sha256=sha256, added=tuple(added), removed=tuple(removed)
    )


def _notice(base: Base, terms: tuple[str, ...]) -> tuple[FileRef, ...]:
    """Under which terms its data may be used, where there are any: those of the dataset, and of its sessions."""
    parts = [f"{base.facts.config.terms.rstrip()}\n"] if base.facts.config.terms else []
    if terms:
        parts.append(notice_of(terms))
    return (base.objects.put_bytes("\n".join(parts).encode(), NOTICE_FILE),) if parts else ()


def bytes_of(files: Sequence[FileRef]) -> int:
    return sum(file.size_bytes for file in files)


def _info(base: Base, shape: DatasetShape, number: int, episodes: int, frames: int, tasks: int) -> Mapping[str, object]:
    config, layout = base.facts.config, shape.layout
    return info_json(
        fps=shape.fps,
        features=shape.features,
        width=shape.width,
        height=shape.height,
        video_info={
            "video.height": shape.height,
            "video.width": shape.width,
            "video.codec": config.codec,
            "video.pix_fmt": PIXEL_FORMAT,
            "video.fps": shape.fps,
            "video.channels": 3,
            "has_audio": False,
            "video.g": None,
            "video.crf": None,
            "video.preset": None,
            "video.fast_decode": None,
            "video.video_backend": "pyav",
            "video.extra_options": {},
            "is_depth_map": False,
        },
        total_episodes=episodes,
        total_frames=frames,
        total_tasks=tasks,
        video_files_mb=config.max_shard_mb,
        extensions={
            EXTENSION: {
                "game_id": layout.game_id,
                "class_ids": list(layout.class_ids),
                "profile_name": None,
                "settings": {
                    "task": config.task,
                    "strict": False,
                    "max_pre_action_seconds": config.max_pre_action_s,
                    "max_gap_seconds": config.max_gap_s,
                    "short_taps": config.short_taps,
                    "action_delay_ms": config.action_delay_ms,
                    "video": config.video,
                    "codec": config.codec,
                    "crf": config.crf,
                    "preset": config.preset,
                    "keyframe_interval": config.keyframe_interval,
                },
                **layout_json(layout),
                "sessions_in": "meta/episodes",
                "dataset": base.facts.name,
                "dataset_id": base.facts.id,
                "version": number,
                "terms": config.terms,
            }
        },
    )


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=4) + "\n").encode("ascii")
