"""The database: SQLite on one machine, PostgreSQL for a server; the same tables and the same tests."""
