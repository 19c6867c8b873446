"""From ``key=value`` on a command line to a typed configuration, by Hydra; and what to say when one is wrong.

Hydra is asked to compose and nothing else: it changes no directory, sets up no logging and makes no folder. Its own
answers to a mistake name its inner workings, so keys are looked up here before it sees them.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from playloom.errors import PlayloomError
from playloom.figures import one_line
from training.errors import TrainingError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

_TYPE_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list, such as [1,2]",
    NoneType: "null",
}

NEAR = 0.6
"""How alike two names are, from 0 to 1, for one to be offered for the other."""

HARDLY = 0.05


class OverrideError(PlayloomError):
    """An override of the command line cannot be used.

    Attributes:
        override: as it was written.
    """

    def __init__(self, override: str, problem: str, *, remedy: str | None = None) -> None:
        self.override = override
        super().__init__(f"{one_line(override)[:200]}: {problem}", remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command that Hydra composes the configuration of.

    Attributes:
        package: of its YAML files: "conf.idm".
        schema: the dataclass of the whole configuration.
        groups: choices that are made of dataclasses and not of YAML files: by group and name.
        config: the name of the YAML file to begin with.
    """

    package: str
    schema: type
    groups: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    config: str = "config"

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The configuration that ``overrides`` make, every value of the schema's type.

        Raises:
            OverrideError: one names a key that is not there, or a value that cannot be.
        """
        from hydra import compose, initialize_config_module
        from hydra.errors import HydraException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        for parsed in self._parsed(overrides):
            self._check(parsed)
        self._register()
        with initialize_config_module(self.package, version_base="1.3", job_name="playloom"):
            try:
                config = compose(self.config, list(overrides))
            except (HydraException, OmegaConfBaseException) as error:
                raise self._refused(overrides, error) from error
        OmegaConf.resolve(config)
        return config

    def sweep(self, overrides: Sequence[str]) -> list[list[str]]:
        """The overrides of each run of a sweep: every combination of the values that were given with commas.

        Raises:
            OverrideError: one cannot be read.
        """
        choices: list[list[str]] = []
        for override in self._parsed(overrides):
            if override.is_sweep_override():
                key = override.get_key_element()
                choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
            else:
                choices.append([override.input_line or ""])
        return [list(one) for one in itertools.product(*choices)]

    def change(self, config: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """A configuration that was written down, with some values changed.

        Raises:
            OverrideError: one names a key that is not there, a group, or a value that cannot be.
        """
        from omegaconf import DictConfig, OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        changed = OmegaConf.merge(OmegaConf.structured(self.schema), config)
        for override in self._parsed(overrides):
            self._check(override)
            if override.key_or_group in self._choices:
                raise OverrideError(override.input_line or "", "a run that goes on keeps its presets")
            try:
                OmegaConf.update(changed, override.key_or_group, override.value())
            except OmegaConfBaseException as error:
                raise self._refused([override.input_line or ""], error) from error
        assert isinstance(changed, DictConfig)
        return changed

    @cached_property
    def keys(self) -> Mapping[str, Any]:
        """Every key that holds a value, with its type."""
        return dict(_leaves(self.schema))

    def keys_of(self, overrides: Sequence[str]) -> list[str]:
        """Which keys overrides change, in order."""
        return [override.key_or_group for override in self._parsed(overrides)]

    def allowed(self, key: str) -> str | None:
        """What a key may be, in words; None where its type says nothing."""
        kind = self.keys.get(key)
        options = get_args(kind) if isinstance(kind, UnionType) else (kind,)
        words = [_TYPE_WORDS.get(get_origin(one) or one) or _members(one) for one in options]
        return " or ".join(word for word in words if word) or None

    @cached_property
    def _choices(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {group: set(names) for group, names in self.groups.items()}
        for place in resources.files(self.package).iterdir():
            if place.is_dir() and not place.name.startswith("__"):
                names = {Path(file.name).stem for file in place.iterdir() if file.name.endswith(".yaml")}
                found[place.name] = found.get(place.name, set()) | names
        return {group: tuple(sorted(names)) for group, names in found.items() if names}

    def _parsed(self, overrides: Iterable[str]) -> list[Override]:
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from hydra.errors import HydraException

        parser = OverridesParser.create()
        found: list[Override] = []
        for text in overrides:
            if "=" not in text and not text.startswith("~"):
                raise OverrideError(
                    text,
                    "is no override",
                    remedy=f"Write key=value{self._suggestion(text)}; --help lists the common ones",
                )
            try:
                found.append(parser.parse_override(text))
            except HydraException as error:
                key, _, value = text.partition("=")
                raise OverrideError(
                    text,
                    "cannot be read",
                    remedy=f"Put a value with signs of its own in quotes twice: '{key}=\"{value}\"'",
                ) from error
        return found

    def _check(self, override: Override) -> None:
        text, key = override.input_line or "", override.key_or_group
        if override.is_add() or override.is_delete():
            raise OverrideError(
                text, "keys can be changed, and neither added nor taken away", remedy=f"Write {key}=VALUE"
            )
        if override.is_sweep_override():
            raise OverrideError(
                text,
                "several values are a sweep",
                remedy="Add -m to train once with each; or write a list in brackets: [a,b]",
            )
        if key in self._choices:
            value = override.value()
            if value not in self._choices[key]:
                raise OverrideError(
                    text, f"there is no {key} of this name", remedy=_one_of(self._choices[key], str(value))
                )
        elif key not in self.keys:
            raise OverrideError(text, "there is no such key", remedy=self._nearest(key))

    def _nearest(self, key: str) -> str:
        found = self._near(key)
        return (
            f"Did you mean {' or '.join(found)}?"
            if found
            else "'playloom … --help' lists the common ones, and --show all"
        )

    def _suggestion(self, text: str) -> str:
        found = self._near(text)
        return f", such as {found[0]}=…" if found else ""

    def _near(self, key: str) -> list[str]:
        known = [*self.keys, *self._choices]
        leaf = key.rpartition(".")[2]
        same_leaf = [one for one in known if one.rpartition(".")[2] == leaf]
        if same_leaf:
            return same_leaf[:3]
        by_leaf = {one.rpartition(".")[2]: one for one in reversed(known)}
        return [by_leaf[one] for one in _close(leaf, by_leaf)] or _close(key, known)

    def _register(self) -> None:
        from hydra.core.config_store import ConfigStore

        store = ConfigStore.instance()
        store.store(name="schema", node=self.schema)
        for group, nodes in self.groups.items():
            for name, node in nodes.items():
                store.store(group=group, name=name, node=node)

    def _refused(self, overrides: Sequence[str], error: Exception) -> OverrideError:
        """What Hydra did not take, by the override that it was about."""
        from omegaconf.errors import OmegaConfBaseException

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OmegaConfBaseException):
            cause = cause.__cause__
        key = getattr(cause, "full_key", None) or ""
        text = next((one for one in overrides if one.partition("=")[0] == key), key)
        problem = next((line for line in str(cause or error).splitlines() if line.strip()), "cannot be used")
        allowed = self.allowed(key)
        return OverrideError(text, problem.strip(), remedy=None if allowed is None else f"{key} is {allowed}")


def write_yaml(config: DictConfig) -> str:
    """A configuration as config.yaml holds it."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(config)


