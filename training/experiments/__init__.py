"""Experiments: the whole chain in one command, from play to figures."""
