"""Statistics of a copied video: from few of its frames, close to those of all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from playloom.errors import RecordingError
from tests.support.dataset_videos import pictures_in, wanted
from workers.video.keyframe_stats import MAX_SAMPLES, sampled_stats


def textured_video(path: Path, count: int, keyframe_interval: int) -> Path:
    """Noise on a slope that drifts through the picture and slowly brightens."""
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 25, (48, 64, 3))
    slope = np.linspace(40, 160, 64)[None, :, None] * np.array([1.0, 0.8, 0.6])
    with av.open(str(path), "w", format="mp4") as container:
        options = {"crf": "14", "preset": "ultrafast", "sc_threshold": "0", "g": str(keyframe_interval)}
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for place in range(count):
            picture = np.roll(slope, place, axis=1) + np.roll(noise, place // 3, axis=0) + 30 * place / count
            image = np.clip(picture, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("count", "keyframe_interval", "samples"), [(480, 10, MAX_SAMPLES), (120, 40, MAX_SAMPLES)])
def test_they_agree_with_those_of_all_frames(tmp_path: Path, count: int, keyframe_interval: int, samples: int) -> None:
    path = textured_video(tmp_path / "a.mp4", count, keyframe_interval)
    stats = sampled_stats(wanted(path, range(count)), threads=1).as_lerobot()
    true = pictures_in(path).reshape(-1, 3) / 255
    assert stats["count"].tolist() == [samples]
    np.testing.assert_allclose(stats["mean"].reshape(3), true.mean(0), rtol=0.03)
    np.testing.assert_allclose(stats["std"].reshape(3), true.std(0), rtol=0.03)
    for name, share in {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}.items():
        np.testing.assert_allclose(stats[name].reshape(3), np.quantile(true, share, axis=0), atol=0.02)


def test_only_wanted_frames_are_counted(tmp_path: Path) -> None:
    path = textured_video(tmp_path / "a.mp4", 120, 40)
    assert sampled_stats(wanted(path, range(50, 53)), threads=1).count == 3
    assert sampled_stats(wanted(path, range(79, 80)), threads=1).count == 1


def test_a_damaged_keyframe_is_left_out(tmp_path: Path) -> None:
    path = textured_video(tmp_path / "a.mp4", 400, 10)
    segment = wanted(path, range(400))
    content = bytearray(path.read_bytes())
    damaged = np.flatnonzero(segment.index.keyframe)[[0, 7]]
    for place in damaged:
        start = int(segment.index.offset[place])
        content[start : start + int(segment.index.size_bytes[place])] = bytes(int(segment.index.size_bytes[place]))
    path.write_bytes(content)
    assert sampled_stats(segment, threads=1).count == 40 - len(damaged)


def test_a_video_that_does_not_decode_at_all_is_refused(tmp_path: Path) -> None:
    path = textured_video(tmp_path / "a.mp4", 20, 10)
    segment = wanted(path, range(20))
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(RecordingError, match=r"a\.mp4, frames 0 to 19: cannot be decoded"):
        sampled_stats(segment, threads=1)


def test_frames_far_behind_their_only_keyframe_are_judged_by_the_nearest_that_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.video.keyframe_stats.MAX_DECODED", 30)
    path = textured_video(tmp_path / "a.mp4", 100, 1000)
    assert sampled_stats(wanted(path, range(90, 100)), threads=1).count == 1


def test_the_colours_are_those_that_the_video_names(tmp_path: Path) -> None:
    """The same stored values mean other colours by BT.709 than by BT.601."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace = 1
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, value in zip(frame.planes, (100, 90, 200), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    luma, blue, red = 255 / 219 * (100 - 16), 255 / 224 * (90 - 128), 255 / 224 * (200 - 128)
    expected = [luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue]
    stats = sampled_stats(wanted(path, range(1)), threads=1)
    np.testing.assert_allclose(stats.mean.reshape(3) * 255, expected, atol=2)