def read_yaml(path: Path) -> DictConfig:
    """Read what `write_yaml` wrote.

    Raises:
        PlayloomError: it is not there, or no configuration.
    """
    from omegaconf import DictConfig, OmegaConf
    from yaml import YAMLError

    from playloom.errors import DefinitionError

    try:
        document = OmegaConf.load(path)
    except OSError as error:
        raise DefinitionError(path, f"cannot be read: {error.strerror or error}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(path, f"is no YAML: {error}") from error
    if not isinstance(document, DictConfig):
        raise DefinitionError(path, "holds no configuration")
    return document


def read_options[T](config: DictConfig, schema: type[T], *, missing: str, remedy: str) -> T:
    """The options that a configuration holds.

    Args:
        config: of `Program.compose`.
        schema: what it is one of.
        missing: what is said to be missing where a value is that must be given, and it is not known which.
        remedy: what to do then.

    Raises:
        TrainingError: a value is missing.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue

    try:
        options = OmegaConf.to_object(config)
    except MissingMandatoryValue as error:
        raise TrainingError(f"{getattr(error, 'full_key', None) or missing} is missing", remedy=remedy) from error
    assert isinstance(options, schema)
    return options


def check_ranges(rules: Iterable[tuple[str, float | None, float, float]]) -> None:
    """See that numbers are in their ranges: rules of (key, value, least, most); None is always well.

    Raises:
        OverrideError: one is not.
    """
    for key, value, least, most in rules:
        if value is None or least <= value <= most:
            continue
        words = f"{least:g} or more" if math.isinf(most) else f"{least:g} to {most:g}"
        raise OverrideError(f"{key}={value:g}", "cannot be", remedy=f"Choose {words}")


def _leaves(schema: type, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, kind in get_type_hints(schema).items():
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _leaves(kind, f"{before}{name}.")
        else:
            yield f"{before}{name}", kind


def _members(kind: Any) -> str | None:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(member.name for member in kind)
    return None


def _close(word: str, known: Iterable[str]) -> list[str]:
    """The names that are most like it: the nearest, and those that are hardly further."""
    alike = {one: difflib.SequenceMatcher(None, word, one).ratio() for one in known}
    best = max(alike.values(), default=0.0)
    return [one for one, ratio in alike.items() if ratio >= max(NEAR, best - HARDLY)][:3]


def _one_of(names: Sequence[str], value: str) -> str:
    near = _close(value, names)
    return f"Did you mean {near[0]}? There are {', '.join(names)}" if near else f"There are {', '.join(names)}"
