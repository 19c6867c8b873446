"""The messages that Playloom's programs exchange and store, with their generated stubs (`make protos`)."""
