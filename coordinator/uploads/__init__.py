"""Recordings on their way: files in parts, sent while they grow, and a session once every sum agrees."""
