"""The encoder of a dataset's videos and its settings.

What a dataset is read for decides them. Training reads frames at random and in short clips, so there are no B-frames,
which would cost a reader frames that it did not ask for, and keyframes are close. Measured at 256x256 with x264 at
crf 23 on one thread, a keyframe every 30 frames reads 261 random frames a second where every 250 reads 47 and every
second one 1178, at 2.07 MB for 1800 frames against 1.71 MB and 3.57 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import av
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from playloom.scheduling import scheduled_as_before
from workers.video.segment import VideoProfile

PIXEL_FORMAT = "yuv420p"

ENCODERS: Mapping[str, str] = MappingProxyType({"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"})
"""FFmpeg's encoder for each codec of a dataset."""

_AV1_PRESETS: Mapping[str, str] = MappingProxyType(
    {
        "ultrafast": "12",
        "superfast": "11",
        "veryfast": "10",
        "faster": "9",
        "fast": "8",
        "medium": "7",
        "slow": "6",
        "slower": "5",
        "veryslow": "4",
        "placebo": "2",
    }
)
"""SVT-AV1's presets by x264's names."""

_UNSPECIFIED, _RGB, _BT601 = 2, 0, 6
"""Colour matrices, in the code points of ITU-T H.273."""

_PRIMARIES_AND_TRANSFER: Mapping[int, tuple[int, int]] = MappingProxyType({1: (1, 1), 5: (5, 6), 6: (6, 6)})
"""The primaries and the transfer that go with a matrix; unspecified for the others."""

_LIMITED_RANGE = 1


class EncodedVideo:
    """The one video stream of an output file, on a constant grid: picture k stands at k / fps.

    Args:
        container: the file.
        profile: size, rate and settings.
        like: the first picture. Its size is taken where the profile has none, and its colour matrix is kept.

    Colours that do not name their matrix are read as BT.601 by both of LeRobot's decoders, so that is written down for
    them: a transcoded picture then looks to a model as the copied one does.
    """

    def __init__(self, container: OutputContainer, profile: VideoProfile, like: av.VideoFrame) -> None:
        self.width = profile.width or like.width
        self.height = profile.height or like.height
        self.frames = 0
        self.packets = 0
        self._container = container
        self._time_base = Fraction(1, profile.fps)
        self._scaler = VideoReformatter()
        self._matrix = _matrix_of(like)
        self._stream = self._add_stream(profile)

    def scale(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture in the size and format of this video; the frame itself if it is so already."""
        picture = self._scaler.reformat(
            frame,
            self.width,
            self.height,
            PIXEL_FORMAT,
            src_colorspace=_matrix_of(frame),
            dst_colorspace=self._matrix,
        )
        picture.time_base = self._time_base
        return picture

    def add(self, picture: av.VideoFrame, picture_type: PictureType = PictureType.NONE) -> None:
        """Encode a scaled picture as the next frame.

        Args:
            picture: as `scale` gave it.
            picture_type: ``PictureType.I`` for a keyframe, else the encoder chooses.
        """
        picture.pts = self.frames
        picture.pict_type = picture_type  # else x264 repeats what the source's encoder chose for this picture
        self.frames += 1
        self._write(picture)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._write(None)
        assert self.packets == self.frames, f"{self.frames} pictures went in, {self.packets} packets came out"

    def _write(self, picture: av.VideoFrame | None) -> None:
        if self.frames == 1:
            with scheduled_as_before():  # the encoder is opened
                packets = self._stream.encode(picture)
        else:
            packets = self._stream.encode(picture)
        for packet in packets:
            self.packets += 1
            self._container.mux(packet)

    def _add_stream(self, profile: VideoProfile) -> VideoStream:
        stream = self._container.add_stream(ENCODERS[profile.codec], rate=profile.fps, options=_options(profile))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, PIXEL_FORMAT
        encoder = stream.codec_context
        encoder.thread_count = profile.threads
        encoder.thread_type = "AUTO"  # PyAV's default makes x264 cut every picture into slices: slower and larger
        encoder.colorspace = self._matrix
        encoder.color_range = _LIMITED_RANGE
        encoder.color_primaries, encoder.color_trc = _PRIMARIES_AND_TRANSFER.get(self._matrix, (2, 2))
        if profile.codec == "hevc":
            encoder.codec_tag = "hvc1"
        return stream


def _matrix_of(frame: av.VideoFrame) -> int:
    matrix = int(frame.colorspace)
    return _BT601 if matrix in (_UNSPECIFIED, _RGB) else matrix


def _options(profile: VideoProfile) -> dict[str, str]:
    options = {"crf": str(profile.crf), "preset": profile.preset, "g": str(profile.keyframe_interval)}
    match profile.codec:
        case "h264":
            return options | {"bf": "0", "forced-idr": "1"}
        case "hevc":
            details = f"log-level=error:bframes=0:open-gop=0:pools={profile.threads}"
            return options | {"forced-idr": "1", "x265-params": details}
        case _:
            preset = _AV1_PRESETS.get(profile.preset, profile.preset)
            return options | {"preset": preset, "svtav1-params": f"lp={profile.threads}"}
