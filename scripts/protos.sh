#!/usr/bin/env bash
# Generates the Python stubs beside protos/*.proto.
#   scripts/protos.sh          writes them
#   scripts/protos.sh --check  writes nothing; fails when a committed stub is not what its .proto gives
set -euo pipefail
cd "$(dirname "$0")/.."

generate() {
    .venv/bin/python -m grpc_tools.protoc -I . --python_out="$1" --pyi_out="$1" protos/*.proto
    # Messages alone need no gRPC.
    grep -l '^service ' protos/*.proto | xargs .venv/bin/python -m grpc_tools.protoc -I . --grpc_python_out="$1"
}
if [ "${1:-}" = "--check" ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    generate "$fresh"
    for stub in "$fresh"/protos/*; do
        if ! diff -u "protos/$(basename "$stub")" "$stub"; then
            echo "protos/$(basename "$stub") is not what its .proto gives: run make protos and commit the result" >&2
            exit 1
        fi
    done
    exit 0
fi
generate .
