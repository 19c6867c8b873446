"""What an MP4's sample entry says about its video: codec, size, pixel format, and the codec's own configuration."""

from __future__ import annotations

from dataclasses import dataclass

from playloom.recording.mp4_boxes import Box, BoxData

CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4v": "mpeg4",
    b"jpeg": "mjpeg",
    b"mjpa": "mjpeg",
    b"png ": "png",
}
"""FFmpeg's names of the codecs by the sample entry's kind."""
_CONFIG_KINDS = (b"avcC", b"hvcC", b"av1C", b"vpcC", b"esds")
_ENTRY_FIELDS_BYTES = 78
_CHROMA_LETTERS = {0: "gray", 1: "yuv420p", 2: "yuv422p", 3: "yuv444p"}
_H264_PROFILES_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


@dataclass(frozen=True, kw_only=True)
class SampleEntry:
    """The first entry of a track's stsd box.

    Attributes:
        codec: FFmpeg's name of the codec, or the four letters where it is not known here.
        width, height: coded picture, pixels.
        config: the payload of the codec's own box (avcC, hvcC, av1C, vpcC, esds), or b"".
        raw: the whole entry, header included, as it stands in the file.
        pixel_format: FFmpeg's name, or None where the configuration does not say.
        nal_length_bytes: the size of the length in front of each NAL unit (H.264 and HEVC), else 0.
    """

    codec: str
    width: int
    height: int
    config: bytes
    raw: bytes
    pixel_format: str | None
    nal_length_bytes: int


def read_sample_entry(data: BoxData, stsd: Box) -> SampleEntry:
    """The first sample entry of a video track; raises RecordingError if there is none or it is encrypted."""
    entries = list(data.children(stsd.body + 8, stsd.end))
    if not entries:
        raise data.fault(stsd.start, "the video track has no sample entry")
    entry = entries[0]
    if entry.kind == b"encv":
        raise data.fault(entry.start, "the video is encrypted")
    width = data.u16(entry.body + 24, entry.end)
    height = data.u16(entry.body + 26, entry.end)
    config, config_kind = b"", b""
    if entry.end - entry.body >= _ENTRY_FIELDS_BYTES:
        for box in data.children(entry.body + _ENTRY_FIELDS_BYTES, entry.end):
            if box.kind in _CONFIG_KINDS:
                config, config_kind = data.data[box.body : box.end], box.kind
                break
    codec = CODECS.get(entry.kind, entry.kind.decode("latin-1").strip())
    return SampleEntry(
        codec=codec,
        width=width,
        height=height,
        config=config,
        raw=data.data[entry.start : entry.end],
        pixel_format=pixel_format_of(codec, config),
        nal_length_bytes=_nal_length_bytes(config_kind, config),
    )


def pixel_format_of(codec: str, config: bytes) -> str | None:
    """FFmpeg's name of the pixel format that a codec's configuration announces, or None where it does not."""
    if codec == "h264" and len(config) >= 7:
        if config[5] & 0x1F == 0:
            return None
        sps_bytes = int.from_bytes(config[6:8])
        return h264_pixel_format(config[8 : 8 + sps_bytes])
    if codec == "hevc" and len(config) >= 19:
        return _format(config[16] & 3, 8 + (config[17] & 7))
    if codec == "av1" and len(config) >= 3:
        flags = config[2]
        monochrome, halved = flags & 0x10, (flags >> 2) & 3
        chroma = 0 if monochrome else {0b11: 1, 0b10: 2, 0b00: 3}.get(halved, 1)
        return _format(chroma, 8 if not flags & 0x40 else 12 if flags & 0x20 else 10)
    if codec == "vp9" and len(config) >= 7:
        chroma = {0: 1, 1: 1, 2: 2, 3: 3}.get((config[6] >> 1) & 7)
        return None if chroma is None else _format(chroma, config[6] >> 4)
    return "yuv420p" if codec in ("mpeg4", "vp8") else None


def h264_pixel_format(sps: bytes) -> str | None:
    """The pixel format that an H.264 sequence parameter set (with its NAL header) announces, or None."""
    bits = _Bits(sps[1:].replace(b"\0\0\x03", b"\0\0"))
    try:
        return _read_h264_format(bits)
    except IndexError:
        return None


def _read_h264_format(bits: _Bits) -> str | None:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma, depth = 1, 8
    if profile in _H264_PROFILES_WITH_CHROMA:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        depth = 8 + bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            for index in range(8 if chroma != 3 else 12):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    if chroma not in _CHROMA_LETTERS:
        return None
    full_range = _reads_full_range(bits)
    name = _format(chroma, depth)
    return name.replace("yuv", "yuvj") if name and full_range and depth == 8 and chroma else name


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _reads_full_range(bits: _Bits) -> bool:
    bits.golomb()
    order_kind = bits.golomb()
    if order_kind == 0:
        bits.golomb()
    elif order_kind == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed_golomb()
    bits.golomb()
    bits.take(1)
    bits.golomb()
    bits.golomb()
    if not bits.take(1):
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        for _ in range(4):
            bits.golomb()
    if not bits.take(1):
        return False
    if bits.take(1) and bits.take(8) == 255:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if not bits.take(1):
        return False
    bits.take(3)
    return bits.take(1) == 1


def _format(chroma: int, depth: int) -> str | None:
    if depth == 8:
        return _CHROMA_LETTERS[chroma]
    return f"{_CHROMA_LETTERS[chroma]}{depth}le" if 8 < depth <= 16 else None


def _nal_length_bytes(config_kind: bytes, config: bytes) -> int:
    if config_kind == b"avcC" and len(config) > 4:
        return (config[4] & 3) + 1
    if config_kind == b"hvcC" and len(config) > 21:
        return (config[21] & 3) + 1
    return 0


class _Bits:
    """Bits from the front of a byte string; IndexError at its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:512])
        self._left = len(data[:512]) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise IndexError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)
