"""Which samples decoding can start at: the container's word, checked against the first bytes of the samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playloom.recording.mp4_boxes import read_at
from playloom.recording.mp4_codec import SampleEntry
from playloom.recording.mp4_samples import Samples

_HEAD_BYTES = 64
_MAX_LEADING_UNITS = 32


def decodable_from(descriptor: int, entry: SampleEntry, samples: Samples) -> NDArray[np.bool_]:
    """The samples that the container marks as keyframes and whose picture needs nothing before it, bool [n].

    For H.264 the first slice must be IDR, for HEVC IDR or BLA; other codecs have no keyframe of another kind.
    """
    if entry.codec not in ("h264", "hevc") or entry.nal_length_bytes == 0:
        return samples.keyframe
    keyframe = samples.keyframe.copy()
    for index in np.flatnonzero(keyframe).tolist():
        keyframe[index] = _starts_anew(descriptor, int(samples.offset[index]), int(samples.size_bytes[index]), entry)
    return keyframe


def _starts_anew(descriptor: int, offset: int, size_bytes: int, entry: SampleEntry) -> bool:
    head = b""
    at = head_at = 0
    length_bytes = entry.nal_length_bytes
    for _ in range(_MAX_LEADING_UNITS):
        if at + length_bytes >= size_bytes:
            return False
        if not head_at <= at or at + length_bytes + 1 > head_at + len(head):
            head, head_at = read_at(descriptor, _HEAD_BYTES, offset + at), at
            if len(head) <= length_bytes:
                return False
        start = at - head_at
        unit_bytes = int.from_bytes(head[start : start + length_bytes])
        first = head[start + length_bytes]
        if entry.codec == "h264":
            kind = first & 0x1F
            if 1 <= kind <= 5:
                return kind == 5
        else:
            kind = (first >> 1) & 0x3F
            if kind < 32:
                return 16 <= kind <= 20
        at += length_bytes + unit_bytes
    return False


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
