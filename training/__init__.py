"""Training: the data loader, the models, the trainer, labelling and evaluation. Hydra entry points; see `conf`."""
