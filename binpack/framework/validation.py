"""Everything that kube-scheduler would refuse in a configuration, all of it at once, worded as kube-scheduler words it.

kube-scheduler stops at the first stage that fails (decoding, validation, building the profiles); the checks of all stages are
made here.
Source: apis/config/validation/validation.go and framework/runtime/framework.go (`NewFramework`), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from binpack.errors import ConfigurationError
from binpack.framework.argument_validation import argument_errors
from binpack.framework.arguments import decode_arguments
from binpack.framework.configuration import Extender, KubeSchedulerConfiguration, KubeSchedulerProfile, Plugin, PluginSet
from binpack.framework.defaults import API_VERSION, DEFAULT_SCHEDULER_NAME, IN_TREE, REMOVED
from binpack.framework.known import KnownPlugins
from binpack.framework.merge import ALL, ExpandedPlugins, expand
from binpack.framework.points import POINTS, Point
from binpack.model.base import replace
from binpack.model.field_errors import FieldError, duplicate, invalid, required
from binpack.model.requests import is_extended
from binpack.model.scalars import MAX_INT32, MAX_INT64, MIN_INT32
from binpack.model.selector_errors import label_name_errors
from binpack.model.strict import nearest
from binpack.units import MAX_NODE_SCORE

_UPSTREAM_ORDER = (
    Point.PRE_FILTER,
    Point.FILTER,
    Point.POST_FILTER,
    Point.RESERVE,
    Point.PRE_SCORE,
    Point.SCORE,
    Point.PRE_BIND,
    Point.BIND,
    Point.POST_BIND,
    Point.PERMIT,
    Point.PRE_ENQUEUE,
    Point.QUEUE_SORT,
)
"""The order in which kube-scheduler looks at the points, hence which of them a message about MultiPoint names."""


def with_default_profile(configuration: KubeSchedulerConfiguration) -> KubeSchedulerConfiguration:
    """Give a configuration its profile, if it has none, and the default name to an only profile without a name."""
    profiles = configuration.profiles or (KubeSchedulerProfile(),)
    if len(profiles) == 1 and profiles[0].scheduler_name is None:
        profiles = (replace(profiles[0], scheduler_name=DEFAULT_SCHEDULER_NAME),)
    return replace(configuration, profiles=profiles)


def configuration_errors(configuration: KubeSchedulerConfiguration, plugins: KnownPlugins) -> list[FieldError]:
    """List everything that kube-scheduler would refuse.

    Parameters
    ----------
    configuration : KubeSchedulerConfiguration
    plugins : KnownPlugins
        The registry, or a `PluginTable`. A ConfigurationError of its about a name is listed with the others.

    Returns
    -------
    list[FieldError]
        Those of the whole file first, then profile by profile, then the extenders.
    """
    configuration = with_default_profile(configuration)
    errors = _top_level(configuration)
    for index, profile in enumerate(configuration.profiles):
        errors += _profile(profile, f"profiles[{index}]", plugins)
    errors += _between_profiles(configuration.profiles)
    return errors + _extenders(configuration.extenders)


def expand_profile(profile: KubeSchedulerProfile, plugins: KnownPlugins) -> ExpandedPlugins:
    """Expand a profile's plugins; a name that is not known implements nothing."""

    def implements(name: str) -> frozenset[Point]:
        try:
            return plugins.points(name)
        except ConfigurationError:
            return frozenset()

    return expand(profile.plugins, implements)


def _top_level(configuration: KubeSchedulerConfiguration) -> list[FieldError]:
    errors = []
    if configuration.parallelism <= 0:
        errors.append(invalid("parallelism", configuration.parallelism, "should be an integer value greater than zero"))
    errors += _percentage(configuration.percentage_of_nodes_to_score, "percentageOfNodesToScore")
    initial, highest = configuration.pod_initial_backoff_seconds, configuration.pod_max_backoff_seconds
    if initial <= 0:
        errors.append(invalid("podInitialBackoffSeconds", initial, "must be greater than 0"))
    if highest < initial:
        errors.append(invalid("podMaxBackoffSeconds", highest, "must be greater than or equal to PodInitialBackoffSeconds"))
    return errors


def _percentage(value: int | None, path: str) -> list[FieldError]:
    in_range = value is None or 0 <= value <= 100
    return [] if in_range else [invalid(path, value, "not in valid range [0-100]")]


