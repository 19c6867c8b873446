"""From the spool to the server: sending finished sessions, keeping them until they are confirmed, and the stream."""
