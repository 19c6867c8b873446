"""Thin adapters to Windows' own interfaces."""
