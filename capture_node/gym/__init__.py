"""Recording, replaying and verifying play in Gymnasium environments."""
