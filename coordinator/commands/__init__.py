"""The operator's commands: players, nodes, jobs, datasets. They speak gRPC, from whatever machine has a token."""
