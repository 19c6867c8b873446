"""Hydra's YAML files: values only. The schema of each stands beside its owner in `training`."""
