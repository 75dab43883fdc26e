"""Finds a plugin by name: those that are given, those that other packages register, and classes named `package.module:Class`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from binpack.errors import ConfigurationError
from binpack.framework.defaults import IN_TREE
from binpack.framework.points import Point

ENTRY_POINT_GROUP = "binpack.plugins"


class Registry(Mapping[str, frozenset[Point]]):
    """Plugin classes by name; as a mapping, the extension points that each known name implements.

    Parameters
    ----------
    classes : Mapping[str, type]
        The plugins at hand. Further ones come from the entry-point group `binpack.plugins` and from names of the form
        `package.module:Class`.
    """

    def __init__(self, classes: Mapping[str, type[Any]]) -> None:
        self._classes = dict(classes)
        self._registered = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}

    def find(self, name: str) -> type[Any] | None:
        """Return a plugin's class; None for a name that nothing here has.

        Raises
        ------
        ConfigurationError
            If the name is a path to a class that cannot be imported.
        """
        if name not in self._classes:
            if ":" in name:
                self._classes[name] = _import_class(name)
            elif name in self._registered:
                self._classes[name] = self._registered[name].load()
        return self._classes.get(name)

    def __getitem__(self, name: str) -> frozenset[Point]:
        found = self.find(name)
        if found is None:
            return IN_TREE[name]
        # An in-tree plugin implements what it implements upstream, also where a part has nothing to do here.
        return IN_TREE.get(name, frozenset()) | frozenset(found.points)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*IN_TREE, *self._classes, *self._registered}))

    def __len__(self) -> int:
        return len({*IN_TREE, *self._classes, *self._registered})

    def build(self, name: str, arguments: Any) -> Any | None:
        """Make a plugin with its arguments; None for an in-tree plugin that is not there yet."""
        found = self.find(name)
        if found is None:
            return None
        return found() if getattr(found, "arguments", None) is None else found(arguments)


def _import_class(path: str) -> type[Any]:
    module_name, _, class_name = path.partition(":")
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f'plugin "{path}" cannot be imported: {error} (accepted: package.module:Class, importable from here)'
        ) from None
    if not isinstance(found, type) or not hasattr(found, "points"):
        raise ConfigurationError(
            f'plugin "{path}" is no plugin class (accepted: a class with the attributes of binpack.framework.interface.Plugin)'
        )
    return found
