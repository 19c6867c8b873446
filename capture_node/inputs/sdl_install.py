"""Putting an SDL3 library on this machine, for systems that bring none.

It comes out of a wheel of the package tcod, which builds SDL3 for every system that Python knows and keeps the builds
on the Python Package Index for good. Nothing of tcod itself is installed or run, and a wheel whose SHA-256 is not the
one written here is refused wherever it came from.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from capture_node.inputs.sdl_fetching import fetch, find_on_index
from capture_node.inputs.sdl_library import check_library, library_name
from capture_node.node_paths import node_paths
from playloom.errors import CaptureError

PACKAGE = "tcod"

MAX_WHEEL_BYTES = 64 << 20
MAX_LIBRARY_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SdlWheel:
    """A file that holds SDL3 for one system.

    Attributes:
        file_name: on the package index.
        sha256: of the file.
        member: the library's name in it.
    """

    file_name: str
    sha256: str
    member: str


@dataclass(frozen=True, kw_only=True)
class InstalledSdl:
    """What was installed.

    Attributes:
        path: the library.
        version: of SDL3.
        origin: where its wheel came from.
    """

    path: Path
    version: tuple[int, int, int]
    origin: str


def _wheel(tag: str, sha256: str, member: str) -> SdlWheel:
    return SdlWheel(file_name=f"tcod-21.2.2-cp310-abi3-{tag}.whl", sha256=sha256, member=member)


_MAC = _wheel(
    "macosx_10_13_universal2",
    "5cfe48514a343d6b92f43a101ddb14affdb5ea57402c5c960c5d1a0cbc74b86e",
    "tcod/.dylibs/SDL3",
)

WHEELS: Mapping[tuple[str, str], SdlWheel] = MappingProxyType(
    {
        ("linux", "x86_64"): _wheel(
            "manylinux_2_27_x86_64.manylinux_2_28_x86_64",
            "be0ae2b75ff49c033f5f1ad274e5716c05dcee016ec983ee5f9382c739e78564",
            "tcod.libs/libSDL3-3fa10a58.so.0.4.18",
        ),
        ("linux", "arm64"): _wheel(
            "manylinux_2_27_aarch64.manylinux_2_28_aarch64",
            "ea30404ff72bfc8c5a479d7fef6452af6507b51e2e8a504aceeab13042a24d62",
            "tcod.libs/libSDL3-eac04e99.so.0.4.18",
        ),
        ("win32", "x86_64"): _wheel(
            "win_amd64", "96e255a781fe943e3276313fd5c5b7f47a308f60d065d06f168129cc008e9986", "tcod/x64/SDL3.dll"
        ),
        ("win32", "arm64"): _wheel(
            "win_arm64", "80ed591d49d8f21d57ba66f428b3b689c2017f5b1390d7b0667e0f72ab695e67", "tcod/arm64/SDL3.dll"
        ),
        ("darwin", "x86_64"): _MAC,
        ("darwin", "arm64"): _MAC,
    }
)
"""By `sys.platform` and kind of processor. Each holds SDL 3.4.18."""


def wheel_for_this_machine() -> SdlWheel:
    """The wheel with this machine's SDL3.

    Raises:
        CaptureError: there is none; says what else can be done.
    """
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    wheel = WHEELS.get((sys.platform, machine))
    if wheel is None:
        raise CaptureError(
            "SDL3",
            f"there is no build of it for {sys.platform} on {machine}",
            remedy="Install the system's package of SDL3, or name a library in PLAYLOOM_SDL3",
        )
    return wheel


def install_sdl(
    *,
    source: str | None = None,
    index_url: str | None = None,
    wheel: SdlWheel | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> InstalledSdl:
    """Put SDL3 where `load_sdl` finds it. What was there before stays until the new one is whole.

    Args:
        source: the wheel as a file, a folder that it lies in, or a URL; None: find it on the index.
        index_url: a package index; None: what PIP_INDEX_URL says.
        wheel: which one; None: this machine's.
        progress: told how many bytes have come, and of how many (None: not known).

    Raises:
        CaptureError: it cannot be fetched, is not what it should be, or cannot be written; says what to do.
    """
    wheel = wheel or wheel_for_this_machine()
    target = node_paths().libraries / library_name()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".sdl3-") as folder:
            file, origin = _get(wheel, source, index_url, Path(folder) / wheel.file_name, progress)
            _verify(file, wheel, origin)
            library = Path(folder) / library_name()
            _extract(file, wheel, library)
            library.replace(target)
    except OSError as error:
        raise CaptureError(
            "SDL3",
            f"{target} cannot be written: {error.strerror}",
            remedy="Stop what uses it (playloom node stop), make room, or choose another place with PLAYLOOM_HOME",
        ) from error
    return InstalledSdl(path=target, version=check_library(target), origin=origin)


def _get(
    wheel: SdlWheel,
    source: str | None,
    index_url: str | None,
    to: Path,
    progress: Callable[[int, int | None], None] | None,
) -> tuple[Path, str]:
    """The wheel as a file, and where it came from."""
    if source is not None and "://" not in source:
        path = Path(source).expanduser()
        path = path / wheel.file_name if path.is_dir() else path
        if not path.is_file():
            raise CaptureError("SDL3", f"{path} is not a file", remedy=f"Name a copy of {wheel.file_name}")
        return path, str(path)
    if source is None:
        index = index_url or os.environ.get("PIP_INDEX_URL")
        if not index:
            version = wheel.file_name.split("-")[1]
            raise CaptureError(
                "SDL3",
                "no package index is named",
                remedy=f"Fetch it with: uvx pip download --no-deps {PACKAGE}=={version}   and then run: "
                "playloom node install-sdl --from .",
            )
        found = find_on_index(index, PACKAGE, wheel.file_name)
    else:
        found = source
    return to, fetch(found, to, most_bytes=MAX_WHEEL_BYTES, progress=progress)


def _verify(file: Path, wheel: SdlWheel, origin: str) -> None:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise CaptureError(
            "SDL3",
            f"{origin} is not what it should be: its SHA-256 is {found}, that of {wheel.file_name} is {wheel.sha256}. "
            "Nothing was installed",
            remedy=f"Name an unchanged copy of {wheel.file_name}",
        )


def _extract(file: Path, wheel: SdlWheel, to: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        size_bytes = archive.getinfo(wheel.member).file_size
        assert size_bytes <= MAX_LIBRARY_BYTES, "the pinned wheels hold no such thing"
        with archive.open(wheel.member) as source, to.open("wb") as target:
            while block := source.read(_BLOCK_BYTES):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
    with suppress(OSError):  # some file systems know no modes, and loading does not need it everywhere
        to.chmod(0o755)
