"""What a dataset's config says, in the words of the conversion steps."""

from __future__ import annotations

from pathlib import Path

from playloom.actions.align import CONTROLLER_NAMES, KEYBOARD_NAMES, MOUSE_NAMES
from playloom.actions.layout import layout_of
from playloom.game_definition import parse_game_definition
from playloom.manifest.config import DatasetConfig
from workers.acting import agent_names
from workers.dataset_shape import DatasetShape
from workers.features import FeatureSet
from workers.video.segment import VideoProfile


def shape_of(config: DatasetConfig) -> DatasetShape:
    """What all its sessions have in common.

    Raises:
        DefinitionError, PlayloomError: its game definition is none, or lacks its classes.
    """
    game = parse_game_definition(config.game_definition, Path("game definition of the dataset"))
    layout = layout_of(game, config.class_ids)
    return DatasetShape(
        fps=config.fps,
        width=config.width,
        height=config.height,
        layout=layout,
        features=FeatureSet(
            action_names=layout.names,
            controller_names=CONTROLLER_NAMES,
            keyboard_names=KEYBOARD_NAMES if config.keyboard else (),
            mouse_names=MOUSE_NAMES if config.mouse else (),
            agent_names=agent_names(layout) if config.who_acted else (),
            rewards=config.rewards,
        ),
    )


def video_profile_of(config: DatasetConfig, *, threads: int = 2) -> VideoProfile:
    """How its videos are."""
    return VideoProfile(
        width=config.width,
        height=config.height,
        fps=config.fps,
        codec=config.codec,
        crf=config.crf,
        preset=config.preset,
        keyframe_interval=config.keyframe_interval,
        threads=threads,
    )
