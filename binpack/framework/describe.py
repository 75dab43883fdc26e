"""What a configuration means, as rows to print: plugins in run order, arguments that differ, and what has no effect here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from binpack.framework.arguments import ARGUMENTS, DynamicResourcesArgs, VolumeBindingArgs
from binpack.framework.configuration import KubeSchedulerConfiguration, KubeSchedulerProfile
from binpack.framework.defaults import DEFAULT_MULTI_POINT, IN_TREE
from binpack.framework.known import IN_TREE_PLUGINS, KnownPlugins
from binpack.framework.merge import ALL
from binpack.framework.points import POINTS, Point
from binpack.framework.resolution import ResolvedConfiguration, ResolvedProfile, resolve
from binpack.model.base import StrictStruct, to_builtins
from binpack.model.field_errors import shown

ARGUMENT = "argument"
NO_EFFECT = "no effect here"


@dataclass(frozen=True, slots=True)
class DescriptionRow:
    """One line of a description.

    Parameters
    ----------
    profile : str
        The scheduler's name; empty for what concerns the whole file.
    item : str
        An extension point, a field of the configuration, `argument` or `no effect here`.
    value : str
        Plugins in run order, with their weights where they score; a value; a field's path and why it has no effect.
    """

    profile: str
    item: str
    value: str


def describe(
    configuration: KubeSchedulerConfiguration | ResolvedConfiguration, plugins: KnownPlugins = IN_TREE_PLUGINS
) -> list[DescriptionRow]:
    """Describe a configuration.

    Parameters
    ----------
    configuration : KubeSchedulerConfiguration | ResolvedConfiguration
        One that is not resolved yet is validated first.
    plugins : KnownPlugins
        The registry; without one only in-tree plugins are known.

    Raises
    ------
    ConfigurationError
        If the configuration is not valid.
    """
    resolved = configuration if isinstance(configuration, ResolvedConfiguration) else resolve(configuration, plugins)
    written = resolved.written
    backoff = f"{written.pod_initial_backoff_seconds} s, doubling to {written.pod_max_backoff_seconds} s"
    rows = [DescriptionRow("", "backoff of pods that failed", backoff)]
    for profile in resolved.profiles:
        rows += _profile_rows(profile)
    rows += [DescriptionRow("", NO_EFFECT, text) for text in _idle_fields(written)]
    for index, profile in enumerate(resolved.profiles):
        source = written.profiles[index] if written.profiles else KubeSchedulerProfile()
        rows += [DescriptionRow(profile.scheduler_name, NO_EFFECT, text) for text in _idle_in_profile(source, profile, index)]
    return rows


def _profile_rows(profile: ResolvedProfile) -> list[DescriptionRow]:
    percentage = profile.percentage_of_nodes_to_score
    shown_percentage = f"{percentage}" if percentage else "0 (adaptive: 50 % of small clusters down to 5 % of large ones)"
    rows = [DescriptionRow(profile.scheduler_name, "percentageOfNodesToScore", shown_percentage)]
    for point in POINTS:
        names = profile.plugins.at(point)
        if point is Point.SCORE:
            names = tuple(f"{name} ×{profile.plugins.weights[name]}" for name in names)
        rows.append(DescriptionRow(profile.scheduler_name, point.value, ", ".join(names) or "(none)"))
    for name, value in sorted(profile.arguments.items()):
        rows += [DescriptionRow(profile.scheduler_name, ARGUMENT, f"{name}: {text}") for text in _changed_arguments(value)]
    return rows


def _changed_arguments(value: Any) -> Iterator[str]:
    """Write the arguments that differ from their defaults as `path = value`; those without a known form whole."""
    if not isinstance(value, StrictStruct):
        if value is not None:
            yield shown(value)
        return
    default = type(value)()
    for field_name in value.__struct_fields__:
        if getattr(value, field_name) != getattr(default, field_name):
            key, _ = _encoded(value, field_name)
            yield f"{key} = {shown(complete(getattr(value, field_name)))}"


def _encoded(value: Any, field_name: str) -> tuple[str, Any]:
    position = value.__struct_fields__.index(field_name)
    return value.__struct_encode_fields__[position], getattr(value, field_name)


def complete(value: Any) -> Any:
    """Like `to_builtins`, but arguments' own structs keep their fields at defaults: a strategy is shown with its resources."""
    if isinstance(value, tuple):
        return [complete(item) for item in value]
    if isinstance(value, StrictStruct):
        pairs = (_encoded(value, field_name) for field_name in value.__struct_fields__)
        return {key: complete(item) for key, item in pairs if item is not None}
    return to_builtins(value)


def _idle_fields(written: KubeSchedulerConfiguration) -> Iterator[str]:
    """Name the fields of the file that are understood and change nothing."""
    default = KubeSchedulerConfiguration()
    reasons = {
        "parallelism": "the search is sequential, as with parallelism 1",
        "leader_election": "there is one scheduler",
        "client_connection": "there is no API server to connect to",
        "enable_profiling": "it serves kube-scheduler's own endpoints",
        "enable_contention_profiling": "it serves kube-scheduler's own endpoints",
        "delay_cache_until_active": "there is one scheduler",
    }
    for field_name, reason in reasons.items():
        key, value = _encoded(written, field_name)
        if value != getattr(default, field_name):
            yield f"{key}: {reason}"
    for index, extender in enumerate(written.extenders):
        kept = " but for its managedResources" if any(one.ignored_by_scheduler for one in extender.managed_resources) else ""
        yield f"extenders[{index}]{kept}: extenders are not called; decisions differ from those of a scheduler that calls them"


def _idle_in_profile(written: KubeSchedulerProfile, resolved: ResolvedProfile, index: int) -> Iterator[str]:
    """Name what a profile says without consequence."""
    path = f"profiles[{index}]"
    running = resolved.plugins.names()
    for position, config in enumerate(written.plugin_config):
        where = f"{path}.pluginConfig[{position}]"
        if config.name not in running:
            yield f"{where}: {config.name} is not enabled"
        elif config.name in IN_TREE and config.name not in ARGUMENTS and config.args is not None:
            yield f"{where}: {config.name} takes no arguments"
    timeouts = (
        ("VolumeBinding", "bindTimeoutSeconds", VolumeBindingArgs(), "bind_timeout_seconds"),
        ("DynamicResources", "filterTimeout", DynamicResourcesArgs(), "filter_timeout"),
    )
    for name, key, default, field_name in timeouts:
        value = resolved.arguments.get(name)
        if value is not None and getattr(value, field_name) != getattr(default, field_name):
            yield f"{path}, {name}: {key}: nothing takes real time here"
    yield from _idle_in_plugins(written, resolved, f"{path}.plugins")


def _idle_in_plugins(written: KubeSchedulerProfile, resolved: ResolvedProfile, path: str) -> Iterator[str]:
    defaults = {name for name, _ in DEFAULT_MULTI_POINT}
    everywhere = defaults | {plugin.name for plugin in written.plugins.multi_point.enabled} | {ALL}
    for point in Point:
        own = written.plugins.at(point)
        for position, plugin in enumerate(own.enabled):
            weighs = point is Point.SCORE or (point is Point.MULTI_POINT and plugin.name in resolved.plugins.weights)
            if plugin.weight is not None and not weighs:
                yield f"{path}.{point}.enabled[{position}].weight: {plugin.name} does not score at this point"
        for position, plugin in enumerate(own.disabled):
            known = defaults | {ALL} if point is Point.MULTI_POINT else everywhere
            if plugin.name not in known:
                yield f"{path}.{point}.disabled[{position}]: {plugin.name} would not run anyway"
