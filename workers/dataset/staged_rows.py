"""The rows of a piece on its way: a parquet file of the recorded columns, written when a session has been converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from playloom.manifest.errors import ManifestError
from workers.arrow_arrays import values_of
from workers.features import Column, FeatureSet
from workers.lerobot_files import column_array, data_schema


def write_staged_rows(path: Path, features: FeatureSet, columns: Mapping[str, NDArray[np.generic]]) -> None:
    """Write the recorded columns of one piece, each [frames] or [frames, width], by name."""
    schema = _schema(features)
    arrays = [column_array(column, columns[column.name], schema.field(column.name)) for column in features.recorded]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="snappy")


def read_staged_rows(path: Path, features: FeatureSet, length: int) -> dict[str, NDArray[np.generic]]:
    """What `write_staged_rows` wrote.

    Raises:
        ManifestError: it is none, or of other columns, or has not ``length`` rows.
    """
    try:
        table = read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise ManifestError(path.name, f"is no parquet file: {str(error).splitlines()[0]}") from error
    schema = _schema(features)
    if table.schema.names != schema.names or table.schema.types != schema.types:
        raise ManifestError(path.name, f"has the columns {_told(table.schema)}, not {_told(schema)}")
    if table.num_rows != length:
        raise ManifestError(path.name, f"has {table.num_rows} rows, not {length}")
    return {column.name: _column_values(table, column) for column in features.recorded}


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A parquet file; unlike pyarrow's own `read_table` without importing pandas, which takes longer than a commit."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns, use_threads=False)  # many small columns: handing them out costs more


def _column_values(table: pa.Table, column: Column) -> NDArray[np.generic]:
    array = table.column(column.name).combine_chunks()
    flat = array if column.width == 1 else array.flatten()
    if array.null_count or flat.null_count:
        raise ManifestError(column.name, "lacks values")
    values = values_of(flat)
    return values if column.width == 1 else values.reshape(-1, column.width)


def _schema(features: FeatureSet) -> pa.Schema:
    whole = data_schema(features)
    return pa.schema([whole.field(column.name) for column in features.recorded])


def _told(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
