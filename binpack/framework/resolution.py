"""A configuration ready for use: validated, plugins expanded, arguments decoded, everything at its effective value.

`read_configuration` is what a program calls with a user's file. The profiles that it returns hold names and values only; the
registry turns them into plugins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binpack.errors import ConfigurationError
from binpack.framework.arguments import NodeResourcesFitArgs, decode_arguments
from binpack.framework.configuration import (
    KubeSchedulerConfiguration,
    KubeSchedulerProfile,
    decode_document,
    error_lines,
    read_document,
    source_of,
)
from binpack.framework.known import IN_TREE_PLUGINS, KnownPlugins
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.validation import configuration_errors, expand_profile, with_default_profile
from binpack.model.base import replace
from binpack.model.field_errors import FieldError


@dataclass(frozen=True, slots=True)
class ResolvedProfile:
    """One scheduler.

    Parameters
    ----------
    scheduler_name : str
    percentage_of_nodes_to_score : int
        The profile's own, else the file's; 0 is adaptive.
    plugins : ExpandedPlugins
        Which plugins run where, and their weights.
    arguments : Mapping[str, Any]
        For every plugin that runs: the struct of `binpack.framework.arguments` with defaults filled in; for a plugin of another
        sort its `args` as they stand in the file, None if there are none.
    """

    scheduler_name: str
    percentage_of_nodes_to_score: int
    plugins: ExpandedPlugins
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResolvedConfiguration:
    """A whole configuration.

    Parameters
    ----------
    profiles : tuple[ResolvedProfile, ...]
        At least one, with distinct names.
    written : KubeSchedulerConfiguration
        What it was made from.
    """

    profiles: tuple[ResolvedProfile, ...]
    written: KubeSchedulerConfiguration


def read_configuration(path: Path | str, plugins: KnownPlugins = IN_TREE_PLUGINS) -> ResolvedConfiguration:
    """Read a configuration file, check all of it and resolve it.

    Parameters
    ----------
    path : Path | str
        YAML or JSON; `-` is standard input.
    plugins : KnownPlugins
        The registry; without one only in-tree plugins are known.

    Raises
    ------
    ConfigurationError
        One line a problem, each with the file, the field's path, the value seen and what is accepted.
    """
    return resolve_document(read_document(path), plugins, source=source_of(path))


def resolve_document(data: Any, plugins: KnownPlugins = IN_TREE_PLUGINS, *, source: str = "") -> ResolvedConfiguration:
    """Check and resolve plain data (dicts, lists, scalars). See `read_configuration`."""
    decoded = decode_document(data)
    if decoded.value is None:
        raise ConfigurationError(*error_lines(decoded.errors, source=source))
    return resolve(decoded.value, plugins, source=source, form_errors=decoded.errors)


def resolve(
    configuration: KubeSchedulerConfiguration,
    plugins: KnownPlugins = IN_TREE_PLUGINS,
    *,
    source: str = "",
    form_errors: Iterable[FieldError] = (),
) -> ResolvedConfiguration:
    """Check and resolve a configuration.

    Parameters
    ----------
    configuration : KubeSchedulerConfiguration
    plugins : KnownPlugins
    source : str
        What each line of an error begins with.
    form_errors : Iterable[FieldError]
        What was wrong with the form of the file, to be listed before the rest.

    Raises
    ------
    ConfigurationError
        All problems at once.
    """
    form_errors = tuple(form_errors)
    errors = configuration_errors(configuration, plugins)
    # A field that was left out because of its form is not to be blamed for being empty.
    errors = [error for error in errors if not any(_is_within(error.path, form.path) for form in form_errors)]
    lines = dict.fromkeys(error_lines((*form_errors, *errors), source=source))
    if lines:
        raise ConfigurationError(*lines)
    ignored = _ignored_by_extenders(configuration)
    complete = with_default_profile(configuration)
    profiles = tuple(_resolve_profile(profile, configuration, ignored, plugins) for profile in complete.profiles)
    return ResolvedConfiguration(profiles, configuration)


def _resolve_profile(
    profile: KubeSchedulerProfile,
    configuration: KubeSchedulerConfiguration,
    ignored_resources: tuple[str, ...],
    plugins: KnownPlugins,
) -> ResolvedProfile:
    expanded = expand_profile(profile, plugins)
    given = {config.name: config.args for config in profile.plugin_config}
    arguments = {name: decode_arguments(name, given.get(name), kind=plugins.argument_type(name)).value for name in expanded.names()}
    fit = arguments.get("NodeResourcesFit")
    if ignored_resources and isinstance(fit, NodeResourcesFitArgs):
        # The extenders' list takes the place of the argument, it does not add to it.
        arguments["NodeResourcesFit"] = replace(fit, ignored_resources=ignored_resources)
    percentage = profile.percentage_of_nodes_to_score
    if percentage is None:
        percentage = configuration.percentage_of_nodes_to_score or 0
    return ResolvedProfile(profile.scheduler_name or "", percentage, expanded, arguments)


def _ignored_by_extenders(configuration: KubeSchedulerConfiguration) -> tuple[str, ...]:
    return tuple(
        resource.name for extender in configuration.extenders for resource in extender.managed_resources if resource.ignored_by_scheduler
    )


def _is_within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
