"""Failed jobs are found among many"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NOT_DONE = sa.text("state <> 'done'")


def upgrade() -> None:
    op.drop_index("ix_jobs_open", "jobs")
    for name, first in (("ix_jobs_player_not_done", "player_id"), ("ix_jobs_kind_not_done", "kind")):
        columns = [first, "state", "created_unix_ns", "id"]
        op.create_index(name, "jobs", columns, sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE)
