"""Playing by a policy: frames go to its server, what comes back goes to the game, and the game waits for neither."""
