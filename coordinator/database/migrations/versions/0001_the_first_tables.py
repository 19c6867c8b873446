"""The first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "wish", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=True),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column(
            "detail", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_unix_ns", ["unix_ns"], unique=False)

    op.create_table(
        "players",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("quota_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("disabled_unix_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_players")),
        sa.UniqueConstraint("name_key", name=op.f("uq_players_name_key")),
    )
    op.create_table(
        "server_values",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_values")),
    )
    op.create_table(
        "ingest_rules",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("game_id", sa.String(length=200), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_ingest_rules_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_rules")),
        sa.UniqueConstraint("dataset_id", "game_id", name=op.f("uq_ingest_rules_dataset_id_game_id")),
    )
    with op.batch_alter_table("ingest_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ingest_rules_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ingest_rules_game_id"), ["game_id"], unique=False)

    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("used_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_invitations_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitations_code_hash")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_player_id"), ["player_id"], unique=False)

    op.create_table(
        "job_shares",
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("last_share", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_job_shares_player_id_players")),
        sa.PrimaryKeyConstraint("player_id", name=op.f("pk_job_shares")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column(
            "payload", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("open_needs", sa.Integer(), nullable=False),
        sa.Column("ready_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("lease_until_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("progress_text", sa.Text(), nullable=True),
        sa.Column(
            "result", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("started_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("finished_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_jobs_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("player_id", "idempotency_key", name=op.f("uq_jobs_player_id_idempotency_key")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_created", ["created_unix_ns", "id"], unique=False)
        batch_op.create_index(
            "ix_jobs_leased",
            ["lease_until_unix_ns"],
            unique=False,
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.create_index("ix_jobs_player_created", ["player_id", "created_unix_ns", "id"], unique=False)
        batch_op.create_index(
            "ix_jobs_ready",
            ["kind", "rank", "share", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        )
        batch_op.create_index(
            "ix_jobs_ready_share",
            ["share"],
            unique=False,
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        )
        batch_op.create_index("ix_jobs_state_created", ["state", "created_unix_ns", "id"], unique=False)
        batch_op.create_index(
            "ix_jobs_waiting",
            ["ready_unix_ns"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "nodes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("connected_to", sa.String(length=40), nullable=True),
        sa.Column(
            "status", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_nodes_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nodes_last_seen_unix_ns"), ["last_seen_unix_ns"], unique=False)
        batch_op.create_index(batch_op.f("ix_nodes_player_id"), ["player_id"], unique=False)

    op.create_table(
        "job_logs",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_logs_job_id_jobs")),
        sa.PrimaryKeyConstraint("job_id", "line", name=op.f("pk_job_logs")),
    )
    op.create_table(
        "job_needs",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("needs_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_needs_job_id_jobs")),
        sa.ForeignKeyConstraint(["needs_id"], ["jobs.id"], name=op.f("fk_job_needs_needs_id_jobs")),
        sa.PrimaryKeyConstraint("job_id", "needs_id", name=op.f("pk_job_needs")),
    )
    with op.batch_alter_table("job_needs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_needs_needs_id"), ["needs_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("node_id", sa.String(length=40), nullable=True),
        sa.Column("recording_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("game_id", sa.String(length=200), nullable=True),
        sa.Column("profile_name", sa.String(length=200), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("recorded_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "info", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("deleted_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("purged_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_sessions_node_id_nodes")),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_sessions_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index("ix_sessions_created", ["created_unix_ns", "id"], unique=False)
        batch_op.create_index(
            "ix_sessions_deleted",
            ["deleted_unix_ns"],
            unique=False,
            sqlite_where=sa.text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
            postgresql_where=sa.text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
        )
        batch_op.create_index("ix_sessions_game_created", ["game_id", "created_unix_ns", "id"], unique=False)
        batch_op.create_index("ix_sessions_player_created", ["player_id", "created_unix_ns", "id"], unique=False)
        batch_op.create_index(
            "uq_sessions_content",
            ["player_id", "content_sha256"],
            unique=True,
            sqlite_where=sa.text("deleted_unix_ns IS NULL"),
            postgresql_where=sa.text("deleted_unix_ns IS NULL"),
        )

    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("node_id", sa.String(length=40), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("revoked_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("used_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_tokens_node_id_nodes")),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_tokens_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tokens_player_id"), ["player_id"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("node_id", sa.String(length=40), nullable=True),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("recording_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("part_bytes", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.Column("reserved_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("touched_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_uploads_node_id_nodes")),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_uploads_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index("ix_uploads_player_state", ["player_id", "state"], unique=False)
        batch_op.create_index("ix_uploads_state_touched", ["state", "touched_unix_ns"], unique=False)
        batch_op.create_index(
            "uq_uploads_open",
            ["player_id", "recording_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "session_files",
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("object_key", sa.String(length=900), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_session_files_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "name", name=op.f("pk_session_files")),
    )
    op.create_table(
        "upload_files",
        sa.Column("upload_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("object_key", sa.String(length=900), nullable=False),
        sa.Column("store_upload_id", sa.String(length=500), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_upload_files_upload_id_uploads")),
        sa.PrimaryKeyConstraint("upload_id", "name", name=op.f("pk_upload_files")),
    )


def downgrade() -> None:
    op.drop_table("upload_files")
    op.drop_table("session_files")
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_uploads_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_uploads_state_touched")
        batch_op.drop_index("ix_uploads_player_state")

    op.drop_table("uploads")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_player_id"))
        batch_op.drop_index(batch_op.f("ix_tokens_node_id"))

    op.drop_table("tokens")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sessions_content",
            sqlite_where=sa.text("deleted_unix_ns IS NULL"),
            postgresql_where=sa.text("deleted_unix_ns IS NULL"),
        )
        batch_op.drop_index("ix_sessions_player_created")
        batch_op.drop_index("ix_sessions_game_created")
        batch_op.drop_index(
            "ix_sessions_deleted",
            sqlite_where=sa.text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
            postgresql_where=sa.text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
        )
        batch_op.drop_index("ix_sessions_created")

    op.drop_table("sessions")
    with op.batch_alter_table("job_needs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_needs_needs_id"))

    op.drop_table("job_needs")
    op.drop_table("job_logs")
    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nodes_player_id"))
        batch_op.drop_index(batch_op.f("ix_nodes_last_seen_unix_ns"))

    op.drop_table("nodes")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_jobs_waiting", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.drop_index("ix_jobs_state_created")
        batch_op.drop_index(
            "ix_jobs_ready_share", sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'")
        )
        batch_op.drop_index(
            "ix_jobs_ready", sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'")
        )
        batch_op.drop_index("ix_jobs_player_created")
        batch_op.drop_index(
            "ix_jobs_leased", sqlite_where=sa.text("state = 'leased'"), postgresql_where=sa.text("state = 'leased'")
        )
        batch_op.drop_index("ix_jobs_created")

    op.drop_table("jobs")
    op.drop_table("job_shares")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitations_player_id"))

    op.drop_table("invitations")
    with op.batch_alter_table("ingest_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ingest_rules_game_id"))
        batch_op.drop_index(batch_op.f("ix_ingest_rules_dataset_id"))

    op.drop_table("ingest_rules")
    op.drop_table("server_values")
    op.drop_table("players")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_unix_ns")

    op.drop_table("events")
    op.drop_table("datasets")