def _profile(profile: KubeSchedulerProfile, path: str, plugins: KnownPlugins) -> list[FieldError]:
    errors = []
    if not profile.scheduler_name:
        errors.append(required(f"{path}.schedulerName"))
    errors += _percentage(profile.percentage_of_nodes_to_score, f"{path}.percentageOfNodesToScore")
    for point in POINTS:
        errors += _point(point, profile.plugins.at(point), f"{path}.plugins.{point}", plugins)
    errors += _multi_point(profile, f"{path}.plugins.{Point.MULTI_POINT}", plugins)
    errors += _expanded(profile, f"{path}.plugins", plugins)
    return errors + _plugin_config(profile, path, plugins)


def _point(point: Point, own: PluginSet, path: str, plugins: KnownPlugins) -> list[FieldError]:
    """Check the list of one extension point."""
    errors = []
    seen: set[str] = set()
    for where, plugin in _enabled(own, path):
        errors += _weight(plugin, where)
        found = _existence(plugin, where, point, plugins)
        if found:
            errors += found
        elif point not in plugins.points(plugin.name):
            accepted = ", ".join(other for other in POINTS if other in plugins.points(plugin.name))
            message = f'plugin "{plugin.name}" does not extend {point.interface} plugin (accepted at: {accepted})'
            errors.append(FieldError(f"{where}.name", message))
        if plugin.name in seen:
            errors.append(_registered_twice(plugin, where, point))
        seen.add(plugin.name)
    return errors


def _multi_point(profile: KubeSchedulerProfile, path: str, plugins: KnownPlugins) -> list[FieldError]:
    """Check MultiPoint's list. A message names the first extension point at which kube-scheduler would meet the mistake."""
    open_points = [point for point in _UPSTREAM_ORDER if not _disables(profile.plugins.at(point), ALL)]
    errors = []
    seen: set[str] = set()
    for where, plugin in _enabled(profile.plugins.multi_point, path):
        errors += _weight(plugin, where)
        found = _existence(plugin, where, open_points[0] if open_points else None, plugins)
        errors += found
        if plugin.name in seen and not found:
            twice = [point for point in open_points if _inherits(profile, point, plugin.name, plugins)]
            errors += [_registered_twice(plugin, where, point) for point in twice[:1]]
        seen.add(plugin.name)
    return errors


def _enabled(plugin_set: PluginSet, path: str) -> Iterator[tuple[str, Plugin]]:
    for index, plugin in enumerate(plugin_set.enabled):
        yield f"{path}.enabled[{index}]", plugin


def _existence(plugin: Plugin, path: str, point: Point | None, plugins: KnownPlugins) -> list[FieldError]:
    """Check that a plugin is there. Without a point kube-scheduler would never look it up."""
    if plugin.name in REMOVED:
        return [_removed(plugin.name, path)]
    try:
        if point is None or plugins.points(plugin.name):
            return []
    except ConfigurationError as error:
        return [FieldError(f"{path}.name", problem) for problem in error.problems]
    names = sorted({*plugins.names(), *IN_TREE})
    close = nearest(plugin.name, names)
    hint = f"did you mean {' or '.join(close)}?" if close else f"accepted: {', '.join(names)}, or a package.module:Class"
    return [FieldError(f"{path}.name", f'{point.interface} "{plugin.name}" does not exist ({hint})')]


def _removed(name: str, path: str) -> FieldError:
    return invalid(path, name, f'was invalid in version "{API_VERSION}" (KubeSchedulerConfiguration is version "{API_VERSION}")')


def _weight(plugin: Plugin, path: str) -> list[FieldError]:
    fits = plugin.weight is None or MIN_INT32 <= plugin.weight <= MAX_INT32
    return [] if fits else [invalid(f"{path}.weight", plugin.weight, "does not fit 32 bits")]


def _registered_twice(plugin: Plugin, path: str, point: Point) -> FieldError:
    return FieldError(f"{path}.name", f'plugin "{plugin.name}" already registered as "{point.interface}"')


def _disables(plugin_set: PluginSet, name: str) -> bool:
    return any(plugin.name == name for plugin in plugin_set.disabled)


def _inherits(profile: KubeSchedulerProfile, point: Point, name: str, plugins: KnownPlugins) -> bool:
    """Tell whether a point takes a plugin over from MultiPoint."""
    own = profile.plugins.at(point)
    named = any(plugin.name == name for plugin in own.enabled)
    return point in plugins.points(name) and not named and not _disables(own, name)


