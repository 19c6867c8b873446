from __future__ import annotations

import struct

from capture_node.inputs.x11_raw_events import RawEvent, RawKind, parse_raw_event


def _raw(kind: int, *, detail: int = 0, axes: dict[int, tuple[float, float]] | None = None, words: int = 1) -> bytes:
    """As libxcb hands it out; axes: accelerated and raw value by number."""
    body = b""
    if axes is not None:
        mask = sum(1 << number for number in axes)
        body = mask.to_bytes(4 * words, "little")
        for which in (0, 1):
            for values in axes.values():
                whole, fraction = divmod(round(values[which] * (1 << 32)), 1 << 32)
                body += struct.pack("=iI", whole, fraction)
    mask_words = 0 if axes is None else words
    head = struct.pack("=BBHIHHIIHHI4x", 35, 131, 7, len(body) // 4, kind, 2, 123456, detail, 9, mask_words, 0)
    return head + struct.pack("=I", 7) + body


def test_a_key_is_read_with_its_device_and_time() -> None:
    assert parse_raw_event(_raw(13, detail=38)) == RawEvent(kind=RawKind.KEY_PRESS, time_ms=123456, detail=38, device=9)


def test_motion_is_what_the_device_counts_not_what_the_server_makes_of_it() -> None:
    event = parse_raw_event(_raw(17, axes={0: (9.5, 4.0), 1: (-3.25, -1.5)}))

    assert event is not None
    assert event.axes == ((0, 4.0), (1, -1.5))


def test_only_the_axes_in_the_mask_have_values() -> None:
    event = parse_raw_event(_raw(17, axes={1: (2.0, 2.0), 3: (15.0, 120.0)}))

    assert event is not None
    assert event.axes == ((1, 2.0), (3, 120.0))


def test_a_device_may_have_more_axes_than_a_word_has_bits() -> None:
    event = parse_raw_event(_raw(17, axes={0: (1.0, 1.0), 40: (7.0, 8.0)}, words=2))

    assert event is not None
    assert event.axes == ((0, 1.0), (40, 8.0))


def test_an_event_of_another_kind_is_none() -> None:
    assert parse_raw_event(_raw(2)) is None
