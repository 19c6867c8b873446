from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from capture_node.inputs import sdl_install
from capture_node.inputs.sdl_cli import install_sdl as install_sdl_command
from capture_node.inputs.sdl_install import WHEELS, SdlWheel, install_sdl, wheel_for_this_machine
from capture_node.inputs.sdl_library import LIBRARY_VARIABLE, find_library, library_name
from playloom.errors import CaptureError, PlayloomError
from tests.support.sdl3_pads import SDL3_LIBRARY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without SDL3."""
    monkeypatch.setenv("PLAYLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(LIBRARY_VARIABLE)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SdlWheel]:
    """A wheel with the real library in it, and what is known of it."""
    file = tmp_path_factory.mktemp("wheels") / "tcod-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(SDL3_LIBRARY, "tcod.libs/libSDL3.so")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return file, SdlWheel(file_name=file.name, sha256=sha256, member="tcod.libs/libSDL3.so")


def left_in(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file())


@contextmanager
def served(pages: dict[str, tuple[str, bytes]], *, user: str | None = None) -> Iterator[str]:
    """A web server on loopback: content type and content by path."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            del format, args

        def do_GET(self) -> None:
            if user is not None and self.headers.get("authorization") != user:
                self.send_error(401)
            elif self.path not in pages:
                self.send_error(404)
            else:
                kind, content = pages[self.path]
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_wheel_on_this_machine_is_installed_where_the_library_is_looked_for(
    home: Path, made: tuple[Path, SdlWheel]
) -> None:
    file, wheel = made
    installed = install_sdl(source=str(file), wheel=wheel)
    assert installed.path == home / "data" / "lib" / library_name() == find_library()
    assert installed.path.read_bytes() == SDL3_LIBRARY.read_bytes()
    assert (installed.version >= (3, 2, 0), installed.origin) == (True, str(file))
    assert left_in(home) == [library_name()]


def test_a_folder_with_the_wheel_is_enough(home: Path, made: tuple[Path, SdlWheel]) -> None:
    file, wheel = made
    assert install_sdl(source=str(file.parent), wheel=wheel).origin == str(file)


def test_without_an_index_it_is_said_how_to_fetch_the_package(home: Path, made: tuple[Path, SdlWheel]) -> None:
    _, wheel = made
    with pytest.raises(
        CaptureError, match=r"no package index is named\. Fetch it with: uvx pip download --no-deps tcod=="
    ):
        install_sdl(wheel=wheel)


def test_a_wheel_is_fetched_by_its_address(home: Path, made: tuple[Path, SdlWheel]) -> None:
    file, wheel = made
    told: list[tuple[int, int | None]] = []
    with served({"/some/where.whl": ("application/zip", file.read_bytes())}) as url:
        installed = install_sdl(
            source=f"{url}/some/where.whl", wheel=wheel, progress=lambda come, total: told.append((come, total))
        )
        assert installed.origin == f"{url}/some/where.whl"
    size = file.stat().st_size
    assert told[-1] == (size, size)
    assert left_in(home) == [library_name()]