def _expanded(profile: KubeSchedulerProfile, path: str, plugins: KnownPlugins) -> list[FieldError]:
    """Check what comes out of merging and expanding."""
    expanded = expand_profile(profile, plugins)
    name = profile.scheduler_name or ""
    errors = []
    sorters = expanded.at(Point.QUEUE_SORT)
    if len(sorters) != 1:
        listed = f" ({', '.join(sorters)})" if sorters else ""
        message = f'only one queue sort plugin required for profile with scheduler name "{name}", but got {len(sorters)}{listed}'
        errors.append(FieldError(f"{path}.queueSort", message))
    if not expanded.at(Point.BIND):
        errors.append(FieldError(f"{path}.bind", f'at least one bind plugin is needed for profile with scheduler name "{name}"'))
    if sum(expanded.weights.values()) * MAX_NODE_SCORE > MAX_INT64:
        errors.append(FieldError(f"{path}.score", "total score of Score plugins could overflow"))
    return errors


def _plugin_config(profile: KubeSchedulerProfile, path: str, plugins: KnownPlugins) -> list[FieldError]:
    errors = []
    seen: set[str] = set()
    for index, config in enumerate(profile.plugin_config):
        where = f"{path}.pluginConfig[{index}]"
        if config.name in seen:
            errors.append(duplicate(where, config.name, f"repeated config for plugin {config.name}"))
        seen.add(config.name)
        if config.name in REMOVED:
            errors.append(_removed(config.name, where))
            continue
        decoded = decode_arguments(config.name, config.args, kind=_argument_type(config.name, plugins), path=f"{where}.args")
        errors += [*decoded.errors, *argument_errors(decoded.value, f"{where}.args")]
    return errors


def _argument_type(name: str, plugins: KnownPlugins) -> Any | None:
    try:
        return plugins.argument_type(name)
    except ConfigurationError:  # reported where the plugin is enabled; elsewhere its arguments are never read
        return None


def _between_profiles(profiles: tuple[KubeSchedulerProfile, ...]) -> list[FieldError]:
    """Check that names are unique and that all profiles sort the queue alike, for there is one queue."""
    errors = []
    first_of: dict[str, int] = {}
    for index, profile in enumerate(profiles):
        path = f"profiles[{index}]"
        name = profile.scheduler_name or ""
        if name in first_of:
            message = f"Duplicate value: profiles[{first_of[name]}].schedulerName"
            errors.append(FieldError(f"{path}.schedulerName", f'{message} ("{name}")'))
        first_of.setdefault(name, index)
        if _queue_sort(profile) != _queue_sort(profiles[0]):
            errors.append(invalid(f"{path}.plugins.queueSort", profile.plugins.queue_sort, "must be the same for all profiles"))
        errors += _queue_sort_config(profile, profiles[0], path)
    return errors


def _queue_sort(profile: KubeSchedulerProfile) -> PluginSet:
    """What kube-scheduler compares: the point's own list, with no weight read as 0. What MultiPoint adds is not looked at."""
    own = profile.plugins.queue_sort
    return PluginSet(tuple(Plugin(one.name, one.weight or 0) for one in own.enabled), tuple(Plugin(one.name) for one in own.disabled))


def _queue_sort_config(profile: KubeSchedulerProfile, first: KubeSchedulerProfile, path: str) -> list[FieldError]:
    if not first.plugins.queue_sort.enabled:
        return []
    name = first.plugins.queue_sort.enabled[0].name
    expected = next((config.args for config in reversed(first.plugin_config) if config.name == name), None)
    return [
        invalid(f"{path}.pluginConfig[{index}].args", config.args, "queueSort must be the same for all profiles")
        for index, config in enumerate(profile.plugin_config)
        if config.name == name and config.args != expected
    ]


def _extenders(extenders: tuple[Extender, ...]) -> list[FieldError]:
    errors = []
    seen: set[str] = set()
    for index, extender in enumerate(extenders):
        path = f"extenders[{index}]"
        if extender.prioritize_verb and extender.weight <= 0:
            errors.append(invalid(f"{path}.weight", extender.weight, "must have a positive weight applied to it"))
        for position, resource in enumerate(extender.managed_resources):
            where = f"{path}.managedResources[{position}].name"
            malformed = label_name_errors(resource.name, where)
            errors += malformed
            if not malformed and not is_extended(resource.name):
                errors.append(invalid(where, resource.name, "is an invalid extended resource name"))
            if resource.name in seen:
                errors.append(invalid(where, resource.name, "duplicate extender managed resource name"))
            seen.add(resource.name)
    binders = sum(bool(extender.bind_verb) for extender in extenders)
    if binders > 1:
        errors.append(invalid("extenders", f"found {binders} extenders implementing bind", "only one extender can implement bind"))
    return errors
