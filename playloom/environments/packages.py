"""The versions of the packages that draw the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType


def versions(*packages: str) -> Mapping[str, str]:
    return MappingProxyType({package: version(package) for package in packages})
