"""What players have is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "player_rooms",
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_player_rooms_player_id_players")),
        sa.PrimaryKeyConstraint("player_id", name=op.f("pk_player_rooms")),
    )
    op.execute(
        "INSERT INTO player_rooms (player_id, sessions, used_bytes)"
        " SELECT player_id, COUNT(*), CAST(SUM(size_bytes) AS BIGINT)"
        " FROM sessions WHERE deleted_unix_ns IS NULL GROUP BY player_id"
    )
    op.drop_index("ix_sessions_player_size", "sessions")
    if op.get_bind().dialect.name == "postgresql":
        # Among a million jobs that are done it would else learn very late of ten thousand that are ready now.
        op.execute(
            "ALTER TABLE jobs SET (autovacuum_analyze_scale_factor = 0.005, autovacuum_vacuum_scale_factor = 0.02)"
        )
