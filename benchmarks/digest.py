"""Digests: of the installed packages' sources, so that an edited plugin never meets stale results, and of any plain value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from binpack.framework.registry import Registry

PACKAGES = ("binpack", "workloads", "benchmarks")
_SOURCES = (".py", ".yaml", ".j2")


@cache
def source_digest() -> str:
    """Return the SHA-256 of every source file of the three packages, in hexadecimal."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        location = import_module(package).__file__
        assert location is not None
        root = Path(location).parent
        for path in sorted(root.rglob("*")):
            if path.suffix in _SOURCES and path.is_file():
                digest.update(f"{package}/{path.relative_to(root).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def plugin_digest(names: Iterable[str], registry: Registry) -> str:
    """Return the SHA-256 of the modules of plugins that are no part of the three packages, in hexadecimal; empty if there are none.

    What such a module imports is not looked at.
    """
    found = (registry.find(name) for name in sorted(set(names)))
    modules = {plugin.__module__ for plugin in found if plugin is not None and plugin.__module__.partition(".")[0] not in PACKAGES}
    files = [import_module(module).__file__ for module in sorted(modules)]
    return file_digest(Path(file) for file in files if file is not None) if modules else ""


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a plain value (dicts, lists, scalars), in hexadecimal; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of some files' content, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
