"""The tables of datasets: versions, what is in them, what waits, what must not come again, and who learned from it.

See `coordinator.database.tables`, to whose metadata they belong.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from coordinator.database.tables import Id, Name, Nanoseconds, metadata

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True),
    # With this key nobody else's version can have the same number: the last word on who came first.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("parent", BigInteger, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("manifest_key", String(900), nullable=False, unique=True),
    Column("manifest_sha256", String(64), nullable=False),
    Column("episodes", BigInteger, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),  # in it
    Column("sessions_added", BigInteger, nullable=False),
    Column("sessions_removed", BigInteger, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("withdrawn_unix_ns", Nanoseconds),
)

dataset_tags = Table(
    "dataset_tags",
    metadata,
    Column("dataset_id", Id, primary_key=True),
    Column("tag", Name, primary_key=True),
    Column("number", BigInteger, nullable=False),
    ForeignKeyConstraint(["dataset_id", "number"], ["dataset_versions.dataset_id", "dataset_versions.number"]),
)

dataset_turns = Table(
    "dataset_turns",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True),
    Column("turn", BigInteger, nullable=False),  # counts up with every turn
    Column("worker", Name),
    Column("until_unix_ns", Nanoseconds),
)

# Converted sessions that wait for a version to take them up.
dataset_staged = Table(
    "dataset_staged",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), primary_key=True, index=True),
    Column("object_key", String(900), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("episodes", BigInteger, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("staged_unix_ns", Nanoseconds, nullable=False),
    Index("ix_dataset_staged_order", "dataset_id", "staged_unix_ns", "session_id"),
)

# From which version to before which one a session is in a dataset. After a rollback it may come again.
dataset_sessions = Table(
    "dataset_sessions",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), primary_key=True, index=True),
    Column("added_version", BigInteger, primary_key=True, autoincrement=False),
    Column("removed_version", BigInteger),
    Column("episodes", BigInteger, nullable=False),
    Column("frames", BigInteger, nullable=False),
    # A session is in the newest version once.
    Index(
        "uq_dataset_sessions_in",
        "dataset_id",
        "session_id",
        unique=True,
        sqlite_where=text("removed_version IS NULL"),
        postgresql_where=text("removed_version IS NULL"),
    ),
)

# What must not enter a dataset again: a session and whatever has its content, or all sessions of a player.
dataset_removals = Table(
    "dataset_removals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id"), nullable=False),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("session_id", ForeignKey("sessions.id"), index=True),  # none: all of the player's
    Column("content_sha256", String(64)),
    Column("removed_unix_ns", Nanoseconds, nullable=False),
    Index("ix_dataset_removals_player", "dataset_id", "player_id"),
    Index("ix_dataset_removals_content", "dataset_id", "content_sha256"),
    Index(
        "uq_dataset_removals_session",
        "dataset_id",
        "session_id",
        unique=True,
        sqlite_where=text("session_id IS NOT NULL"),
        postgresql_where=text("session_id IS NOT NULL"),
    ),
    Index(
        "uq_dataset_removals_player",
        "dataset_id",
        "player_id",
        unique=True,
        sqlite_where=text("session_id IS NULL"),
        postgresql_where=text("session_id IS NULL"),
    ),
)

mapping_profiles = Table(
    "mapping_profiles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("game_id", Name, nullable=False),
    Column("profile_name", Name, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    UniqueConstraint("player_id", "game_id", "profile_name"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("location", Text, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False, index=True),
    Column("marked_unix_ns", Nanoseconds),
    Column("marked_reason", Text),
)

checkpoint_sources = Table(
    "checkpoint_sources",
    metadata,
    Column("checkpoint_id", ForeignKey("checkpoints.id"), primary_key=True),
    Column("dataset_id", Id, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["dataset_id", "version"], ["dataset_versions.dataset_id", "dataset_versions.number"]),
    Index("ix_checkpoint_sources_version", "dataset_id", "version"),
)

checkpoint_parents = Table(
    "checkpoint_parents",
    metadata,
    Column("checkpoint_id", ForeignKey("checkpoints.id"), primary_key=True),
    Column("parent_id", ForeignKey("checkpoints.id"), primary_key=True, index=True),
)
