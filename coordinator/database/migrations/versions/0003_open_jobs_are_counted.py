"""Open jobs of a player are counted"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OPEN = sa.text("state IN ('blocked', 'waiting', 'ready', 'leased')")


def upgrade() -> None:
    op.create_index("ix_jobs_open", "jobs", ["player_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
