"""Other tools' recordings and datasets made into Playloom's: sessions, or a LeRobot v3.0 dataset."""
