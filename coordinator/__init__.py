"""The server: players, sessions, jobs and datasets, for many gaming PCs and workers."""
