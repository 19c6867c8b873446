"""What a player sees in the terminal: the choice of a window, and the live status."""
