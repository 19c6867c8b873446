"""Durable jobs: leased with a deadline, kept alive by heartbeats, retried, and done once."""
