"""`playloom node sources|pads|profiles|sessions|recover`: asked of the node if one runs, else looked up here."""

from __future__ import annotations

import typer

from capture_node.node.connection_options import Address, Json, TlsCa, Token, connected_if_running


def sources(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """The monitors and windows that can be recorded, with sizes and programs."""
    from capture_node.node.words import as_json, console_of_command, print_next, print_rows
    from capture_node.sources.catalogue import list_sources
    from capture_node.sources.frame_source import SourceKind

    node = connected_if_running(address, token, tls_ca)
    if node is None:
        found = list_sources()
    else:
        with node:
            found = node.sources()
    if json:
        typer.echo(as_json(found))
        return
    console = console_of_command()
    rows = [
        (
            f"monitor {one.key}" if one.kind is SourceKind.MONITOR else one.kind,
            f"{one.title} (main)" if one.primary else one.title,
            f"{one.width}x{one.height}",
            one.process or "",
        )
        for one in found
    ]
    print_rows(console, ("what", "title", "size", "program"), rows)
    print_next(console, "playloom node start --window TITLE, or --monitor N")


def pads(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """The gamepads that are plugged in."""
    from capture_node.node.words import as_json, console_of_command, print_next, print_rows

    node = connected_if_running(address, token, tls_ca)
    if node is None:
        from capture_node.inputs.gamepads import list_pads

        found = list_pads()
    else:
        with node:
            found = node.pads()
    if json:
        typer.echo(as_json(found))
        return
    console = console_of_command()
    if not found:
        console.print("No gamepad is plugged in, or none that SDL knows.")
        print_next(console, "plug one in or switch it on, and look again")
        return
    rows = [(str(one.pad), one.name, f"{one.vendor_id:04x}:{one.product_id:04x}", one.guid) for one in found]
    print_rows(console, ("pad", "name", "USB", "SDL's id"), rows)
    print_next(console, "playloom node start --window TITLE")


def profiles(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """The capture profiles: size, rate and quality of videos, by name."""
    from capture_node.node.words import as_json, console_of_command, print_next, print_rows
    from capture_node.node_paths import node_paths
    from capture_node.recorder.capture_profile import list_profiles

    node = connected_if_running(address, token, tls_ca)
    if node is None:
        found = list_profiles()
    else:
        with node:
            found = node.profiles()
    if json:
        typer.echo(as_json(found))
        return
    console = console_of_command()
    rows = [
        (
            one.name,
            f"{one.width}x{one.height}" if one.width else "as it is",
            f"{one.fps}",
            f"{one.keyframe_interval}",
            f"{one.crf}",
            one.description,
        )
        for one in found
    ]
    print_rows(console, ("profile", "size", "fps", "keyframe every", "crf", "what for"), rows)
    if address is None:
        console.print(f"Your own lie in {node_paths().profiles}, a YAML file each.", markup=False)
    print_next(console, "playloom node start --profile NAME --window TITLE")


def sessions(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """The sessions that wait in the spool, oldest first."""
    from capture_node.node.spooled import describe_spool
    from capture_node.node.words import as_json, console_of_command, print_next, print_sessions, shell_path
    from capture_node.node_settings import load_settings

    node = connected_if_running(address, token, tls_ca)
    if node is None:
        found = describe_spool(load_settings().spool)
    else:
        with node:
            found = node.sessions()
    if json:
        typer.echo(as_json(found))
        return
    console = console_of_command()
    if not found:
        console.print("No session waits in the spool.")
        print_next(console, "playloom node start --window TITLE")
        return
    print_sessions(console, found)
    if any(not one.finished and not one.recording for one in found):
        print_next(console, "playloom node recover")
    else:
        print_next(console, f"playloom validate {shell_path(found[-1].path.parent)}")


def recover(*, json: Json = False, address: Address = None, token: Token = None, tls_ca: TlsCa = None) -> None:
    """Make sessions in the spool that were cut off readable, and say what they lack. Every start does so, too."""
    from capture_node.node.running import node_claimed
    from capture_node.node.spooled import recover_spool
    from capture_node.node.words import as_json, console_of_command, print_next
    from capture_node.node_settings import load_settings
    from playloom.figures import one_line

    node = connected_if_running(address, token, tls_ca)
    if node is None:
        settings = load_settings()
        with node_claimed(settings.paths.private):
            found = recover_spool(settings.spool)
    else:
        with node:
            found = node.recover()
    failed = any(one.problem is not None for one in found)
    if json:
        typer.echo(as_json(found))
    else:
        console = console_of_command()
        for one in found:
            console.print(one_line(str(one)), style="red" if one.problem else "", markup=False)
        if not found:
            console.print("Nothing to recover: every session in the spool is whole.")
        print_next(console, "playloom node sessions")
    if failed:
        raise typer.Exit(1)
