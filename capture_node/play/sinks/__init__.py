"""Where controls are held in a game that is not ours: keys and a mouse, or a pad that the system believes in."""
