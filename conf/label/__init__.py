"""`playloom label`; the types of these values stand in `training.labelling.settings`."""
