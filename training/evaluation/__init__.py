"""Holding a trained model against play that it has not seen: `playloom evaluate`."""
