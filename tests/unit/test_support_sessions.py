"""The synthetic sessions that other tests stand on hold what they claim."""

from __future__ import annotations

from pathlib import Path

import pytest

from playloom.recording.input_stream import read_inputs
from playloom.recording.mp4_index import index_video
from playloom.recording.session import open_session
from playloom.recording.sync_table import read_sync
from tests.support.sessions import frame_numbers, make_session, numbered_image, read_frame_number


@pytest.mark.parametrize("number", [0, 1, 40_961, 65_535])
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (321, 179)])
def test_a_picture_shows_its_number(number: int, size: tuple[int, int]) -> None:
    image = numbered_image(number, size)
    assert image.shape == (size[1], size[0], 3)
    assert read_frame_number(image) == number
    assert read_frame_number(image.transpose(2, 0, 1) / 255) == number


@pytest.mark.parametrize(
    "unusual",
    [
        {},
        {"b_frames": 2},
        {"fragmented": True, "keyframe_interval": 5},
        {"jitter_ns": [0, 3_000_000, -3_000_000]},
        {"audio": True},
        {"rotation": 90},
        {"pixel_format": "yuv444p"},
        {"codec": "libx265"},
        {"codec": "libsvtav1", "size": (64, 64)},
        {"size": (65, 49), "pixel_format": "yuv444p"},
    ],
    ids=str,
)
def test_a_session_shows_its_numbers_in_order(tmp_path: Path, unusual: dict[str, object]) -> None:
    path = make_session(tmp_path, frames=20, first_number=300, **unusual)  # pyright: ignore[reportArgumentType]
    session = open_session(path)
    assert frame_numbers(session.video_path) == list(range(300, 320))
    table, damage = read_sync(session.sync_path)
    assert (len(table), damage) == (20, [])
    index = index_video(session.video_path)
    assert index.audio_tracks == int("audio" in unusual)
    assert index.rotation == unusual.get("rotation", 0)
    assert index.has_b_frames == ("b_frames" in unusual)
    assert index.presentation_ns.tolist() == pytest.approx(table.pts_ns.tolist(), abs=20_000)
    assert read_inputs(session.inputs_path)[0].buttons.tolist() == [1, 0]


def test_a_session_may_have_a_session_json(tmp_path: Path) -> None:
    session = open_session(make_session(tmp_path, "mine", frames=5, with_session_json=True))
    assert session.info is not None
    assert (session.session_id, session.info.counts.frames, session.info.player) == ("mine", 5, "ada")
