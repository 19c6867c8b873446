"""Runs: their settings, directories, checkpoints and lists."""
