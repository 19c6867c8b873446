"""node.yaml: what a player sets once for this machine. Every key may be left out, and no key is passed over.

Whatever is not known is an error: a mask whose name is misspelt must not become a picture that shows everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from capture_node.hotkeys.hotkey import DEFAULT_HOTKEYS, Hotkey, HotkeyAction, parse_hotkey
from capture_node.node.wish import RecordingWish
from capture_node.node_paths import NodePaths, node_paths
from capture_node.recorder.capture_profile import DEFAULT_PROFILE, NoSuchProfileError, load_profile
from capture_node.recorder.settings import DISK_RESERVE_BYTES, InputScope, Mask
from capture_node.sources.catalogue import SourceRequest
from capture_node.upload.settings import UploadSettings, parse_upload
from playloom.errors import CaptureError, DefinitionError
from playloom.yaml_files import YamlValue, did_you_mean, load_yaml

GIGABYTE = 1_000_000_000

DEFAULT_QUOTA_BYTES = 100 * GIGABYTE
DEFAULT_DISCARD_S = 120.0
DEFAULT_LISTEN = "127.0.0.1:0"

KEYS = (
    "player",
    "game_id",
    "mapping_profile",
    "task",
    "source",
    "profile",
    "input",
    "masks",
    "encoders",
    "spool",
    "disk_reserve_gb",
    "hotkeys",
    "discard_minutes",
    "notifications",
    "yield_to_game",
    "sdl",
    "listen",
    "tls",
    "upload",
)


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """How a node that listens elsewhere than on loopback shows who it is.

    Attributes:
        certificate, key: PEM files; None: a certificate made here, known by its fingerprint.
        names: names and addresses that clients use, for a certificate made here.
    """

    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """What holds for every recording on this machine unless it says otherwise.

    Attributes:
        paths: where Playloom keeps what.
        player, game_id, mapping_profile, task: as in `RecordingWish`.
        source: what the start hotkey records; an empty one: what was recorded last.
        profile: the capture profile's name.
        input_scope: when inputs are recorded.
        masks: rectangles of every picture that are blacked out.
        encoders: to try, in this order; None: as the capture profile says.
        spool: where sessions wait.
        spool_quota_bytes: no recording begins when they take more; None: no limit.
        disk_reserve_bytes: recording ends in good order when no more is free.
        hotkeys: what is ordered by which; an action that is not there has none.
        discard_s: what the discard hotkey throws away.
        notifications: whether the desktop shows what a player should know.
        yield_to_game: whether encoding and writing get less of a busy machine than the game.
        sdl: SDL's library, or its directory; None: the installed or the system's.
        listen: where the node listens, HOST:PORT.
        tls: for listening elsewhere than on loopback; None: it listens on loopback only.
        upload: how sessions are sent, once the machine is enrolled with a server.
    """

    paths: NodePaths
    player: str | None = None
    game_id: str | None = None
    mapping_profile: str | None = None
    task: str | None = None
    source: SourceRequest = field(default_factory=SourceRequest)
    profile: str = DEFAULT_PROFILE
    input_scope: InputScope = InputScope.FOCUS
    masks: tuple[Mask, ...] = ()
    encoders: tuple[str, ...] | None = None
    spool: Path
    spool_quota_bytes: int | None = DEFAULT_QUOTA_BYTES
    disk_reserve_bytes: int = DISK_RESERVE_BYTES
    hotkeys: Mapping[HotkeyAction, Hotkey] = field(default_factory=lambda: DEFAULT_HOTKEYS)
    discard_s: float = DEFAULT_DISCARD_S
    notifications: bool = True
    yield_to_game: bool = True
    sdl: Path | None = None
    listen: str = DEFAULT_LISTEN
    tls: TlsSettings | None = None
    upload: UploadSettings = field(default_factory=UploadSettings)

    def complete(self, wish: RecordingWish) -> RecordingWish:
        """``wish`` with what it leaves open filled in; masks add up."""
        return replace(
            wish,
            source=self.source if wish.source.is_empty else wish.source,
            profile=wish.profile or self.profile,
            player=wish.player or self.player,
            game_id=wish.game_id or self.game_id,
            mapping_profile=wish.mapping_profile or self.mapping_profile,
            task=wish.task or self.task,
            input_scope=wish.input_scope or self.input_scope,
            masks=(*self.masks, *wish.masks),
        )


def default_settings(paths: NodePaths) -> NodeSettings:
    """Without a node.yaml."""
    return NodeSettings(paths=paths, spool=paths.spool)


def load_settings(file: Path | None = None, *, paths: NodePaths | None = None) -> NodeSettings:
    """This machine's settings.

    Args:
        file: to read; None: node.yaml in its place, which need not be there.
        paths: where Playloom keeps what; None: `node_paths`.

    Raises:
        DefinitionError: names the file, the line, the key, what is wrong and what to do.
    """
    paths = paths or node_paths()
    if file is None:
        file = paths.settings_file
        if not file.exists():
            return default_settings(paths)
    return _parse(load_yaml(file), paths)


def _parse(root: YamlValue, paths: NodePaths) -> NodeSettings:
    _check_keys(root, KEYS)
    spool, quota_bytes = _spool(root.get("spool"), paths)
    encoders = root.get("encoders")
    discard = root.get("discard_minutes")
    sdl, listen = root.get_text("sdl"), root.get("listen")
    scope = root.get("input")
    return NodeSettings(
        paths=paths,
        player=root.get_text("player"),
        game_id=root.get_text("game_id"),
        mapping_profile=root.get_text("mapping_profile"),
        task=root.get_text("task"),
        source=_source(root.get("source")),
        profile=_profile(root.get("profile")),
        input_scope=InputScope.FOCUS if scope is None else InputScope(scope.choice(list(InputScope), "input scope")),
        masks=tuple(_mask(item) for item in root.get_items("masks")),
        encoders=None if encoders is None or encoders.value == "auto" else _encoders(encoders),
        spool=spool,
        spool_quota_bytes=quota_bytes,
        disk_reserve_bytes=_gigabytes(root.get("disk_reserve_gb"), DISK_RESERVE_BYTES),
        hotkeys=_hotkeys(root),
        discard_s=DEFAULT_DISCARD_S if discard is None else 60 * _between(discard, discard.number(), 0.1, 24 * 60),
        notifications=root.get_flag("notifications", True),
        yield_to_game=root.get_flag("yield_to_game", True),
        sdl=None if sdl is None else _path(sdl, root.file),
        listen=DEFAULT_LISTEN if listen is None else listen.text(),
        tls=_tls(root.get("tls")),
        upload=parse_upload(root.get("upload")),
    )


def _source(value: YamlValue | None) -> SourceRequest:
    if value is None:
        return SourceRequest()
    _check_keys(value, ("monitor", "window", "gym", "pattern", "backend"))
    monitor = value.get("monitor")
    request = SourceRequest(
        monitor=None if monitor is None else _between(monitor, monitor.integer(), 0, 63),
        window=value.get_text("window"),
        gym=value.get_text("gym"),
        pattern=value.get_flag("pattern", False),
        backend=value.get_text("backend"),
    )
    if sum(request.asked_for) > 1:
        raise value.error("names several sources", remedy="Keep one of monitor, window, gym and pattern")
    return request


def _profile(value: YamlValue | None) -> str:
    if value is None:
        return DEFAULT_PROFILE
    name = value.text()
    try:
        load_profile(name)
    except NoSuchProfileError as error:
        raise value.error(error.problem, remedy=error.remedy) from error
    return name


def _mask(value: YamlValue) -> Mask:
    names = ("x", "y", "width", "height")
    _check_keys(value, names)
    numbers = {name: _between(value.require(name), value.require(name).number(), 0, 1) for name in names}
    return Mask(**numbers)


def _encoders(value: YamlValue) -> tuple[str, ...]:
    names = tuple(item.text() for item in value.items())
    if not names:
        raise value.error("names no encoder", remedy="Write auto, or a list such as [h264_nvenc, libx264]")
    return names


def _spool(value: YamlValue | None, paths: NodePaths) -> tuple[Path, int | None]:
    if value is None:
        return paths.spool, DEFAULT_QUOTA_BYTES
    _check_keys(value, ("path", "quota_gb"))
    path, quota = value.get_text("path"), value.get("quota_gb")
    quota_bytes: int | None = _gigabytes(quota, DEFAULT_QUOTA_BYTES)
    return paths.spool if path is None else _path(path, value.file), quota_bytes or None


def _hotkeys(root: YamlValue) -> Mapping[HotkeyAction, Hotkey]:
    value = root.get("hotkeys")
    if value is None:
        return DEFAULT_HOTKEYS
    if value.value is False:
        return MappingProxyType({})
    _check_keys(value, tuple(HotkeyAction))
    chosen = dict(DEFAULT_HOTKEYS)
    for action in HotkeyAction:
        child = value.get(action)
        if child is None:
            continue
        if child.value is False:
            del chosen[action]
            continue
        try:
            chosen[action] = parse_hotkey(child.text())
        except CaptureError as error:
            raise child.error(error.problem, remedy=error.remedy) from error
    given = [str(hotkey) for hotkey in chosen.values()]
    if len(set(given)) < len(given):
        raise value.error("one hotkey has two meanings", remedy="Give each action a hotkey of its own, or false")
    return MappingProxyType(chosen)


def _tls(value: YamlValue | None) -> TlsSettings | None:
    if value is None or value.value is False:
        return None
    if value.value is True:
        return TlsSettings()
    _check_keys(value, ("certificate", "key", "names"))
    certificate, key = value.get_text("certificate"), value.get_text("key")
    if (certificate is None) != (key is None):
        raise value.error("a certificate needs its key, and a key its certificate", remedy="Name both, or neither")
    return TlsSettings(
        certificate=None if certificate is None else _path(certificate, value.file),
        key=None if key is None else _path(key, value.file),
        names=tuple(item.text() for item in value.get_items("names")),
    )


def _path(text: str, file: Path) -> Path:
    """A path as written: below the settings' directory unless it is absolute."""
    return file.absolute().parent / Path(text).expanduser()


def _gigabytes(value: YamlValue | None, default_bytes: int) -> int:
    return default_bytes if value is None else round(_between(value, value.number(), 0, 1e6) * GIGABYTE)


def _between[Number: (int, float)](value: YamlValue, number: Number, least: float, most: float) -> Number:
    if not least <= number <= most:
        raise value.error(f"{number:g} is out of range", remedy=f"Write a number from {least:g} to {most:g}")
    return number


def _check_keys(value: YamlValue, known: Sequence[str]) -> None:
    for key, child in value.mapping().items():
        if key not in known:
            raise DefinitionError(
                child.file, f"the key '{key}' is not known", place=child.place, remedy=did_you_mean(key, known)
            )
