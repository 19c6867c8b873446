"""What is done: gamepads, keyboard and mouse, each event with the time at which it happened."""
