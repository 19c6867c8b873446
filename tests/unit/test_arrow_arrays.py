from __future__ import annotations

import subprocess
import sys

import numpy as np

from workers.arrow_arrays import arrays_as_lists, integers, lists, numbers, strings


def test_numbers_and_flags_keep_their_type_and_values() -> None:
    assert numbers(np.array([1.5, -2], np.float32)).to_pylist() == [1.5, -2]
    assert str(numbers(np.array([1], np.float32)).type) == "float"
    flags = [True, False, False, True, True, False, True, False, True]
    assert numbers(np.array(flags)).to_pylist() == flags


def test_every_second_number_of_an_array_is_not_its_first_half() -> None:
    assert numbers(np.arange(6)[::2]).to_pylist() == [0, 2, 4]


def test_strings_of_any_length_and_script() -> None:
    assert strings(["", "Pong", "日本"]).to_pylist() == ["", "Pong", "日本"]
    assert strings([]).to_pylist() == []


def test_values_become_lists() -> None:
    assert lists(integers([1, 2, 3, 4]), 2).to_pylist() == [[1, 2], [3, 4]]
    assert arrays_as_lists([np.array([[[1.0]], [[2.0]]]), np.array([[[3.0]], [[4.0]]])]).to_pylist() == [
        [[[1.0]], [[2.0]]],
        [[[3.0]], [[4.0]]],
    ]


def test_none_of_it_imports_pandas() -> None:
    code = (
        "import sys, numpy, pyarrow.parquet\n"
        "from workers.arrow_arrays import numbers, strings, lists\n"
        "lists(numbers(numpy.zeros(2)), 1), strings(['a'])\n"
        "print('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
