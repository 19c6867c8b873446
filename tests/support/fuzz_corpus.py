"""Makes tests/fuzz_corpus: small files that are wrong in every way that we could think of.

The files are committed, so that a reader is tried on the same bytes for ever; run
``python -m tests.support.fuzz_corpus`` to add new kinds. Files that it does not know are kept: what a fuzzer finds
goes into the same folders under a name that says what it is.
"""

from __future__ import annotations

import random
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from playloom.recording.input_stream import InputSnapshot, encode_snapshot

CORPUS = Path(__file__).resolve().parents[1] / "fuzz_corpus"


def tiny_mp4(*, frames: int = 8, fragmented: bool = False, b_frames: int = 0, faststart: bool = False) -> bytes:
    """A 32x32 H.264 video of a few kilobytes, 30 fps, a keyframe every 4 frames."""
    flags = "frag_keyframe+empty_moov+default_base_moof" if fragmented else "faststart" if faststart else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.mp4"
        with av.open(str(path), "w", options={"movflags": flags} if flags else {}) as container:
            options = {"preset": "ultrafast", "bf": str(b_frames), "g": "4", "crf": "40", "threads": "1"}
            stream = container.add_stream("libx264", rate=30, options=options)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            for index in range(frames):
                picture = np.full((32, 32, 3), 20 * index % 256, np.uint8)
                picture[index : index + 8, index : index + 8] = 255
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
            container.mux(stream.encode())
        return path.read_bytes()


