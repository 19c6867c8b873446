"""Sessions that are there: whose they are, and the way to their files."""
