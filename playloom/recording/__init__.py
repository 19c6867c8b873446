"""The recording format: reader and writer of a session directory."""