def mp4_cases() -> Iterator[tuple[str, bytes]]:
    """Name and content of each bad MP4."""
    plain, fragmented = tiny_mp4(b_frames=2), tiny_mp4(fragmented=True)
    faststart = tiny_mp4(faststart=True)
    yield "empty", b""
    yield "one_byte", b"\0"
    yield "zeros", bytes(4096)
    yield "all_ones", b"\xff" * 4096
    yield "random", random.Random(1).randbytes(8192)
    yield "only_ftyp", plain[:32]
    yield "jpeg_by_name", b"\xff\xd8\xff\xe0" + bytes(100)
    yield "preallocated_tail", fragmented + bytes(4096)
    yield "mdat_without_moov", plain[: plain.index(b"moov") - 4]
    for base_name, base in (("plain", plain), ("fragmented", fragmented), ("faststart", faststart)):
        for percent in (10, 50, 75, 90, 99):
            yield f"{base_name}_cut_at_{percent}_percent", base[: len(base) * percent // 100]
        for seed in range(6):
            yield f"{base_name}_bits_flipped_{seed}", _with_flipped_bits(base, seed)
    yield "fragmented_cut_in_last_moof", fragmented[: fragmented.rindex(b"moof") + 40]
    yield "fragmented_cut_in_last_mdat", fragmented[: fragmented.rindex(b"mdat") + 200]
    yield "fragmented_cut_behind_last_moof", fragmented[: fragmented.rindex(b"mdat") - 4]
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stsz", b"stsc", b"stts", b"avcC", b"hdlr"):
        for size_name, size in (("zero", 0), ("seven", 7), ("huge", 0xFFFF_FFFF)):
            yield f"size_of_{kind.decode()}_{size_name}", _with_size(plain, kind, size)
    for kind in (b"moof", b"traf", b"tfhd", b"trun", b"mdat", b"mvex"):
        for size_name, size in (("zero", 0), ("one", 1), ("huge", 0xFFFF_FFF0)):
            yield f"size_of_{kind.decode()}_{size_name}", _with_size(fragmented, kind, size)
    yield "size_64_bit_beyond_all", struct.pack(">I4sQ", 1, b"mdat", (1 << 64) - 1) + plain
    yield "size_64_bit_of_moov", plain[: plain.index(b"moov") - 4] + struct.pack(">I4sQ", 1, b"moov", 1 << 62)
    for kind, at in ((b"stts", 8), (b"ctts", 8), (b"stss", 8), (b"stsc", 8), (b"stsz", 12), (b"stco", 8), (b"elst", 8)):
        yield f"count_of_{kind.decode()}_huge", _with_field(plain, kind, at, 0xFFFF_FFFF)
        yield f"count_of_{kind.decode()}_zero", _with_field(plain, kind, at, 0)
    yield "count_of_trun_huge", _with_field(fragmented, b"trun", 8, 0xFFFF_FFFF)
    yield "stsz_constant_one_byte_huge_count", _with_field(_with_field(plain, b"stsz", 8, 1), b"stsz", 12, 0xFFFF_FFFF)
    yield "stts_durations_huge", _with_field(plain, b"stts", 16, 0xFFFF_FFFF)
    yield "stts_durations_zero", _with_field(plain, b"stts", 16, 0)
    yield "stsc_first_chunk_zero", _with_field(plain, b"stsc", 12, 0)
    yield "stsc_samples_huge", _with_field(plain, b"stsc", 16, 0xFFFF_FFFF)
    yield "stsc_other_entry", _with_field(plain, b"stsc", 20, 7)
    yield "stco_beyond_file", _with_field(plain, b"stco", 12, 0xFFFF_0000)
    yield "timescale_zero", _with_field(plain, b"mdhd", 16, 0)
    yield "timescale_huge", _with_field(plain, b"mdhd", 16, 0xFFFF_FFFF)
    yield "movie_timescale_zero", _with_field(plain, b"mvhd", 16, 0)
    yield "edit_start_huge", _with_field(plain, b"elst", 16, 0x7FFF_FFFF)
    yield "edit_duration_zero", _with_field(plain, b"elst", 12, 0)
    yield "edit_reversed", _with_field(plain, b"elst", 20, 0xFFFF_0000)
    yield "tfdt_huge", _with_field(fragmented, b"tfdt", 8, 0xFFFF_FFFF)
    yield "trun_without_sizes", _with_field(fragmented, b"trun", 4, 0x0000_0001)
    yield "trun_offset_negative", _with_field(fragmented, b"trun", 12, 0x8000_0000)
    yield "fourcc_unknown", plain.replace(b"avc1\0\0\0\0", b"zzzz\0\0\0\0")
    yield "encrypted", plain.replace(b"avc1\0\0\0\0", b"encv\0\0\0\0")
    yield "sound_only", plain.replace(b"vide", b"soun")
    yield "moov_inside_moov", _nested(b"moov", 400)
    yield "trak_inside_trak", _box(b"ftyp", b"isom") + _box(b"moov", _nested(b"trak", 400))
    yield "many_empty_boxes", _box(b"ftyp", b"isom") + _box(b"free", b"") * 2000
    yield "many_empty_boxes_in_moov", _box(b"ftyp", b"isom") + _box(b"moov", _box(b"free", b"") * 2000)
    yield "two_moovs", plain + plain[plain.index(b"moov") - 4 :]
    yield "moof_before_moov", fragmented[fragmented.index(b"moof") - 4 :] + fragmented


def action_cases() -> Iterator[tuple[str, bytes]]:
    """Name and content of each bad actions.bin."""
    good = b"".join(
        encode_snapshot(
            InputSnapshot(
                monotonic_ns=1_000_000_000 + index * 16_666_667,
                axes=(0.1 * index, -0.5, 0.0, 1.0, 0.0, 0.25),
                buttons=frozenset({0, index % 21}),
                keys=frozenset({4, 200 + index}),
                mouse_motion=(1.5, -2.0),
            )
        )
        for index in range(20)
    )
    one = good[: 4 + int.from_bytes(good[:4], "little")]
    yield "empty", b""
    yield "one_byte", b"\x05"
    yield "zeros", bytes(1000)
    yield "all_ones", b"\xff" * 1000
    yield "random", random.Random(2).randbytes(4000)
    yield "length_4_gib", b"\xff\xff\xff\xff" + one
    yield "length_4_gib_behind_good", good + b"\xff\xff\xff\xff" + one
    yield "length_2_gib_less_one", struct.pack("<I", 0x7FFF_FFFF) + bytes(50)
    yield "length_one_short", struct.pack("<I", len(one) - 5) + one[4:] + one
    yield "length_one_long", struct.pack("<I", len(one) - 3) + one[4:] + one
    yield "lengths_big_endian", struct.pack(">I", len(one) - 4) + one[4:]
    for cut in (1, 3, 4, 5, 20):
        yield f"cut_{cut}_bytes_from_the_end", good[:-cut]
    for seed in range(8):
        yield f"bits_flipped_{seed}", _with_flipped_bits(good, seed)
    yield "json", b'{"monotonic_ns": 1}\n'
    messages = {
        "empty_message": b"",
        "time_only_half": b"\x08\x80",
        "time_varint_of_11_bytes": b"\x08" + b"\xff" * 10 + b"\x01",
        "time_max": b"\x08" + b"\xff" * 9 + b"\x01",
        "time_as_text": b"\x0a\x03abc",
        "axes_not_packed": b"\x08\x01" + b"\x15\0\0\x80\x3f" * 6,
        "axes_nan_and_infinite": b"\x08\x01\x12\x18" + struct.pack("<6f", *[float("nan"), float("inf")] * 3),
        "axes_7_bytes": b"\x08\x01\x12\x07" + bytes(7),
        "axes_400": b"\x08\x01\x12\xc0\x0c" + bytes(1600),
        "axes_length_lies": b"\x08\x01\x12\xff\xff\xff\xff\x0f" + bytes(8),
        "button_huge": b"\x08\x01\x1a\x05\xff\xff\xff\xff\x0f",
        "button_64_bit": b"\x08\x01\x18" + b"\xff" * 9 + b"\x01",
        "keys_3000": b"\x08\x01\x22\xb8\x17" + b"\x04" * 3000,
        "group_unclosed": b"\x08\x01" + b"\x5b" * 200,
        "groups_nested": b"\x08\x01" + b"\x5b" * 150 + b"\x5c" * 150,
        "field_number_zero": b"\x08\x01\x00\x01",
        "wire_type_seven": b"\x08\x01\x0f",
        "unknown_fields": b"\x08\x01\xfa\xff\xff\xff\x0f\x03abc\xf8\xff\xff\xff\x0f\x01",
        "repeated_time": b"\x08\x01\x08\x02\x08\x03",
    }
    for name, message in messages.items():
        framed = struct.pack("<I", len(message)) + message
        yield f"message_{name}", framed
        yield f"message_{name}_among_good", one + framed + good
    yield "times_backwards", b"".join(encode_snapshot(InputSnapshot(monotonic_ns=1000 - index)) for index in range(50))
    yield "times_all_zero", encode_snapshot(InputSnapshot(monotonic_ns=0)) * 50


def _with_flipped_bits(content: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(1 + len(content) // 200):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _with_size(content: bytes, kind: bytes, size: int) -> bytes:
    at = content.index(kind) - 4
    return content[:at] + struct.pack(">I", size) + content[at + 4 :]


def _with_field(content: bytes, kind: bytes, offset: int, value: int) -> bytes:
    """``offset`` counts from the box's kind: version and flags are at 4, the first field at 8."""
    at = content.index(kind) + offset
    return content[:at] + struct.pack(">I", value) + content[at + 4 :]


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def _nested(kind: bytes, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = _box(kind, content)
    return content


def write_corpus(root: Path = CORPUS) -> int:
    """Write all cases; returns how many there are."""
    count = 0
    for folder, suffix, cases in (("mp4", ".mp4", mp4_cases()), ("actions", ".bin", action_cases())):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name, content in cases:
            assert len(content) < 20_000, name
            (root / folder / f"{name}{suffix}").write_bytes(content)
            count += 1
    return count


if __name__ == "__main__":
    print(f"{write_corpus()} files in {CORPUS}")
