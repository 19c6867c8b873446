"""coordinator.yaml: a coordinator's settings as an operator writes them. Every key may be left out but two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from coordinator.settings import DAY_S, MEBIBYTE, CallLimits, CoordinatorSettings, TlsSettings, embedded_settings
from coordinator.settings_schema import MAX_PART_MIB, MIN_PART_MIB, commented
from playloom.errors import DefinitionError, OutputError
from playloom.private_files import make_private_directory, write_private_file
from playloom.yaml_files import YamlValue, did_you_mean, load_yaml
from playloom.yaml_saving import save_yaml

SETTINGS_FILE = "coordinator.yaml"

KEYS = (
    "database",
    "store",
    "listen",
    "http",
    "names",
    "public_url",
    "tls",
    "limits",
    "part_mib",
    "url_valid_minutes",
    "restorable_days",
    "abandoned_days",
    "drain_s",
    "lease_grace_s",
)
LIMIT_KEYS = ("calls_per_s", "worker_calls_per_s", "stranger_calls_per_s", "running_calls", "open_jobs")
BURST_S = 4
"""A burst is as many calls as are allowed in so many seconds."""

_HEADER = """\
# A coordinator's settings; a change holds from its next start. What stands behind # holds without being written, or is
# an example where several words are needed. (Editors complete and check it by schemas/coordinator.schema.json.)
"""


def load_settings(root: Path) -> CoordinatorSettings:
    """The settings of the coordinator in ``root``; without a file those of an embedded one.

    Raises:
        DefinitionError: names the file, the line, the key, what is wrong and what to do.
    """
    file = root / SETTINGS_FILE
    if not file.exists():
        return embedded_settings(root)
    return _parse(load_yaml(file), root)


def save_settings(settings: CoordinatorSettings) -> Path:
    """Write the settings, those that are the defaults as comments. Returns the file.

    Raises:
        OutputError: there is one already, or it cannot be written.
    """
    file = settings.root / SETTINGS_FILE
    if file.exists():
        raise OutputError(
            file, "is there already", remedy="Edit it; or remove it, and the certificates and tokens stay"
        )
    make_private_directory(settings.root)
    tree: dict[str, object] = {
        "database": settings.database,
        "store": settings.store,
        "listen": settings.listen,
        "http": settings.http,
    }
    if settings.names:
        tree["names"] = list(settings.names)
    if settings.public_url is not None:
        tree["public_url"] = settings.public_url
    tls = settings.tls
    if tls is not None and tls.certificate is not None and tls.key is not None:
        tree["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    elif tls is not None:
        tree["tls"] = True
    written = {key: save_yaml(file, {key: value}) for key, value in tree.items()}
    write_private_file(file, (_HEADER + commented(written)).encode())
    return file


def _parse(root: YamlValue, directory: Path) -> CoordinatorSettings:
    _check_keys(root, KEYS)
    defaults = embedded_settings(directory)
    return CoordinatorSettings(
        root=directory,
        database=root.get_text("database") or defaults.database,
        store=root.get_text("store") or defaults.store,
        listen=root.get_text("listen") or defaults.listen,
        http=root.get_text("http") or defaults.http,
        names=tuple(item.text() for item in root.get_items("names")),
        public_url=_url(root.get("public_url")),
        tls=_tls(root.get("tls"), directory),
        limits=_limits(root.get("limits")),
        part_bytes=round(_number(root, "part_mib", defaults.part_bytes / MEBIBYTE, MIN_PART_MIB, MAX_PART_MIB))
        * MEBIBYTE,
        url_valid_s=round(60 * _number(root, "url_valid_minutes", defaults.url_valid_s / 60, 1, 24 * 60)),
        restorable_s=round(DAY_S * _number(root, "restorable_days", defaults.restorable_s / DAY_S, 0, 3650)),
        abandoned_s=round(DAY_S * _number(root, "abandoned_days", defaults.abandoned_s / DAY_S, 0.01, 3650)),
        drain_s=_number(root, "drain_s", defaults.drain_s, 0, 3600),
        lease_grace_s=_number(root, "lease_grace_s", defaults.lease_grace_s, 0, 3600),
    )


def _tls(value: YamlValue | None, directory: Path) -> TlsSettings | None:
    if value is None or value.value is False:
        return None
    if value.value is True:
        return TlsSettings()
    _check_keys(value, ("certificate", "key"))
    certificate, key = value.require("certificate").text(), value.require("key").text()
    return TlsSettings(certificate=directory / Path(certificate).expanduser(), key=directory / Path(key).expanduser())


def _limits(value: YamlValue | None) -> CallLimits:
    defaults = CallLimits()
    if value is None:
        return defaults
    _check_keys(value, LIMIT_KEYS)
    calls, worker, stranger = (
        _number(value, key, getattr(defaults, key), 1, 1_000_000)
        for key in ("calls_per_s", "worker_calls_per_s", "stranger_calls_per_s")
    )
    return CallLimits(
        calls_per_s=calls,
        burst=round(BURST_S * calls),
        worker_calls_per_s=worker,
        worker_burst=round(BURST_S * worker),
        stranger_calls_per_s=stranger,
        stranger_burst=round(2 * BURST_S * stranger),
        running_calls=round(_number(value, "running_calls", defaults.running_calls, 1, 100_000)),
        open_jobs=round(_number(value, "open_jobs", defaults.open_jobs, 1, 10_000_000)),
    )


def _url(value: YamlValue | None) -> str | None:
    if value is None:
        return None
    text = value.text()
    parts = urlsplit(text)
    rest = (parts.path.strip("/"), parts.query, parts.fragment)
    if parts.scheme not in ("https", "http") or not parts.netloc or any(rest):
        raise value.error(f"'{text}' is no address of a web server", remedy="Write https://HOST or https://HOST:PORT")
    return text


def _number(value: YamlValue, key: str, default: float, least: float, most: float) -> float:
    child = value.get(key)
    if child is None:
        return default
    number = child.number()
    if not least <= number <= most:
        raise child.error(f"{number:g} is out of range", remedy=f"Write a number from {least:g} to {most:g}")
    return number


def _check_keys(value: YamlValue, known: Sequence[str]) -> None:
    for key, child in value.mapping().items():
        if key not in known:
            raise DefinitionError(
                child.file, f"the key '{key}' is not known", place=child.place, remedy=did_you_mean(key, known)
            )
