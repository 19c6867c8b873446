"""Speaking with a coordinator: where it is and with which token, and calls that are repeated where that may help."""
