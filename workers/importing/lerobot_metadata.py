"""The files that make imported shards a dataset, and say where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from workers.dataset_info import EXTENSION
from workers.importing.lerobot_features import FeatureChoice
from workers.importing.lerobot_source import SourceDataset
from workers.lerobot_files import (
    INFO_PATH,
    STATS_PATH,
    TASKS_PATH,
    info_json,
    write_json,
    write_stats_file,
    write_tasks_file,
)
from workers.shards import Shard, totals
from workers.stats import merge
from workers.video.segment import VideoProfile

NOTICE_FILE = "NOTICE"


def write_dataset_metadata(
    dataset: Path,
    *,
    repo_id: str,
    source: SourceDataset,
    choice: FeatureChoice,
    repo: str,
    profile: VideoProfile,
    shards: Sequence[Shard],
    tasks: Sequence[str],
    max_file_mb: int,
    converted: Sequence[str],
    skipped: Mapping[str, str],
    warnings: Mapping[str, Sequence[str]],
    copied: int,
    fingerprint: str,
) -> None:
    """Write meta/info.json, stats.json, tasks.parquet and a NOTICE; the rest is `lerobot.import_lerobot`'s words."""
    assert profile.width is not None
    assert profile.height is not None
    episodes, frames = totals(shards)
    stats = [one for shard in shards for one in shard.stats]
    extension = {
        "game_id": None,
        "class_ids": [],
        "profile_name": None,
        "settings": {"task": None, "strict": None, "max_pre_action_seconds": None},
        "converted_sessions": list(converted),
        "skipped_sessions": dict(skipped),
        "warnings": {name: list(said) for name, said in warnings.items()},
        "copied_sessions": copied,
        "shards": len(shards),
        "converter_version": version("playloom"),
        "repo_id": repo_id,
        "fingerprint": fingerprint,
        "imported": {
            "format": "lerobot",
            "version": source.version,
            "source": repo,
            "video_feature": choice.video,
            "features": dict(zip((column.name for column in choice.columns.taken), choice.source_names, strict=True)),
            "left_out": dict(choice.left_out),
            "licence": source.licence,
        },
    }
    write_tasks_file(dataset / TASKS_PATH, tasks)
    write_stats_file(dataset / STATS_PATH, {name: merge([one[name] for one in stats]) for name in stats[0]})
    (dataset / NOTICE_FILE).write_text(
        f"This dataset was made of the LeRobot dataset {repo}.\n"
        f"Its licence: {source.licence or 'its card names none; ask its makers before you share it'}.\n",
        encoding="utf-8",
    )
    write_json(
        dataset / INFO_PATH,
        info_json(
            fps=profile.fps,
            features=choice.columns,
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
