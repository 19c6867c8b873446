"""The picture that a model sees is the same to the last bit, whichever way its frame came."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.picture import PictureScaler, frame_picture, model_picture


def _screen(width: int, height: int) -> NDArray[np.uint8]:
    """Blocks of colours with fine lines between."""
    blocks = np.random.default_rng(3).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    screen = blocks.repeat(8, 0).repeat(8, 1)[:height, :width].copy()
    screen[::9] //= 2
    return screen


def _recorded(screen: NDArray[np.uint8]) -> av.VideoFrame:
    """The frame of a recording that lost nothing."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "0", "preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = screen.shape[:2]
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(screen, format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=5, dst_color_range=1)))
        container.mux(stream.encode(None))
    file.seek(0)
    recording = av.open(file, "r")
    return next(recording.decode(video=0))


@pytest.mark.parametrize("size", [(96, 96), (160, 120), (256, 256), (64, 200), (33, 17)])
def test_a_screen_that_is_played_on_and_its_lossless_recording_give_the_same_picture(size: tuple[int, int]) -> None:
    screen = _screen(160, 120)
    live, trained = model_picture(screen, size), model_picture(_recorded(screen), size)
    assert live.shape == (size[1], size[0], 3)
    assert np.array_equal(live, trained)


@pytest.mark.parametrize("layout", ["bgr24", "bgr0", "rgba", "gbrp"])
def test_a_screen_in_another_order_of_colours_gives_the_same_picture(layout: str) -> None:
    frame = av.VideoFrame.from_ndarray(_screen(160, 120), format="rgb24")
    assert np.array_equal(model_picture(frame.reformat(format=layout), (96, 96)), model_picture(frame, (96, 96)))


def test_a_scaler_that_has_seen_other_frames_gives_the_same_picture() -> None:
    frame, scaler = _recorded(_screen(160, 120)), PictureScaler((96, 96))
    scaler(_screen(320, 240))
    scaler(_screen(40, 30))
    assert np.array_equal(scaler(frame), model_picture(frame, (96, 96)))


def test_a_picture_can_be_written_where_it_is_wanted() -> None:
    frame, output = _recorded(_screen(160, 120)), np.zeros((2, 96, 96, 3), np.uint8)
    PictureScaler((96, 96)).into(frame, output[1])
    assert np.array_equal(output[1], model_picture(frame, (96, 96)))
    assert not output[0].any()


def test_colours_are_those_of_the_screen() -> None:
    screen = np.zeros((64, 64, 3), np.uint8)
    screen[:] = (200, 100, 50)
    assert np.abs(model_picture(screen, (32, 32)).astype(int) - (200, 100, 50)).max() <= 2


def test_a_frame_that_names_another_matrix_is_read_by_it() -> None:
    screen = np.zeros((64, 64, 3), np.uint8)
    screen[:] = (30, 180, 90)
    frame = av.VideoFrame.from_ndarray(screen, format="rgb24").reformat(format="yuv420p", dst_colorspace=1)
    frame.colorspace = 1
    assert np.abs(model_picture(frame, (32, 32)).astype(int) - (30, 180, 90)).max() <= 2


def test_a_frame_at_its_own_size_is_not_scaled() -> None:
    frame = _recorded(_screen(160, 120))
    assert frame_picture(frame).shape == (120, 160, 3)
    assert np.array_equal(frame_picture(frame), model_picture(frame, (160, 120)))
