"""Lists of a full database"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_THERE = sa.text("deleted_unix_ns IS NULL")


def upgrade() -> None:
    op.create_index("ix_jobs_kind_created", "jobs", ["kind", "created_unix_ns", "id"])
    op.create_index(
        "ix_sessions_player_size",
        "sessions",
        ["player_id", "size_bytes"],
        sqlite_where=_THERE,
        postgresql_where=_THERE,
    )
