"""Datasets have versions, and remember whose sessions must not be in them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("marked_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("marked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_checkpoints_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkpoints_created_unix_ns"), ["created_unix_ns"], unique=False)

    op.create_table(
        "dataset_turns",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("until_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_turns_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_turns")),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("manifest_key", sa.String(length=900), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("episodes", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("sessions_added", sa.BigInteger(), nullable=False),
        sa.Column("sessions_removed", sa.BigInteger(), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_unix_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_versions_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("dataset_id", "number", name=op.f("pk_dataset_versions")),
        sa.UniqueConstraint("manifest_key", name=op.f("uq_dataset_versions_manifest_key")),
    )
    op.create_table(
        "mapping_profiles",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("game_id", sa.String(length=200), nullable=False),
        sa.Column("profile_name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_unix_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_mapping_profiles_player_id_players")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_profiles")),
        sa.UniqueConstraint(
            "player_id", "game_id", "profile_name", name=op.f("uq_mapping_profiles_player_id_game_id_profile_name")
        ),
    )
    op.create_table(
        "checkpoint_parents",
        sa.Column("checkpoint_id", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_checkpoint_parents_checkpoint_id_checkpoints")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["checkpoints.id"], name=op.f("fk_checkpoint_parents_parent_id_checkpoints")
        ),
        sa.PrimaryKeyConstraint("checkpoint_id", "parent_id", name=op.f("pk_checkpoint_parents")),
    )
    with op.batch_alter_table("checkpoint_parents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkpoint_parents_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "checkpoint_sources",
        sa.Column("checkpoint_id", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_checkpoint_sources_checkpoint_id_checkpoints")
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id", "version"],
            ["dataset_versions.dataset_id", "dataset_versions.number"],
            name=op.f("fk_checkpoint_sources_dataset_id_dataset_versions"),
        ),
        sa.PrimaryKeyConstraint("checkpoint_id", "dataset_id", "version", name=op.f("pk_checkpoint_sources")),
    )
    with op.batch_alter_table("checkpoint_sources", schema=None) as batch_op:
        batch_op.create_index("ix_checkpoint_sources_version", ["dataset_id", "version"], unique=False)

    op.create_table(
        "dataset_tags",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id", "number"],
            ["dataset_versions.dataset_id", "dataset_versions.number"],
            name=op.f("fk_dataset_tags_dataset_id_dataset_versions"),
        ),
        sa.PrimaryKeyConstraint("dataset_id", "tag", name=op.f("pk_dataset_tags")),
    )
    op.create_table(
        "dataset_removals",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("player_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=True),
        sa.Column("content_sha256", sa.String(length=64), nullable=True),
        sa.Column("removed_unix_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_removals_dataset_id_datasets")),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_dataset_removals_player_id_players")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_dataset_removals_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_removals")),
    )
    with op.batch_alter_table("dataset_removals", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_removals_player", ["dataset_id", "player_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_removals_session_id"), ["session_id"], unique=False)
        batch_op.create_index(
            "uq_dataset_removals_player",
            ["dataset_id", "player_id"],
            unique=True,
            sqlite_where=sa.text("session_id IS NULL"),
            postgresql_where=sa.text("session_id IS NULL"),
        )
        batch_op.create_index(
            "uq_dataset_removals_session",
            ["dataset_id", "session_id"],
            unique=True,
            sqlite_where=sa.text("session_id IS NOT NULL"),
            postgresql_where=sa.text("session_id IS NOT NULL"),
        )

    op.create_table(
        "dataset_sessions",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("added_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("removed_version", sa.BigInteger(), nullable=True),
        sa.Column("episodes", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_sessions_dataset_id_datasets")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_dataset_sessions_session_id_sessions")),
        sa.PrimaryKeyConstraint("dataset_id", "session_id", "added_version", name=op.f("pk_dataset_sessions")),
    )
    with op.batch_alter_table("dataset_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_sessions_session_id"), ["session_id"], unique=False)
        batch_op.create_index(
            "uq_dataset_sessions_in",
            ["dataset_id", "session_id"],
            unique=True,
            sqlite_where=sa.text("removed_version IS NULL"),
            postgresql_where=sa.text("removed_version IS NULL"),
        )

    op.create_table(
        "dataset_staged",
        sa.Column("dataset_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("object_key", sa.String(length=900), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("episodes", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("staged_unix_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_staged_dataset_id_datasets")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_dataset_staged_session_id_sessions")),
        sa.PrimaryKeyConstraint("dataset_id", "session_id", name=op.f("pk_dataset_staged")),
    )
    with op.batch_alter_table("dataset_staged", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_staged_order", ["dataset_id", "staged_unix_ns", "session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_staged_session_id"), ["session_id"], unique=False)

    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "config", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
            )
        )
