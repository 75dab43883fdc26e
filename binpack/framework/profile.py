"""A profile: one scheduler by name, its plugins built and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from binpack.framework.configuration import KubeSchedulerConfiguration
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.points import Point
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration, ResolvedProfile, resolve


@dataclass(frozen=True)
class Profile:
    """What one scheduler runs.

    Parameters
    ----------
    scheduler_name : str
        Pods choose a profile by their `spec.schedulerName`.
    plugins : Mapping[str, Any]
        Every plugin that runs somewhere and is there, by name.
    expanded : ExpandedPlugins
        Names by extension point in run order, and score weights.
    percentage_of_nodes_to_score : int
        0: adaptive.
    """

    scheduler_name: str
    plugins: Mapping[str, Any]
    expanded: ExpandedPlugins = field(repr=False)
    percentage_of_nodes_to_score: int = 0

    @cached_property
    def pre_filters(self) -> tuple[Any, ...]:
        """Plugins that run at PreFilter, in order."""
        return self._at(Point.PRE_FILTER)

    @cached_property
    def filters(self) -> tuple[Any, ...]:
        """Plugins that run at Filter, in order: the first rejection is a node's verdict."""
        return self._at(Point.FILTER)

    @cached_property
    def scores(self) -> tuple[tuple[Any, int], ...]:
        """Plugins that run at Score, in order, each with its weight."""
        # By the name in the configuration: that of a class named by its path is the path.
        names = (name for name in self.expanded.at(Point.SCORE) if name in self.plugins)
        return tuple((self.plugins[name], self.expanded.weights[name]) for name in names)

    @cached_property
    def pre_enqueues(self) -> tuple[Any, ...]:
        """Plugins that may keep a pod out of the queue."""
        return self._at(Point.PRE_ENQUEUE)

    @cached_property
    def post_filters(self) -> tuple[Any, ...]:
        """Plugins that run when no node is feasible."""
        return self._at(Point.POST_FILTER)

    @cached_property
    def reserves(self) -> tuple[Any, ...]:
        """Plugins that allot something when a node is chosen."""
        return self._at(Point.RESERVE)

    @cached_property
    def queue_sort(self) -> Any:
        """The plugin that orders the queue."""
        return self._at(Point.QUEUE_SORT)[0]

    @property
    def missing(self) -> tuple[str, ...]:
        """In-tree plugins that the profile names and that are not there yet."""
        return tuple(name for name in self.expanded.names() if name not in self.plugins)

    def _at(self, point: Point) -> tuple[Any, ...]:
        return tuple(self.plugins[name] for name in self.expanded.at(point) if name in self.plugins)


ALL_NODES = 100


def build_profiles(registry: Registry, configuration: ResolvedConfiguration | None = None) -> dict[str, Profile]:
    """Build every plugin of every profile once, with its arguments.

    Parameters
    ----------
    registry : Registry
    configuration : ResolvedConfiguration, optional
        A file that was given means what it means to kube-scheduler. Without one: the default plugins, and all nodes are scored.

    Returns
    -------
    dict[str, Profile]
        By scheduler name.
    """
    resolved = resolve(KubeSchedulerConfiguration()) if configuration is None else configuration
    return {
        profile.scheduler_name: Profile(
            scheduler_name=profile.scheduler_name,
            plugins=_build_plugins(registry, profile),
            expanded=profile.plugins,
            percentage_of_nodes_to_score=ALL_NODES if configuration is None else profile.percentage_of_nodes_to_score,
        )
        for profile in resolved.profiles
    }


def _build_plugins(registry: Registry, profile: ResolvedProfile) -> dict[str, Any]:
    built = {name: registry.build(name, profile.arguments.get(name)) for name in profile.plugins.names()}
    return {name: plugin for name, plugin in built.items() if plugin is not None}
