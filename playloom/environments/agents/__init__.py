"""Agents that play by rule: some at random, some well, so that there is skilled play to learn from."""
