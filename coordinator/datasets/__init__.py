"""Datasets: what they ask of recordings, and which sessions they want."""
