"""What the first bytes of keyframes say: whether decoding can start there, and with the settings of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_boxes import read_at
from playloom.recording.mp4_codec import SampleEntry
from playloom.recording.mp4_samples import Samples

_HEAD_BYTES = 64
_MAX_LEADING_UNITS = 32
_MAX_SET_BYTES = 4096
"""Longer than any parameter set in use."""

_H264_SETS = frozenset({7, 8})
_HEVC_SETS = frozenset({32, 33, 34})


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckedKeyframes:
    """The samples that decoding can start at.

    Attributes:
        decodable: the samples that the container marks as keyframes and whose picture needs nothing before it, bool
            [n]. For H.264 the first slice must be IDR, for HEVC IDR or BLA; other codecs have no keyframe of another
            kind.
        settings_change: the first keyframe that brings parameter sets (size, colours, how to decode) other than the
            sample entry's, or than the first keyframe's where the entry has none; None where all agree. Encoders
            often repeat the same sets in front of every keyframe, which is no change.
    """

    decodable: NDArray[np.bool_]
    settings_change: int | None


def check_keyframes(descriptor: int, entry: SampleEntry, samples: Samples) -> CheckedKeyframes:
    """Check the container's word on keyframes against the samples' first bytes."""
    if entry.codec not in ("h264", "hevc") or entry.nal_length_bytes == 0:
        return CheckedKeyframes(decodable=samples.keyframe, settings_change=None)
    decodable = samples.keyframe.copy()
    change: int | None = None
    known = _sets_of(entry)
    for index in np.flatnonzero(decodable).tolist():
        start = _KeyframeStart(descriptor, entry, int(samples.offset[index]), int(samples.size_bytes[index]))
        decodable[index] = start.is_anew
        announced = {kind for kind, _ in known}
        if change is None and any(found not in known and found[0] in announced for found in start.sets):
            change = index
        known.update(found for found in start.sets if found[0] not in announced)
    return CheckedKeyframes(decodable=decodable, settings_change=change)


class _KeyframeStart:
    """The NAL units of a sample up to its first slice.

    Attributes:
        is_anew: whether that slice needs nothing before it.
        sets: the parameter sets in front of it: kind and content.
    """

    def __init__(self, descriptor: int, entry: SampleEntry, offset: int, size_bytes: int) -> None:
        self.is_anew = False
        self.sets: list[tuple[int, bytes]] = []
        head = b""
        at = head_at = 0
        length_bytes = entry.nal_length_bytes
        set_kinds = _set_kinds(entry.codec)
        for _ in range(_MAX_LEADING_UNITS):
            if at + length_bytes >= size_bytes:
                return
            if at + length_bytes + 1 > head_at + len(head):
                head, head_at = read_at(descriptor, _HEAD_BYTES, offset + at), at
                if len(head) <= length_bytes:
                    return
            start = at - head_at
            unit_bytes = int.from_bytes(head[start : start + length_bytes])
            kind = _kind(entry.codec, head[start + length_bytes])
            if entry.codec == "h264" and 1 <= kind <= 5:
                self.is_anew = kind == 5
                return
            if entry.codec == "hevc" and kind < 32:
                self.is_anew = 16 <= kind <= 20
                return
            start += length_bytes
            at += length_bytes
            if kind in set_kinds:
                content = head[start : start + unit_bytes]
                if len(content) < unit_bytes:
                    content = read_at(descriptor, min(unit_bytes, _MAX_SET_BYTES), offset + at)
                self.sets.append((kind, content))
            at += unit_bytes


def _set_kinds(codec: str) -> frozenset[int]:
    return _H264_SETS if codec == "h264" else _HEVC_SETS


def _kind(codec: str, first_byte: int) -> int:
    return first_byte & 0x1F if codec == "h264" else (first_byte >> 1) & 0x3F


def _sets_of(entry: SampleEntry) -> set[tuple[int, bytes]]:
    """The parameter sets of an avcC or hvcC, by kind."""
    config = entry.config
    runs = _h264_runs(config) if entry.codec == "h264" else _hevc_runs(config)
    return {(_kind(entry.codec, unit[0]), unit) for unit in runs if unit}


def _h264_runs(config: bytes) -> list[bytes]:
    units, at = _units(config, 6, config[5] & 0x1F) if len(config) > 5 else ([], 0)
    more, _ = _units(config, at + 1, config[at]) if at < len(config) else ([], 0)
    return units + more


def _hevc_runs(config: bytes) -> list[bytes]:
    units: list[bytes] = []
    at = 23
    for _ in range(config[22] if len(config) > 22 else 0):
        more, at = _units(config, at + 3, int.from_bytes(config[at + 1 : at + 3]))
        units += more
    return units


def _units(config: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many units with a length of two bytes in front of each, and where they end."""
    units: list[bytes] = []
    for _ in range(count):
        if at + 2 > len(config):
            break
        unit_bytes = int.from_bytes(config[at : at + 2])
        units.append(config[at + 2 : at + 2 + unit_bytes])
        at += 2 + unit_bytes
    return units, at


def first_parameter_set(sample: bytes, nal_length_bytes: int) -> bytes | None:
    """The H.264 sequence parameter set inside a sample's first bytes (avc3 keeps it there), or None."""
    at = 0
    while nal_length_bytes and at + nal_length_bytes < len(sample):
        unit_bytes = int.from_bytes(sample[at : at + nal_length_bytes])
        at += nal_length_bytes
        if sample[at] & 0x1F == 7:
            return sample[at : at + unit_bytes]
        at += unit_bytes
    return None
