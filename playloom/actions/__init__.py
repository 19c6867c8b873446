"""From what a player held to the action vector of a game."""
