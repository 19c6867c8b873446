#!/usr/bin/env bash
# Installs the system packages that Playloom's tests and demo use, on Debian and Ubuntu. Says what it installs;
# where it may not install, prints the command for someone who may.
set -euo pipefail

declare -A packages=(
    [ffmpeg]="the FFmpeg libraries that torchcodec decodes with, and the ffmpeg program that tests make odd videos with"
    [xvfb]="a screen in memory, for tests that play in a real window"
    [dbus-daemon]="a message bus, for a test's own notification service"
    [xdotool]="presses real keys in those windows"
    [libgl1]="OpenGL, which the game environments link to"
    [radosgw]="an S3 server (Ceph's object gateway) for tests of the object store"
    [ceph-mon]="the same"
    [ceph-osd]="the same"
    [ceph-common]="the same"
    [postgresql]="a database server for tests of the coordinator"
)

missing=()
for package in "${!packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "playloom: this is no Debian or Ubuntu. Install what these Debian packages hold, then go on with SKIP_SYSTEM_PACKAGES=1:" >&2
    printf '    %s\n' "${missing[@]}" >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if sudo --non-interactive true 2>/dev/null; then
        as_root=(sudo --non-interactive)
    else
        echo "playloom: some system packages are missing and this user may not install them. Run this, then try again:" >&2
        echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi
echo "playloom: installing these system packages:"
for package in "${missing[@]}"; do
    printf '    %-11s %s\n' "$package" "${packages[$package]}"
done
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
