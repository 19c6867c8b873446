"""Rows of values handed to a statement as one text of JSON: the same statement for one row and for many.

(A parameter for each value would be another statement for each number of rows, put together and planned anew.)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, String, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from coordinator.database.tables import jobs
from coordinator.jobs.states import JobState

GIVEN = "_given"
"""The parameter's name: a JSON list of objects, whose keys are the columns."""


def is_in_state(state: JobState) -> ColumnElement[bool]:
    """That a job, found by its id, is in this state.

    Written so that no index of that state serves it. A database that knows of few such jobs would else join with all of
    them, by that index; and it learns late, among a million, that there are ten thousand now.
    """
    return jobs.c.state.concat("") == state.value


def rows_given(dialect: str, *columns: Column[Any]) -> FromClause:
    """A table of what is given; what an object leaves out is NULL."""
    given = bindparam(GIVEN, type_=String)
    if dialect == "postgresql":
        rows = func.jsonb_to_recordset(cast(given, JSONB)).table_valued(*columns, name="given")
        return rows.render_derived(with_types=True)
    each = func.json_each(given).table_valued("value", name="each_given")
    values = (
        func.json_extract(each.c.value, literal_column(f"'$.{one.name}'"), type_=one.type).label(one.name)
        for one in columns
    )
    return select(*values).subquery("given")
