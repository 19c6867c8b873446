#!/usr/bin/env bash
# Writes requirements.txt from pyproject.toml: every package of every extra, for every platform, with hashes
# and without the address of any registry.
#   scripts/lock.sh            keeps the pins that still fit
#   scripts/lock.sh --upgrade  takes the newest versions allowed
#   scripts/lock.sh --check    writes nothing; fails when requirements.txt no longer fits pyproject.toml
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(scripts/find-uv.sh)
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.12 --all-extras --group dev \
        --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command scripts/lock.sh "$@" pyproject.toml
}

if [ "${1:-}" = "--check" ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    cp requirements.txt "$fresh/requirements.txt"
    compile --output-file "$fresh/requirements.txt"
    # Names and versions: how markers are spelt is for uv's version to say, and a registry may add files to a release.
    pins() { sed -nE 's/^([a-zA-Z0-9][^ ;\\]*).*/\1/p' "$1"; }
    if ! diff <(pins requirements.txt) <(pins "$fresh/requirements.txt"); then
        echo "requirements.txt does not fit pyproject.toml: run scripts/lock.sh and commit the result" >&2
        exit 1
    fi
    exit 0
fi
compile "$@" --output-file requirements.txt
