"""How far input and picture are apart on this machine."""
