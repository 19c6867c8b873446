#!/usr/bin/env bash
# Prints the path of a working uv. Where there is none, installs it by pip:
# into .tools if venv works here, else for this user.
set -euo pipefail
cd "$(dirname "$0")/.."

for candidate in uv .tools/bin/uv "$HOME/.local/bin/uv"; do
    # Run it: a version manager's shim may be on the PATH and still not work in this directory.
    if "$candidate" --version >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done

echo "playloom: uv is not installed; installing it by pip" >&2
if python3 -m venv .tools >/dev/null 2>&1 && .tools/bin/python -m pip install --quiet uv >&2; then
    echo .tools/bin/uv
    exit 0
fi
rm -rf .tools
if python3 -m pip install --quiet --user --break-system-packages uv >&2 && [ -x "$HOME/.local/bin/uv" ]; then
    echo "$HOME/.local/bin/uv"
    exit 0
fi
cat >&2 <<'TEXT'
playloom: uv could not be installed. Install it in one of these ways and try again:
    sudo apt-get install python3-venv python3-pip    (then run this again)
    pipx install uv
TEXT
exit 1
