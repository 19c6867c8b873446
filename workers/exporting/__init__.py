"""Copies of datasets for others: contiguous videos, as many parts as asked for, nothing but the chosen episodes."""
