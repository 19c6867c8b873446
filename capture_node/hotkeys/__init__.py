"""Keys that work while the game has focus."""
