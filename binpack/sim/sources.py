"""Sources of events that are Python functions of the user's own: demand, and faults.

A source is a function that is given a `SourceContext` and returns events of a timeline. A scenario names it by the name under which an
installed package registers it (entry points of the groups `binpack.workloads` and `binpack.faults`), or as `package.module:function`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import numpy as np

from binpack.errors import ConfigurationError
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.sim.streams import stream
from binpack.sim.timeline import TimelineEvent

Group = Literal["binpack.workloads", "binpack.faults"]
WORKLOADS: Group = "binpack.workloads"
FAULTS: Group = "binpack.faults"


@dataclass(frozen=True)
class SourceContext:
    """What a source is told.

    Parameters
    ----------
    nodes : tuple of Node
        There at the start.
    objects : tuple of objects
        What else is there at the start.
    until_us : int
        When the run ends; events may be at any time from 0 to then.
    arguments : mapping
        As the scenario has them.
    generator : callable
        Begins the random stream of a name. Streams depend on the run's seed, the source and the name alone.
    """

    nodes: tuple[Node, ...]
    objects: tuple[KubernetesObject, ...]
    until_us: int
    arguments: Mapping[str, Any]
    generator: Callable[[str], np.random.Generator]


Source = Callable[[SourceContext], Iterable[TimelineEvent]]


@dataclass(frozen=True)
class NamedSource:
    """A source as a scenario uses it.

    Parameters
    ----------
    path : str
        Where in the scenario it stands.
    name : str
        Of its random streams.
    function : Source
    arguments : mapping
    """

    path: str
    name: str
    function: Source
    arguments: Mapping[str, Any]

    def events(
        self, nodes: tuple[Node, ...], objects: tuple[KubernetesObject, ...], *, until_us: int, seed: int
    ) -> list[TimelineEvent]:  # fmt: skip
        """Draw what the source does, in order of time.

        Raises
        ------
        ConfigurationError
            If the function raises an exception, or returns something else than events of the run.
        """
        generator = partial(_stream, seed, self.name)
        try:
            given: list[Any] = list(self.function(SourceContext(nodes, objects, until_us, self.arguments, generator)))
        except Exception as error:  # whatever the user's function does wrong
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}, line {frame.lineno}"
            raise ConfigurationError(f'{self.path}: "{self.name}" failed in {where}: {type(error).__name__}: {error}') from None
        for number, event in enumerate(given):
            if not isinstance(event, TimelineEvent):
                accepted = "events of binpack.sim.timeline, such as Apply and FailNode"
                raise ConfigurationError(f'{self.path}: "{self.name}" gave {event!r} as event {number} (accepted: {accepted})')
            if not 0 <= event.time_us <= until_us:
                when, accepted = f"at {event.time_us} us", f"times from 0 to the run's end, {until_us} us"
                raise ConfigurationError(f'{self.path}: "{self.name}" gave event {number} {when} (accepted: {accepted})')
        return sorted(given, key=lambda event: event.time_us)


def find_source(name: str, group: Group) -> Source:
    """Return the function of a source.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it cannot be imported or called.
    """
    registered = {entry.name: entry for entry in entry_points(group=group)}
    if name not in registered and ":" not in name:
        known = f"{', '.join(sorted(registered))}, or " if registered else ""
        raise ConfigurationError(f'no source "{name}" (accepted: {known}package.module:function, importable from here)')
    try:
        found = registered[name].load() if name in registered else _imported(name)
    except Exception as error:  # an import runs whatever code the module holds
        raise ConfigurationError(
            f'source "{name}" cannot be imported: {type(error).__name__}: {error} (accepted: package.module:function, importable from here)'
        ) from None
    if not callable(found):
        raise ConfigurationError(f'source "{name}" is no function (accepted: a function that takes a SourceContext and returns events)')
    return found  # type: ignore[no-any-return]


def _imported(path: str) -> Any:
    module_name, _, function_name = path.partition(":")
    return getattr(import_module(module_name), function_name)


def _stream(seed: int, source: str, name: str) -> np.random.Generator:
    return stream(seed, f"sources/{source}/{name}")
