"""Rollouts: a policy plays games itself, beside others who play the same ones."""
