"""What a caller is told when the database fails: to come again where that may help, and else whom to tell."""

from __future__ import annotations

import grpc
import pytest
from sqlalchemy.exc import DBAPIError

from coordinator.rpc.failures import failure_of


class PostgresError(Exception):
    """Attributes: sqlstate: PostgreSQL's own word for what was wrong."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("the name of a host")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "sqlstate",
    [
        pytest.param("57P03", id="it recovers"),
        pytest.param("57P01", id="it is being stopped"),
        pytest.param("57P02", id="another process of it has crashed"),
        pytest.param("08006", id="the connection is lost"),
        pytest.param("53300", id="too many connections"),
        pytest.param("53100", id="its disk is full"),
        pytest.param("58030", id="its disk fails"),
    ],
)
def test_a_database_that_is_away_or_has_no_room_is_a_reason_to_come_again(sqlstate: str) -> None:
    failure = failure_of(DBAPIError("SELECT 1", {}, PostgresError(sqlstate)), "request_1")
    assert (failure.code, failure.ours) == (grpc.StatusCode.UNAVAILABLE, True)
    assert failure.details == (
        "the database does not do what it should at the moment (request request_1). Try again later"
    )


@pytest.mark.parametrize("sqlstate", ["42601", "22P02", None])
def test_a_statement_that_it_refuses_is_the_coordinators_fault(sqlstate: str | None) -> None:
    failure = failure_of(DBAPIError("SELEKT 1", {}, PostgresError(sqlstate)), "request_1")
    assert failure.code is grpc.StatusCode.INTERNAL
    assert "name of a host" not in failure.details
