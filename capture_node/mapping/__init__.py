"""The wizard that asks which control does what in a game."""
