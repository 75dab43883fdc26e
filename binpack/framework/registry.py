"""Finds a plugin by name: those that are given, those that other packages register, and classes named `package.module:Class`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from binpack.errors import ConfigurationError
from binpack.framework.answers import declaration_problem
from binpack.framework.arguments import ARGUMENTS
from binpack.framework.defaults import IN_TREE
from binpack.framework.points import Point

ENTRY_POINT_GROUP = "binpack.plugins"


class Registry:
    """Plugin classes by name.

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

    def names(self) -> tuple[str, ...]:
        """Return every plugin known by name, sorted; classes named by their path come on top."""
        return tuple(sorted({*IN_TREE, *self._classes, *self._registered}))

    def points(self, name: str) -> frozenset[Point]:
        """Return the extension points that a plugin implements; nothing for a name that is not known."""
        found = self.find(name)
        own = frozenset[Point]() if found is None else frozenset[Point](found.points)
        # An in-tree plugin implements what it implements upstream, also where a part has nothing to do here.
        return own | IN_TREE.get(name, frozenset())

    def argument_type(self, name: str) -> Any | None:
        """Return the strict struct of a plugin's arguments; None if it takes none, or takes them as they stand in the file."""
        if name in ARGUMENTS:
            return ARGUMENTS[name]
        found = self.find(name)
        return None if found is None else getattr(found, "arguments", None)

    def build(self, name: str, arguments: Any) -> Any | None:
        """Make a plugin with its arguments; None for an in-tree plugin that is not there yet.

        Raises
        ------
        ConfigurationError
            If the class is called in another way.
        """
        found = self.find(name)
        if found is None:
            return None
        takes_arguments = getattr(found, "arguments", None) is not None
        try:
            return found(arguments) if takes_arguments else found()
        except TypeError as error:
            if name in IN_TREE:
                raise
            how = "with its `arguments` alone" if takes_arguments else "without arguments, for it declares no `arguments`"
            raise ConfigurationError(f'plugin "{name}" cannot be built: {error} (accepted: a class that is called {how})') from None


def _import_class(path: str) -> type[Any]:
    module_name, _, class_name = path.partition(":")
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:  # the last two: no module's name at all
        raise ConfigurationError(
            f'plugin "{path}" cannot be imported: {error} (accepted: package.module:Class, importable from here)'
        ) from None
    if not isinstance(found, type):
        raise ConfigurationError(f'plugin "{path}" is no class (accepted: package.module:Class)')
    problem = declaration_problem(found)
    if problem is not None:
        raise ConfigurationError(f'plugin "{path}" is no plugin class: {problem}')
    return found
