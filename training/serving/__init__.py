"""A trained policy for players on this machine and elsewhere: loaded once, asked by many."""
