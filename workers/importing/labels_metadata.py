"""The files that make labelled shards a dataset, and say who labelled it, how, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from playloom.labels.labels_file import LabelsHeader
from workers.converted import ConvertedSession
from workers.dataset_info import EXTENSION
from workers.features import FeatureSet
from workers.lerobot_files import (
    INFO_PATH,
    STATS_PATH,
    TASKS_PATH,
    info_json,
    write_json,
    write_stats_file,
    write_tasks_file,
)
from workers.provenance import write_notice
from workers.shards import Shard, totals
from workers.stats import merge
from workers.video.segment import VideoProfile


def write_labels_metadata(
    dataset: Path,
    *,
    options_told: Mapping[str, object],
    repo_id: str,
    header: LabelsHeader,
    headers: Mapping[str, LabelsHeader],
    features: FeatureSet,
    profile: VideoProfile,
    shards: Sequence[Shard],
    tasks: Sequence[str],
    max_file_mb: int,
    converted: Mapping[str, ConvertedSession],
    skipped: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Write meta/info.json, stats.json, tasks.parquet and, where there are terms, a NOTICE."""
    assert profile.width is not None
    assert profile.height is not None
    episodes, frames = totals(shards)
    stats = [one for shard in shards for one in shard.stats]
    terms = list(dict.fromkeys(term for one in converted.values() for term in one.terms))
    extension = {
        "game_id": header.game_id,
        "class_ids": list(header.class_ids),
        "profile_name": header.profile_name,
        "profile_names": list(dict.fromkeys(headers[name].profile_name for name in converted)),
        "settings": {
            "task": options_told["--task"],
            "strict": options_told["--strict"],
            "max_pre_action_seconds": None,
        },
        "action_layout": [dict(slot) for slot in header.action_layout],
        "action_layout_version": header.action_layout_version,
        "converted_sessions": list(converted),
        "skipped_sessions": dict(skipped),
        "warnings": {name: list(one.warnings) for name, one in converted.items() if one.warnings},
        "copied_sessions": sum(one.copied for one in converted.values()),
        "shards": len(shards),
        "converter_version": version("playloom"),
        "repo_id": repo_id,
        "fingerprint": fingerprint,
        "terms": terms,
        "label_sources": list(dict.fromkeys(one.label_source for one in converted.values())),
        "labelled": {
            "heads": list(header.head_names),
            "labeller": dict(header.labeller),
            "masks": {name: [list(box) for box in headers[name].masks] for name in converted if headers[name].masks},
        },
    }
    write_tasks_file(dataset / TASKS_PATH, tasks)
    write_stats_file(dataset / STATS_PATH, {name: merge([one[name] for one in stats]) for name in stats[0]})
    write_notice(dataset, terms)
    write_json(
        dataset / INFO_PATH,
        info_json(
            fps=profile.fps,
            features=features,
            width=profile.width,
            height=profile.height,
            video_info={
                "video.height": profile.height,
                "video.width": profile.width,
                "video.codec": shards[0].codec,
                "video.pix_fmt": shards[0].pixel_format,
                "video.fps": profile.fps,
                "video.channels": 3,
                "has_audio": False,
                "is_depth_map": False,
            },
            total_episodes=episodes,
            total_frames=frames,
            total_tasks=len(tasks),
            video_files_mb=max_file_mb,
            extensions={EXTENSION: extension},
        ),
    )
