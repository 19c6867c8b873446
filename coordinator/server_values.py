"""What the coordinators of one database have in common."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.database.tables import server_values
from coordinator.ids import new_id

_SERVER_ID = "server_id"


async def server_id(connection: AsyncConnection) -> str:
    """The id of this installation; made when it is asked for first."""
    query = select(server_values.c.value).where(server_values.c.name == _SERVER_ID)
    found = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = make(server_values).values(name=_SERVER_ID, value=new_id("server"))
        await connection.execute(row.on_conflict_do_nothing())
        found = (await connection.execute(query)).scalar_one()
    return found
