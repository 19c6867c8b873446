"""Pads, keyboards, mice and lanes, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

from playloom.controls import BUTTON_IDS, BUTTONS, KEYS
from playloom.preview import theme
from playloom.preview.dataset_source import action_slots, feature_names
from playloom.preview.keyboard_drawing import draw_keyboard, draw_mouse
from playloom.preview.lanes import draw_lanes, lanes_of
from playloom.preview.pad_drawing import draw_pad
from playloom.preview.scene import fit
from playloom.preview.source import ActionSlot, PreviewSource, inputs_at
from playloom.recording.input_table import InputTable
from playloom.recording.mp4_index import VideoIndex

REST = (0.0,) * 6


def keys(*names: str) -> frozenset[int]:
    return frozenset(KEYS[name] for name in names)


def count_of(picture: Image.Image, colour: str) -> int:
    """How many pixels have just this colour."""
    pixels = np.asarray(picture.convert("RGBA"))
    return int(np.all(pixels[..., :3] == ImageColor.getrgb(colour), axis=2)[pixels[..., 3] > 0].sum())


@pytest.mark.parametrize("button", BUTTONS)
def test_every_button_lights_something(button: str) -> None:
    at_rest, held = (np.asarray(draw_pad(state, REST, 400)) for state in (0, 1 << BUTTON_IDS[button]))
    assert np.count_nonzero(np.any(at_rest != held, axis=2)) > 50


@pytest.mark.parametrize("axis", range(6))
def test_every_axis_moves_something(axis: int) -> None:
    axes = tuple(0.8 if number == axis else 0.0 for number in range(6))
    moved = draw_pad(0, axes, 400)
    assert count_of(moved, theme.WARM) > count_of(draw_pad(0, REST, 400), theme.WARM) + 50


def test_a_pad_is_as_wide_as_it_is_asked_to_be_and_bears_values_beyond_one() -> None:
    assert draw_pad(0, (-1.00003, 7, 0, 0, 0, 0), 200).size == (200, 125)


def test_held_keys_are_lit_and_others_are_not() -> None:
    used = keys("up", "down", "left", "right", "space")
    assert count_of(draw_keyboard(used, keys(), 400, 200), theme.ACCENT) == 0
    one = count_of(draw_keyboard(used, keys("up"), 400, 200), theme.ACCENT)
    two = count_of(draw_keyboard(used, keys("up", "left"), 400, 200), theme.ACCENT)
    assert 1.7 < two / one < 2.3


@pytest.mark.parametrize("used", [keys("w"), keys(*KEYS), frozenset([400]), frozenset([400]) | keys("a", "keypad_5")])
def test_any_keys_fit_into_the_room(used: frozenset[int]) -> None:
    picture = draw_keyboard(used, used, 380, 150)
    assert 1 < picture.width <= 380
    assert 1 < picture.height <= 150


def test_a_mouse_shows_its_buttons_and_motion() -> None:
    assert count_of(draw_mouse(0, (0, 0), 0, 100), theme.ACCENT) == 0
    assert count_of(draw_mouse(1 << 1, (0, 0), 0, 100), theme.ACCENT) > 500
    assert count_of(draw_mouse(0, (20, -10), 0, 100), theme.WARM) > 20


@pytest.mark.parametrize(
    ("size", "room", "expected"),
    [
        ((160, 210), (1280, 672), (480, 630)),  # whole steps for small pictures
        ((1280, 720), (1280, 672), (1194, 672)),
        ((3840, 2160), (1280, 672), (1194, 672)),
        ((641, 481), (641, 481), (640, 480)),
        ((10_000, 10), (100, 100), (100, 2)),
    ],
)
def test_pictures_are_fitted(size: tuple[int, int], room: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fit(size, room) == expected


def source_of(actions: Sequence[Sequence[float]], *slots: ActionSlot) -> PreviewSource:
    count = len(actions)
    index = VideoIndex(
        path=Path("video.mp4"),
        codec="h264",
        width=64,
        height=48,
        pixel_format="yuv420p",
        rotation=0,
        time_base=Fraction(1, 10),
        pts=np.arange(count),
        dts=np.arange(count),
        duration=1,
        size_bytes=np.zeros(count, np.int64),
        offset=np.zeros(count, np.int64),
        keyframe=np.ones(count, np.bool_),
        hidden=np.zeros(count, np.bool_),
        codec_config=b"",
        sample_entry=b"",
        audio_tracks=0,
        damage=[],
    )
    return PreviewSource(
        title="",
        subtitle="",
        video_path=index.path,
        index=index,
        first_frame=0,
        fps=10.0,
        times_s=np.arange(count) / 10,
        held=InputTable.zeros(count),
        slots=slots,
        all_actions=np.array(actions, np.float32),
    )


MOVE = ActionSlot(action_id="move", start=0, size=2, kind="vector2")
JUMP = ActionSlot(action_id="jump", start=2, size=1, kind="digital")


def test_a_vector_has_two_lanes_and_a_digital_action_one() -> None:
    lanes = lanes_of(source_of([[0, 0, 0]], MOVE, JUMP), limit=9)
    assert [(lane.name, lane.place, lane.digital) for lane in lanes] == [
        ("move.x", 0, False),
        ("move.y", 1, False),
        ("jump", 2, True),
    ]


def test_of_too_many_lanes_the_most_used_stay_in_their_order() -> None:
    lanes = lanes_of(source_of([[1, 0, 0], [1, 0, 1]], MOVE, JUMP), limit=2)
    assert [lane.name for lane in lanes] == ["move.x", "jump"]


def test_a_lane_is_filled_where_its_action_is_active() -> None:
    source = source_of([[0, 0, 0]] * 20 + [[0, 0, 1]] * 20, MOVE, JUMP)
    lanes = lanes_of(source, limit=9)
    picture = Image.new("RGB", (400, 90))
    draw_lanes(ImageDraw.Draw(picture), (0, 0, 400, 90), source, 20, lanes, window_s=4.0)
    pixels = np.all(np.asarray(picture) == ImageColor.getrgb(lanes[2].colour), axis=2)
    middle = 400 - (400 - 90) // 2
    assert pixels[65:85, middle:].mean() > 0.7
    assert pixels[65:85, 120 : middle - 5].mean() == 0
    assert pixels[5:55].sum() == 0


def test_inputs_in_force_are_the_last_at_or_before_each_time_and_motion_adds_up() -> None:
    inputs = InputTable.zeros(3)
    inputs.monotonic_ns[:] = (10, 20, 30)
    inputs.buttons[:] = (1, 2, 4)
    inputs.mouse_motion[:, 0] = (5, 6, 7)
    held = inputs_at(inputs, np.array([5, 20, 25, 40], np.int64))
    assert held.buttons.tolist() == [0, 2, 2, 4]
    assert held.mouse_motion[:, 0].tolist() == [0, 11, 0, 7]


def test_actions_of_any_dataset_have_names() -> None:
    plain = {"features": {"action": {"shape": [2], "names": {"motors": ["elbow", "wrist"]}}}}
    assert [slot.action_id for slot in action_slots(plain)] == ["elbow", "wrist"]
    assert feature_names({"shape": [2], "names": None}) == ["value 0", "value 1"]
    assert action_slots({"features": {}}) == ()


def test_a_name_that_is_too_long_ends_with_an_ellipsis() -> None:
    face = theme.font(13)
    assert theme.fitted("short", face, 200) == "short"
    cut = theme.fitted("a very long name of an action", face, 100)
    assert cut.endswith("…")
    assert face.getlength(cut) <= 100
