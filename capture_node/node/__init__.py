"""The node: a recorder that waits in the background and is spoken to over gRPC."""

import os

# Read by gRPC when it is imported. Its handlers for fork() do nothing for us and write lines of their own to stderr
# whenever a program is started; what goes wrong in a call is raised and needs no log.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
