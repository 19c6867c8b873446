"""Playloom's domain, shared by all its programs: the recording format, actions, errors and the command line's root."""
