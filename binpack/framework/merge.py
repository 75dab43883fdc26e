"""From what a profile enables and disables to the plugins that run: defaults merged in, MultiPoint spread out.

Source: apis/config/v1/default_plugins.go (`mergePlugins`) and framework/runtime/framework.go (`expandMultiPointPlugins`,
`getScoreWeights`), v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from binpack.framework.configuration import Plugin, Plugins, PluginSet
from binpack.framework.defaults import DEFAULT_MULTI_POINT
from binpack.framework.points import POINTS, Point
from binpack.model.base import replace

ALL = "*"
DEFAULT_PLUGIN_SET = PluginSet(enabled=tuple(Plugin(name, weight) for name, weight in DEFAULT_MULTI_POINT))


@dataclass(frozen=True, slots=True)
class ExpandedPlugins:
    """What runs where.

    Parameters
    ----------
    order : Mapping[Point, tuple[str, ...]]
        For every point but `MULTI_POINT` the names in run order, each once.
    weights : Mapping[str, int]
        The weight of each plugin that scores.
    """

    order: Mapping[Point, tuple[str, ...]]
    weights: Mapping[str, int]

    def at(self, point: Point) -> tuple[str, ...]:
        """Return the names that run at a point, in order."""
        return self.order[point]

    def names(self) -> tuple[str, ...]:
        """Return every plugin that runs somewhere, once, by point and order."""
        return unique(name for point in POINTS for name in self.order[point])


def expand(plugins: Plugins, implements: Callable[[str], frozenset[Point]]) -> ExpandedPlugins:
    """Merge a profile's plugins with the defaults and spread MultiPoint over the extension points.

    Parameters
    ----------
    plugins : Plugins
        As the user wrote them.
    implements : Callable[[str], frozenset[Point]]
        The points that a plugin implements; nothing for a name that is not known.

    Returns
    -------
    ExpandedPlugins
        Total for any input: whether names exist, fit their points and are named once is for the validation to say.
    """
    merged = merge_defaults(plugins)
    order = {point: _expand_point(point, merged, implements) for point in POINTS}
    weights: dict[str, int] = {}
    # The first mention counts, and the point's own list goes before MultiPoint. No weight, or 0, means 1.
    for plugin in (*merged.score.enabled, *merged.multi_point.enabled):
        if plugin.name not in weights and plugin.name in order[Point.SCORE]:
            weights[plugin.name] = plugin.weight or 1
    return ExpandedPlugins(order, weights)


def merge_defaults(plugins: Plugins) -> Plugins:
    """Merge the default plugins in. All defaults stand in MultiPoint, so that the other points stay as they are."""
    return replace(plugins, multi_point=merge_plugin_set(DEFAULT_PLUGIN_SET, plugins.multi_point))


def merge_plugin_set(default: PluginSet, custom: PluginSet) -> PluginSet:
    """Merge a user's plugin set into the default one.

    A default that the user also enables is replaced in place, its weight included: a weight left out is no default weight. What
    else the user enables follows, doubles too (they are reported later). The disabled names are kept for the expansion.
    """
    disabled = {plugin.name for plugin in custom.disabled}
    last_mention = {plugin.name: index for index, plugin in enumerate(custom.enabled)}
    enabled: list[Plugin] = []
    replaced: set[int] = set()
    for plugin in () if ALL in disabled else default.enabled:
        if plugin.name in disabled:
            continue
        index = last_mention.get(plugin.name)
        if index is None:
            enabled.append(plugin)
        else:
            enabled.append(custom.enabled[index])
            replaced.add(index)
    enabled.extend(plugin for index, plugin in enumerate(custom.enabled) if index not in replaced)
    return PluginSet(enabled=tuple(enabled), disabled=custom.disabled)


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names without repetitions, each where it came first."""
    return tuple(dict.fromkeys(names))


def _expand_point(point: Point, merged: Plugins, implements: Callable[[str], frozenset[Point]]) -> tuple[str, ...]:
    own = merged.at(point)
    own_names = unique(plugin.name for plugin in own.enabled)
    disabled = {plugin.name for plugin in own.disabled}
    if ALL in disabled:
        return own_names
    everywhere = unique(
        plugin.name for plugin in merged.multi_point.enabled if plugin.name not in disabled and point in implements(plugin.name)
    )
    # A plugin that the point disables and enables again is no override: it goes to the end, with those that MultiPoint lacks.
    overriding = tuple(name for name in own_names if name in everywhere)
    inherited = tuple(name for name in everywhere if name not in own_names)
    added = tuple(name for name in own_names if name not in everywhere)
    return (*overriding, *inherited, *added)