@pytest.mark.parametrize("kind", ["text/html", "application/vnd.pypi.simple.v1+json"])
def test_a_wheel_is_found_on_a_package_index_of_either_kind(
    home: Path, made: tuple[Path, SdlWheel], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, wheel = made
    links = ["../../files/tcod-0-py3-none-any.whl#sha256=00", f"../../files/{file.name}#sha256={wheel.sha256}"]
    html = "".join(f'<a href="{link}">{link}</a>' for link in links).encode()
    page = html if kind == "text/html" else json.dumps({"files": [{"url": link} for link in links]}).encode()
    pages = {"/simple/tcod/": (kind, page), f"/files/{file.name}": ("application/zip", file.read_bytes())}
    with served(pages) as url:
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
        assert install_sdl(wheel=wheel).origin == f"{url}/files/{file.name}"
    assert left_in(home) == [library_name()]


def test_an_index_with_a_password_is_asked_with_it_and_the_password_is_not_shown(
    home: Path, made: tuple[Path, SdlWheel]
) -> None:
    file, wheel = made
    pages = {
        "/simple/tcod/": ("text/html", f'<a href="/{file.name}">x</a>'.encode()),
        f"/{file.name}": ("application/zip", file.read_bytes()),
    }
    with served(pages, user="Basic bWU6c2Vj") as url:
        host = url.removeprefix("http://")
        installed = install_sdl(wheel=wheel, index_url=f"http://me:sec@{host}/simple/")
        assert installed.origin == f"{url}/{file.name}"
        with pytest.raises(CaptureError, match=r"/simple/tcod/ cannot be fetched: 401") as caught:
            install_sdl(wheel=wheel, index_url=f"http://me:wrong@{host}/simple")
        assert "wrong" not in str(caught.value)


def test_a_wheel_with_another_checksum_is_refused_and_what_was_installed_stays(
    home: Path, tmp_path: Path, made: tuple[Path, SdlWheel]
) -> None:
    file, wheel = made
    install_sdl(source=str(file), wheel=wheel)
    forged = tmp_path / "forged.whl"
    forged.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(CaptureError, match=r"forged\.whl is not what it should be: its SHA-256 is") as caught:
        install_sdl(source=str(forged), wheel=wheel)
    assert wheel.sha256 in caught.value.problem
    assert "Nothing was installed" in caught.value.problem
    with (
        served({"/a.whl": ("application/zip", forged.read_bytes())}) as url,
        pytest.raises(CaptureError, match=r"is not what it should be"),
    ):
        install_sdl(source=f"{url}/a.whl", wheel=wheel)
    assert left_in(home) == [library_name()]
    assert find_library().read_bytes() == SDL3_LIBRARY.read_bytes()


def test_what_cannot_be_fetched_is_said_with_a_way_out(home: Path, made: tuple[Path, SdlWheel]) -> None:
    wheel = made[1]
    with served({"/simple/tcod/": ("text/html", b'<a href="/tcod-0.whl">x</a>')}) as url:
        with pytest.raises(CaptureError, match=r"does not have tcod-1-py3-none-any\.whl\. Name an index"):
            install_sdl(index_url=f"{url}/simple", wheel=wheel)
        with pytest.raises(
            CaptureError, match=r"a\.whl cannot be fetched: 404 Not Found\. Check the network, or fetch"
        ):
            install_sdl(source=f"{url}/a.whl", wheel=wheel)
    with pytest.raises(CaptureError, match=r"a\.whl cannot be fetched: .*refused"):
        install_sdl(source=f"{url}/a.whl", wheel=wheel)
    with pytest.raises(CaptureError, match=r"is not an http, https or file address"):
        install_sdl(source="ftp://127.0.0.1/a.whl", wheel=wheel)
    with pytest.raises(CaptureError, match=r"nowhere\.whl is not a file"):
        install_sdl(source="nowhere.whl", wheel=wheel)
    assert left_in(home) == []


def test_a_file_that_never_ends_is_not_taken(
    home: Path, made: tuple[Path, SdlWheel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdl_install, "MAX_WHEEL_BYTES", 1 << 20)
    with (
        served({"/a.whl": ("application/zip", bytes(3 << 20))}) as url,
        pytest.raises(CaptureError, match=r"has more than 1 MiB"),
    ):
        install_sdl(source=f"{url}/a.whl", wheel=made[1])
    assert left_in(home) == []


def test_the_command_says_what_it_did_and_what_to_do_next(
    home: Path, made: tuple[Path, SdlWheel], monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    app = typer.Typer()
    app.command()(install_sdl_command)
    file, wheel = made
    monkeypatch.setattr(sdl_install, "wheel_for_this_machine", lambda: wheel)
    result = CliRunner().invoke(app, ["--from", str(file)])
    assert result.exit_code == 0, result.output
    first, second, third = result.stdout.splitlines()
    assert first.endswith(f"is installed: {home / 'data' / 'lib' / library_name()}")
    assert second == f"from {file}, SHA-256 {wheel.sha256} as it should be"
    assert third == "Next: plug in a gamepad and see it with: playloom node pads"
    monkeypatch.setattr(sdl_install, "wheel_for_this_machine", lambda: replace(wheel, sha256="0" * 64))
    assert isinstance(CliRunner().invoke(app, ["--from", str(file)]).exception, PlayloomError)


def test_the_pinned_wheels_are_those_that_the_locked_requirements_pin() -> None:
    pinned = (ROOT / "requirements.txt").read_text()
    for wheel in WHEELS.values():
        assert f"--hash=sha256:{wheel.sha256}" in pinned


def test_a_machine_that_nobody_builds_for_is_told_what_else_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(CaptureError, match=r"there is no build of it for linux on riscv64\. Install the system's"):
        wheel_for_this_machine()
