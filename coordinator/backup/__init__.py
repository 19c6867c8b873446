"""Backups of what a coordinator knows, and their way back. What the object store holds is the store's own affair."""
