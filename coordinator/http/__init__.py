"""The coordinator's HTTP port: health, metrics, and the parts of a store that is a directory."""
