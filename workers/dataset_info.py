"""The metadata that describes a dataset as a whole: meta/info.json, stats.json and tasks.parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from playloom.actions.layout import ActionLayout
from workers.dataset_shape import DatasetShape
from workers.lerobot_files import (
    INFO_PATH,
    STATS_PATH,
    TASKS_PATH,
    info_json,
    write_json,
    write_stats_file,
    write_tasks_file,
)
from workers.options import ConvertOptions
from workers.shards import Shard
from workers.stats import merge

EXTENSION = "game_converter"


def write_metadata(
    dataset: Path,
    options: ConvertOptions,
    shape: DatasetShape,
    shards: Sequence[Shard],
    tasks: Sequence[str],
    extension: Mapping[str, object],
) -> None:
    """Write the files that make a directory of shards a dataset; ``extension`` is `converter_extension`."""
    info = info_json(
        fps=shape.fps,
        features=shape.features,
        width=shape.width,
        height=shape.height,
        video_info=_video_info(options, shape, shards),
        total_episodes=sum(shard.episodes for shard in shards),
        total_frames=sum(shard.frames for shard in shards),
        total_tasks=len(tasks),
        video_files_mb=options.max_file_mb,
        extensions={EXTENSION: extension},
    )
    write_tasks_file(dataset / TASKS_PATH, tasks)
    episodes = [stats for shard in shards for stats in shard.stats]
    write_stats_file(
        dataset / STATS_PATH, {feature: merge([stats[feature] for stats in episodes]) for feature in episodes[0]}
    )
    write_json(dataset / INFO_PATH, info)


def _video_info(options: ConvertOptions, shape: DatasetShape, shards: Sequence[Shard]) -> Mapping[str, object]:
    """What LeRobot notes about a video; its encoder's settings only where one encoder made all of them."""
    encoded = not any(shard.copied for shard in shards)
    return {
        "video.height": shape.height,
        "video.width": shape.width,
        "video.codec": shards[0].codec,
        "video.pix_fmt": shards[0].pixel_format,
        "video.fps": shape.fps,
        "video.channels": 3,
        "has_audio": False,
        "video.g": options.keyframe_interval if encoded else None,
        "video.crf": options.crf if encoded else None,
        "video.preset": options.preset if encoded else None,
        "video.fast_decode": 0 if encoded else None,
        "video.video_backend": "pyav",
        "video.extra_options": {},
        "is_depth_map": False,
    }


def converter_extension(
    options: ConvertOptions,
    layout: ActionLayout,
    *,
    converted: Sequence[str],
    skipped: Mapping[str, str],
    warnings: Mapping[str, Sequence[str]],
    delays_ms: Mapping[str, float],
    copied: int,
    shards: int,
    converter_version: str,
    fingerprint: str,
) -> dict[str, object]:
    """What info.json tells about the conversion, under ``extensions.game_converter``; the first keys are LeGamer's."""
    return {
        "game_id": layout.game_id,
        "class_ids": list(layout.class_ids),
        "profile_name": options.profiles[0].profile_name,
        "profile_names": [profile.profile_name for profile in options.profiles],
        "settings": {
            "task": options.task,
            "strict": options.strict,
            "max_pre_action_seconds": options.max_pre_action_s,
            "max_gap_seconds": options.max_gap_s,
            "short_taps": options.short_taps,
            "action_delay_ms": options.action_delay_ms,
            "video": str(options.video),
            "codec": options.codec,
            "crf": options.crf,
            "preset": options.preset,
            "keyframe_interval": options.keyframe_interval,
        },
        **layout_json(layout),
        "converted_sessions": list(converted),
        "skipped_sessions": dict(skipped),
        "warnings": {session: list(said) for session, said in warnings.items()},
        "action_delays_ms": dict(delays_ms),
        "copied_sessions": copied,
        "shards": shards,
        "converter_version": converter_version,
        "repo_id": options.repo_id,
        "fingerprint": fingerprint,
    }


def layout_json(layout: ActionLayout) -> dict[str, object]:
    """Which slot of the action vector means what, as info.json tells it."""
    return {
        "action_layout": [
            {"action_id": slot.action_id, "start": slot.start, "size": slot.size, "kind": str(slot.kind)}
            for slot in layout.slots
        ],
        "action_layout_version": layout.version,
    }
