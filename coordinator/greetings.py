"""What `playloom coordinator` and `playloom up` say to the operator."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from coordinator.places import OPERATOR_DIRECTORY, WORKER_LOG_FILE, default_root
from coordinator.server import RunningServer, authority_file
from coordinator.setup import Setup, address_for_others, address_here, has_operator, operator_at
from coordinator.tls.private_authority import authority_fingerprint
from playloom.listen_address import parse_address


def setup_as_json(made: Setup, settings_file: Path) -> str:
    """What was set up, for scripts; without the token."""
    found = {
        "directory": str(made.settings.root),
        "settings": str(settings_file),
        "address": made.public_address,
        "authority": None if made.authority is None else str(made.authority),
        "authority_sha256": None if made.authority is None else authority_fingerprint(made.authority.parent),
        "operator": made.operator.player,
        "operator_access": str(made.operator_file),
    }
    return json.dumps(found, indent=2)


def print_setup(made: Setup, settings_file: Path) -> None:
    """What was set up, and what to do next."""
    lines = [f"A server is set up in {made.settings.root}:", f"  {settings_file.name:28} what you may change"]
    if made.authority is not None:
        lines += [
            f"  {_below(made, made.authority):28} the certificate that the PCs are told; no secret",
            f"  {'':28} SHA-256 {authority_fingerprint(made.authority.parent)}",
        ]
    lines += [
        f"  {_below(made, made.operator_file):28} the token of its operator {made.operator.player}; a secret",
        "On each PC of a player, once the server runs:",
        f"  1. here: playloom players add NAME{_access_option(made.settings.root)}  (prints a code, good once)",
    ]
    ca = ""
    if made.authority is not None:
        lines.append(f"  2. copy {made.authority} to the PC")
        ca = " --ca ca.pem"
    lines.append(f"  {3 if ca else 2}. there: playloom enrol CODE --server {made.public_address}{ca}")
    _print(lines, f"Next: playloom coordinator run{_directory_option(made.settings.root)}")


def worker_words(root: Path, *, wanted: bool, installed: bool) -> str:
    """What becomes of uploaded sessions on this machine."""
    if not wanted:
        return "  no worker runs beside it: conversions wait for one, see playloom worker run --help"
    if not installed:
        return '  conversions wait: this machine has no worker. Install one: pip install "playloom[workers]"'
    return f"  a worker beside it converts what is uploaded, in half a minute; it writes to {root / WORKER_LOG_FILE}"


def greet(server: RunningServer, *, also: str | None = None) -> None:
    """That it runs, where, and what to do next. Args: also: a further line."""
    settings = server.settings
    bound = parse_address(server.address)
    scheme = "http" if server.certificate is None else "https"
    lines = [f"Playloom's server runs at {server.address}; its data is in {settings.root}."]
    if server.certificate is not None:
        lines.append(
            f"  TLS for {', '.join(server.certificate.names)}, until {server.certificate.valid_until:%Y-%m-%d}"
        )
    lines.append(f"  health and figures at {scheme}://{server.http_address}/healthz and /metrics")
    if has_operator(settings.root):
        here = address_here(settings, bound, server.certificate)
        lines.append(f"  its operator on this machine is {operator_at(settings.root, here).player}")
    if also is not None:
        lines.append(also)
    lines.append("Ctrl-C ends it; calls that run are let end first.")
    ca = "" if authority_file(settings) is None else " --ca ca.pem"
    _print(
        lines,
        f"Next, in another terminal: playloom players add NAME{_access_option(settings.root)}, "
        f"and on that player's PC: playloom enrol CODE --server {address_for_others(settings, bound)}{ca}",
    )


def _directory_option(root: Path) -> str:
    return "" if root == default_root() else f" --directory {root}"


def _access_option(root: Path) -> str:
    """What the operator's commands need so that they find this server."""
    return "" if root == default_root() else f" --access {root / OPERATOR_DIRECTORY}"


def _below(made: Setup, file: Path) -> str:
    return str(file.relative_to(made.settings.root)) if file.is_relative_to(made.settings.root) else str(file)


def _print(lines: list[str], last: str) -> None:
    console = Console(emoji=False, file=sys.stdout, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line, markup=False)
    console.print(last, style="bold", markup=False)
