"""The tables. A change here needs a migration beside it; a test holds the two together.

Times are nanoseconds since 1970. Texts from outside are checked before they get here. Enumerations are texts whose
values stand in the module that owns the table. What datasets have besides stands in `dataset_tables`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(40)
Name = String(200)
Document = JSON().with_variant(JSONB(), "postgresql")
Nanoseconds = BigInteger

server_values = Table(
    "server_values",
    metadata,
    Column("name", Name, primary_key=True),
    Column("value", Text, nullable=False),
)

players = Table(
    "players",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("name_key", Name, nullable=False, unique=True),  # the name as it is compared
    Column("quota_bytes", BigInteger),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("disabled_unix_ns", Nanoseconds),
)

player_rooms = Table(  # what each has in sessions, kept as it changes
    "player_rooms",
    metadata,
    Column("player_id", ForeignKey("players.id"), primary_key=True),
    Column("sessions", BigInteger, nullable=False),
    Column("used_bytes", BigInteger, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False, index=True),
    Column("name", Name, nullable=False),
    Column("version", Name),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("last_seen_unix_ns", Nanoseconds, index=True),
    Column("connected_to", Id),  # the coordinator process that holds its stream
    Column("status", Document),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False, index=True),
    Column("code_hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", Name, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("expires_unix_ns", Nanoseconds, nullable=False),
    Column("used_unix_ns", Nanoseconds),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False, index=True),
    Column("node_id", ForeignKey("nodes.id"), index=True),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("scopes", Name, nullable=False),
    Column("label", Name, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("expires_unix_ns", Nanoseconds),
    Column("revoked_unix_ns", Nanoseconds),
    Column("used_unix_ns", Nanoseconds),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("node_id", ForeignKey("nodes.id")),
    Column("recording_id", Name, nullable=False),  # the id in its session.json
    Column("name", Name, nullable=False),
    Column("game_id", Name),
    Column("profile_name", Name),
    Column("task", Text),
    Column("recorded_unix_ns", Nanoseconds, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("info", Document, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("deleted_unix_ns", Nanoseconds),
    Column("purged_unix_ns", Nanoseconds),
    # A player's session is there once, however often it is sent. (One deleted may be sent again.)
    Index(
        "uq_sessions_content",
        "player_id",
        "content_sha256",
        unique=True,
        sqlite_where=text("deleted_unix_ns IS NULL"),
        postgresql_where=text("deleted_unix_ns IS NULL"),
    ),
    Index("ix_sessions_created", "created_unix_ns", "id"),
    Index("ix_sessions_player_created", "player_id", "created_unix_ns", "id"),
    Index("ix_sessions_game_created", "game_id", "created_unix_ns", "id"),
    Index(
        "ix_sessions_deleted",
        "deleted_unix_ns",
        sqlite_where=text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
        postgresql_where=text("deleted_unix_ns IS NOT NULL AND purged_unix_ns IS NULL"),
    ),
)

session_files = Table(
    "session_files",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("object_key", String(900), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("node_id", ForeignKey("nodes.id")),
    Column("session_id", Id, nullable=False),  # of the session to be; its objects lie under it
    Column("recording_id", Name, nullable=False),
    Column("name", Name, nullable=False),
    Column("state", String(20), nullable=False),
    Column("part_bytes", BigInteger, nullable=False),
    Column("manifest_sha256", String(64)),  # once the recording has ended
    Column("reserved_bytes", BigInteger, nullable=False),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("touched_unix_ns", Nanoseconds, nullable=False),
    Column("reason", Text),
    Index("ix_uploads_state_touched", "state", "touched_unix_ns"),
    Index("ix_uploads_player_state", "player_id", "state"),
    Index(
        "uq_uploads_open",
        "player_id",
        "recording_id",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

upload_files = Table(
    "upload_files",
    metadata,
    Column("upload_id", ForeignKey("uploads.id"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("object_key", String(900), nullable=False),
    Column("store_upload_id", String(500), nullable=False),
    Column("size_bytes", BigInteger),  # once the recording has ended
    Column("sha256", String(64)),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("wish", Document, nullable=False),  # what it asks of recordings
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("config", Document),  # what it is; without it nothing can enter
)

ingest_rules = Table(
    "ingest_rules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id"), nullable=False, index=True),
    Column("game_id", Name, nullable=False, index=True),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    UniqueConstraint("dataset_id", "game_id"),
)

NOT_DONE = "state <> 'done'"
"""All jobs but most of them. Where a query says so in these words, the indexes that hold nothing else serve it."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("player_id", ForeignKey("players.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("rank", Integer, nullable=False),  # the priority turned round: the lowest is first
    Column("share", BigInteger, nullable=False),  # its turn among the jobs of all players
    Column("payload", Document, nullable=False),
    Column("idempotency_key", Name),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("open_needs", Integer, nullable=False),  # jobs that must be done before
    Column("ready_unix_ns", Nanoseconds, nullable=False),  # not before
    Column("fence", BigInteger, nullable=False),  # counts up with every lease
    Column("worker", Name),
    Column("lease_until_unix_ns", Nanoseconds),
    Column("cancel_requested", Boolean, nullable=False),
    Column("progress", Float),
    Column("progress_text", Text),
    Column("result", Document),
    Column("reason", Text),
    Column("created_unix_ns", Nanoseconds, nullable=False),
    Column("started_unix_ns", Nanoseconds),
    Column("finished_unix_ns", Nanoseconds),
    UniqueConstraint("player_id", "idempotency_key"),
    Index(
        "ix_jobs_ready",
        "kind",
        "rank",
        "share",
        "id",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index(
        "ix_jobs_ready_share",
        "share",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index(
        "ix_jobs_waiting",
        "ready_unix_ns",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_jobs_leased",
        "lease_until_unix_ns",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index(
        "ix_jobs_player_not_done",
        *("player_id", "state", "created_unix_ns", "id"),
        sqlite_where=text(NOT_DONE),
        postgresql_where=text(NOT_DONE),
    ),
    Index(
        "ix_jobs_kind_not_done",
        *("kind", "state", "created_unix_ns", "id"),
        sqlite_where=text(NOT_DONE),
        postgresql_where=text(NOT_DONE),
    ),
    Index("ix_jobs_created", "created_unix_ns", "id"),
    Index("ix_jobs_kind_created", "kind", "created_unix_ns", "id"),
    Index("ix_jobs_player_created", "player_id", "created_unix_ns", "id"),
    Index("ix_jobs_state_created", "state", "created_unix_ns", "id"),
)

job_needs = Table(
    "job_needs",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("needs_id", ForeignKey("jobs.id"), primary_key=True, index=True),
)

job_logs = Table(
    "job_logs",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("unix_ns", Nanoseconds, nullable=False),
    Column("text", Text, nullable=False),
)

job_shares = Table(
    "job_shares",
    metadata,
    Column("player_id", ForeignKey("players.id"), primary_key=True),
    Column("last_share", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unix_ns", Nanoseconds, nullable=False),
    Column("player_id", Id),
    Column("action", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("detail", Document),
    Index("ix_events_unix_ns", "unix_ns"),
)
