"""What Alembic runs: the steps, on the connection that it is given."""

from alembic import context

from coordinator.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite cannot change most columns in place; Alembic then makes the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
