from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playloom.errors import ProcessError
from workers.processes import ProcessPool


def double(number: int, progress: Callable[[int], None]) -> int:
    progress(number)
    return 2 * number


def die_at_three(number: int, progress: Callable[[int], None]) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    return double(number, progress)


def fail(progress: Callable[[int], None]) -> int:
    raise ZeroDivisionError("the third frame has no width")


def test_every_task_has_its_result_and_its_progress(tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []

    with ProcessPool(2, tmp_path) as pool:
        tasks = [partial(double, number) for number in range(5)]
        results = dict(pool.run(tasks, lambda task, amount: said.append((task, amount))))

    assert results == {0: 0, 1: 2, 2: 4, 3: 6, 4: 8}
    assert sorted(said) == [(number, number) for number in range(5)]


def test_a_process_that_crashes_costs_its_own_task_only(tmp_path: Path) -> None:
    with ProcessPool(1, tmp_path) as pool:
        tasks = [partial(die_at_three, number) for number in range(6)]
        results = dict(pool.run(tasks, lambda *_: None))

    died = results.pop(3)
    assert isinstance(died, ProcessError)
    assert str(died) == "its process was ended by SIGSEGV: Fatal Python error: Segmentation fault"
    assert results == {0: 0, 1: 2, 2: 4, 4: 8, 5: 10}


def test_an_unforeseen_exception_is_told_by_its_last_line(tmp_path: Path) -> None:
    with ProcessPool(1, tmp_path) as pool:
        ((_, died),) = pool.run([fail], lambda *_: None)

    assert isinstance(died, ProcessError)
    assert str(died) == "its process ended with status 1: ZeroDivisionError: the third frame has no width"
