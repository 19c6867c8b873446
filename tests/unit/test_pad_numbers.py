from __future__ import annotations

from capture_node.inputs.pad_numbers import PadIdentity, PadNumbers

XBOX, SONY = "030000005e040000", "030000004c050000"


def test_pads_are_numbered_in_the_order_of_appearance() -> None:
    numbers = PadNumbers()
    assert [numbers.take(PadIdentity(guid=guid)) for guid in (XBOX, SONY, XBOX)] == [0, 1, 2]


def test_a_pad_that_comes_back_gets_its_own_number_again() -> None:
    numbers = PadNumbers()
    numbers.take(PadIdentity(guid=XBOX))
    numbers.take(PadIdentity(guid=SONY))
    numbers.leave(0)
    numbers.leave(1)
    assert numbers.take(PadIdentity(guid=SONY)) == 1
    assert numbers.take(PadIdentity(guid=XBOX)) == 0


def test_twins_are_told_apart_by_their_serial_numbers_wherever_they_are_put_in() -> None:
    numbers = PadNumbers()
    numbers.take(PadIdentity(guid=XBOX, serial="a", path="/dev/input/event5"))
    numbers.take(PadIdentity(guid=XBOX, serial="b", path="/dev/input/event6"))
    numbers.leave(0)
    numbers.leave(1)
    assert numbers.take(PadIdentity(guid=XBOX, serial="b", path="/dev/input/event5")) == 1
    assert numbers.take(PadIdentity(guid=XBOX, serial="c", path="/dev/input/event6")) == 2


def test_twins_without_serial_numbers_are_told_apart_by_their_place() -> None:
    numbers = PadNumbers()
    numbers.take(PadIdentity(guid=XBOX, path="/dev/input/event5"))
    numbers.take(PadIdentity(guid=XBOX, path="/dev/input/event6"))
    numbers.leave(0)
    numbers.leave(1)
    assert numbers.take(PadIdentity(guid=XBOX, path="/dev/input/event6")) == 1
    assert numbers.take(PadIdentity(guid=XBOX, path="/dev/input/event9")) == 0


def test_the_number_of_a_pad_that_is_still_here_is_not_given_away() -> None:
    numbers = PadNumbers()
    numbers.take(PadIdentity(guid=XBOX))
    assert numbers.take(PadIdentity(guid=XBOX)) == 1
