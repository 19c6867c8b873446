#!/usr/bin/env bash
# Makes .venv hold exactly what requirements.txt pins, and Playloom itself, editable.
# Does nothing when it has already done so for the files as they are now.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.playloom-setup
wanted=$(cat requirements.txt pyproject.toml .python-version | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/playloom ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

uv=$(scripts/find-uv.sh)
echo "playloom: installing the pinned packages into .venv (the first time this takes some minutes)"
"$uv" venv --quiet --allow-existing .venv
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt
"$uv" pip install --quiet --python .venv/bin/python --no-deps --editable .
echo "$wanted" >"$stamp"
echo "playloom: .venv/bin/playloom is ready"
