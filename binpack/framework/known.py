"""What the checking of a configuration asks about plugins: the registry answers it, or a plain table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from binpack.framework.arguments import ARGUMENTS
from binpack.framework.defaults import IN_TREE
from binpack.framework.points import Point


class KnownPlugins(Protocol):
    """Knows plugins by name. Each method may raise ConfigurationError for a named class that cannot be had."""

    def names(self) -> tuple[str, ...]:
        """Return the names to suggest where one is misspelt; others may be known, too."""
        ...

    def points(self, name: str) -> frozenset[Point]:
        """Return the extension points that a plugin implements; nothing for a name that is not known."""
        ...

    def argument_type(self, name: str) -> Any | None:
        """Return the strict struct of a plugin's arguments; None if it takes them as they stand in the file."""
        ...


@dataclass(frozen=True, slots=True)
class PluginTable:
    """Plugins by name with the points that they implement; the in-tree ones where nothing is given.

    Parameters
    ----------
    table : Mapping[str, frozenset[Point]]
    argument_types : Mapping[str, type]
    """

    table: Mapping[str, frozenset[Point]] = field(default_factory=lambda: IN_TREE)
    argument_types: Mapping[str, Any] = field(default_factory=lambda: ARGUMENTS)

    def names(self) -> tuple[str, ...]:
        """Return every name, sorted."""
        return tuple(sorted(self.table))

    def points(self, name: str) -> frozenset[Point]:
        """Return a plugin's points; nothing for a name that is not in the table."""
        return self.table.get(name, frozenset())

    def argument_type(self, name: str) -> Any | None:
        """Return the struct of a plugin's arguments."""
        return self.argument_types.get(name)


IN_TREE_PLUGINS = PluginTable()
"""Judges a configuration by what kube-scheduler itself brings along."""
