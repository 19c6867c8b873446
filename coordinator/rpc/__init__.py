"""The coordinator's gRPC services, and what stands before every call: who, how often, how long, and what is told."""
