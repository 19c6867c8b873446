"""Arrow arrays out of numpy arrays and strings, by their buffers.

`pyarrow.array` imports pandas wherever that is installed, to ask whether it was given a Series: half a second and
60 MB for every conversion, and for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_TYPES = {
    np.dtype(np.float32): pa.float32(),
    np.dtype(np.float64): pa.float64(),
    np.dtype(np.int32): pa.int32(),
    np.dtype(np.int64): pa.int64(),
}


def numbers(values: NDArray[np.generic]) -> pa.Array:
    """An array of float32, float64, int32, int64 or bool, [n]."""
    assert values.ndim == 1
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(
            pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values.astype(np.bool_), bitorder="little"))]
        )
    return pa.Array.from_buffers(_TYPES[values.dtype], len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def integers(values: Sequence[int]) -> pa.Array:
    """An array of int64."""
    return numbers(np.array(values, np.int64))


def floats(values: Sequence[float]) -> pa.Array:
    """An array of float64."""
    return numbers(np.array(values, np.float64))


def strings(values: Sequence[str]) -> pa.Array:
    encoded = [value.encode() for value in values]
    ends = np.array([0, *accumulate(map(len, encoded))], np.int32)
    return pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def lists(values: pa.Array, length: int) -> pa.Array:
    """The values as lists of ``length`` each."""
    ends = np.arange(0, len(values) + 1, length, dtype=np.int32)
    return pa.ListArray.from_arrays(numbers(ends), values)


def arrays_as_lists(values: Sequence[NDArray[np.generic]]) -> pa.Array:
    """Each of several arrays of one shape (one dimension or more) as nested lists."""
    stacked = np.stack(values)
    array = numbers(stacked.reshape(-1))
    for length in stacked.shape[:0:-1]:
        array = lists(array, length)
    return array


def values_of(array: pa.Array) -> NDArray[np.generic]:
    """The values of an array of numbers or bools that lacks none, [n]; `to_numpy` imports pandas as well."""
    assert not array.null_count
    if not pa.types.is_boolean(array.type):
        return np.from_dlpack(array)
    bits = np.frombuffer(array.buffers()[1], np.uint8)
    return np.unpackbits(bits, bitorder="little")[array.offset : array.offset + len(array)].astype(np.bool_)
