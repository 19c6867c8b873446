"""`playloom train idm`; the types of these values stand in `training.runs.schema`."""
