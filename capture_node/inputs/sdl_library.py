"""Finding and loading SDL3, which reads the gamepads, through pysdl3.

Left to itself pysdl3 asks the network for a newer version, downloads a library, prints, and writes into its own
package when it is imported. Here it is given one library, and told to do none of that.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import importlib.util
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from capture_node.node_paths import node_paths
from playloom.errors import CaptureError, MissingExtraError

LIBRARY_VARIABLE = "PLAYLOOM_SDL3"
"""Names the SDL3 library to use, or the directory that it lies in."""

LEAST_VERSION = (3, 2, 0)
"""The first stable one; the layout of events has not changed since."""

INSTALL_REMEDY = "Run: playloom node install-sdl"

_QUIET = {
    "SDL_CHECK_BINARY_VERSION": "0",
    "SDL_CHECK_VERSION": "0",
    "SDL_CTYPES_ALIAS_FIX": "0",
    "SDL_DEBUG": "0",
    "SDL_DISABLE_METADATA": "0",
    "SDL_DOC_GENERATOR": "0",
    "SDL_DOWNLOAD_BINARIES": "0",
    "SDL_FIND_BINARIES": "0",
    "SDL_IGNORE_MISSING_FUNCTIONS": "1",
    "SDL_LOG_LEVEL": "3",  # above its highest
}

_loading = Lock()
_loaded: Any = None


def library_name(system: str = sys.platform) -> str:
    """What SDL3's file is called on a system (`sys.platform`'s names)."""
    return {"win32": "SDL3.dll", "darwin": "libSDL3.dylib"}.get(system, "libSDL3.so.0")


def load_sdl() -> Any:
    """The module ``sdl3``, with a library behind it. The first call takes about a second, later ones nothing.

    Raises:
        CaptureError: there is no SDL3 here, it is too old or broken; says how to get one.
        MissingExtraError: pysdl3 is not installed.
    """
    global _loaded
    with _loading:
        if _loaded is None:
            if importlib.util.find_spec("sdl3") is None:
                raise MissingExtraError("Reading gamepads", "capture")
            library = find_library()
            check_library(library)
            _loaded = _import_for(library)
        return _loaded


def find_library() -> Path:
    """The SDL3 library to use: the one named by PLAYLOOM_SDL3, the one installed by us, or the system's.

    Raises:
        CaptureError: there is none; says how to get one.
    """
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        path = Path(named).expanduser()
        file = _inside(path) if path.is_dir() else path
        if not file.is_file():
            raise CaptureError(
                "SDL3", f"{LIBRARY_VARIABLE} names {file}, which is not there", remedy=f"Correct it, or {_or_install()}"
            )
        return file.absolute()
    installed = node_paths().libraries / library_name()
    if installed.is_file():
        return installed
    system = _system_library()
    if system is None:
        raise CaptureError("SDL3", "is not installed here; gamepads are read through it", remedy=INSTALL_REMEDY)
    return system


def check_library(file: Path) -> tuple[int, int, int]:
    """Load a library to see that it is an SDL3 that can be used here; returns its version.

    Raises:
        CaptureError: it cannot.
    """
    try:
        number = int(ctypes.CDLL(str(file)).SDL_GetVersion())
    except OSError as error:
        raise CaptureError("SDL3", f"{file} cannot be loaded: {error}", remedy=INSTALL_REMEDY) from error
    except AttributeError as error:
        raise CaptureError("SDL3", f"{file} is not SDL3", remedy=INSTALL_REMEDY) from error
    version = (number // 1_000_000, number // 1000 % 1000, number % 1000)
    if version < LEAST_VERSION:
        found, least = (".".join(map(str, each)) for each in (version, LEAST_VERSION))
        raise CaptureError("SDL3", f"{file} is version {found}, {least} is needed", remedy=INSTALL_REMEDY)
    return version


def _inside(folder: Path) -> Path:
    """The library in a folder; distributions and our own builds name it differently."""
    names = (library_name(), "libSDL3.so", "libSDL3.dylib", "SDL3.dll")
    return next((folder / name for name in names if (folder / name).is_file()), folder / library_name())


def _or_install() -> str:
    return INSTALL_REMEDY[0].lower() + INSTALL_REMEDY[1:]


def _system_library() -> Path | None:
    if sys.platform != "linux":
        found = ctypes.util.find_library("SDL3")
        return None if found is None else Path(found).absolute()
    # The loader knows best where libraries lie; find_library would start a compiler to ask.
    try:
        ctypes.CDLL(library_name())
    except OSError:
        return None
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and Path(fields[5]).name.startswith("libSDL3.so"):
            return Path(fields[5])
    return None


def _import_for(library: Path) -> Any:
    already = sys.modules.get("sdl3")
    if already is not None and "SDL3" in already.binaryMap:
        return already
    with tempfile.TemporaryDirectory(prefix="playloom-sdl3-") as folder, _environment(_QUIET, SDL_BINARY_PATH=folder):
        file = library
        if sys.platform != "win32":  # pysdl3 goes by names, and libraries have others ("libSDL3-3fa10a58.so.0.4.18")
            file = Path(folder) / ("libSDL3.dylib" if sys.platform == "darwin" else "libSDL3.so")
            file.symlink_to(library)
        metadata = {"system": platform.system(), "arch": _architecture(), "files": [str(file)]}
        (Path(folder) / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
        return importlib.import_module("sdl3")


def _architecture() -> str:
    return "ARM64" if platform.machine().lower() in ("arm64", "aarch64") else "AMD64"


@contextmanager
def _environment(values: Mapping[str, str], **more: str) -> Iterator[None]:
    values = {**values, **more}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
