"""Where finished sessions and datasets lie: a directory or any S3 store, behind one small protocol."""
