"""The policy: a model that sees the last pictures of a game and says what to press next."""
