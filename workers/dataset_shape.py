"""What all sessions of a dataset have in common, decided from the options and the first session that can be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playloom.actions.align import CONTROLLER_NAMES, KEYBOARD_NAMES, MOUSE_NAMES
from playloom.actions.layout import ActionLayout
from playloom.mapping_profile import (
    ComboBinding,
    KeyBinding,
    MappingProfile,
    MouseButtonBinding,
    MouseMotionBinding,
    MouseWheelBinding,
)
from workers.acting import agent_names
from workers.errors import NothingConvertedError
from workers.features import FeatureSet
from workers.options import ConvertOptions
from workers.session_scan import SessionScan
from workers.video.segment import VideoProfile


@dataclass(frozen=True, kw_only=True)
class DatasetShape:
    """What all sessions of a dataset have in common.

    Attributes:
        fps: frames a second.
        width, height: of its pictures, even.
        layout: of its action vectors.
        features: its columns.
    """

    fps: int
    width: int
    height: int
    layout: ActionLayout
    features: FeatureSet


def decide_shape(options: ConvertOptions, layout: ActionLayout, scans: Sequence[SessionScan]) -> DatasetShape:
    """The shape of the dataset of the sessions that were scanned, in their order; at least one.

    The rate is the first session's that shows one, the size the first session's, each unless asked for. Rewards are
    there if every session has them, who acted if any session tells it or it is asked for.

    Raises:
        NothingConvertedError: no rate was asked for, and none shows.
    """
    rates = [scan.fps for scan in scans if scan.fps is not None]
    if options.fps is None and not rates:
        raise NothingConvertedError("No session shows a frame rate", remedy="Say it: --fps N")
    width, height = options.size or even_size(scans[0].width, scans[0].height)
    return DatasetShape(
        fps=options.fps or max(1, round(rates[0])),
        width=width,
        height=height,
        layout=layout,
        features=FeatureSet(
            action_names=layout.names,
            controller_names=CONTROLLER_NAMES,
            keyboard_names=KEYBOARD_NAMES if _use(options.profiles, KeyBinding) else (),
            mouse_names=MOUSE_NAMES
            if _use(options.profiles, MouseButtonBinding, MouseMotionBinding, MouseWheelBinding)
            else (),
            agent_names=agent_names(layout) if options.who_acted or any(scan.who_acted for scan in scans) else (),
            rewards=all(scan.rewards for scan in scans),
        ),
    )


def even_size(width: int, height: int) -> tuple[int, int]:
    """The size without its last column and row where they are odd: colours are stored for two by two pixels."""
    return max(2, width - width % 2), max(2, height - height % 2)


def video_profile(options: ConvertOptions, shape: DatasetShape) -> VideoProfile:
    """How the dataset's videos are encoded."""
    return VideoProfile(
        width=shape.width,
        height=shape.height,
        fps=shape.fps,
        codec=options.codec,
        crf=options.crf,
        preset=options.preset,
        keyframe_interval=options.keyframe_interval,
        threads=options.threads,
    )


def _use(profiles: Sequence[MappingProfile], *kinds: type) -> bool:
    return any(isinstance(binding, kinds) for profile in profiles for binding in _bindings(profile))


def _bindings(profile: MappingProfile) -> Iterator[object]:
    for bindings in profile.bindings.values():
        for binding in bindings:
            yield from binding.controls if isinstance(binding, ComboBinding) else (binding,)
