from __future__ import annotations

import os
import sys
import threading

import pytest

from capture_node.recorder.second_place import NICE, in_second_place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have places of their own on Linux")


def _place() -> tuple[int, int]:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), os.sched_getscheduler(0)


def test_work_in_second_place_stands_back_and_whoever_asked_for_it_does_not() -> None:
    before = _place()
    assert in_second_place(_place) == (max(NICE, before[0]), os.SCHED_BATCH)
    assert _place() == before


def test_threads_that_begin_in_second_place_stay_there() -> None:
    def begin_another() -> tuple[int, int]:
        places: list[tuple[int, int]] = []
        thread = threading.Thread(target=lambda: places.append(_place()))
        thread.start()
        thread.join()
        return places[0]

    assert in_second_place(begin_another) == in_second_place(_place)


def test_what_goes_wrong_in_second_place_is_told_to_whoever_asked_for_it() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_second_place(fails)
