"""Reading clips of datasets for training."""
