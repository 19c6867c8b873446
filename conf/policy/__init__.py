"""`playloom train policy`; the types of these values stand in `training.policy.schema`."""
