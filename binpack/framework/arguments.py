"""Arguments of the in-tree plugins, with their defaults. Frozen and hashable, so that they may key cached answers.

`NodeResourcesFitArgs()` is what the plugin gets when a configuration says nothing of it; `decode_arguments` reads the `args` of
a `pluginConfig` entry.
Source: kube-scheduler/config/v1/types_pluginargs.go and apis/config/v1/defaults.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from binpack.framework.defaults import API_VERSION
from binpack.model.base import StrictStruct, replace
from binpack.model.duration import parse_duration_ns
from binpack.model.field_errors import FieldError
from binpack.model.pod import NodeAffinity, TopologySpreadConstraint
from binpack.model.scalars import Int32, Int64
from binpack.model.strict import decode_strictly

LEAST_ALLOCATED = "LeastAllocated"
MOST_ALLOCATED = "MostAllocated"
REQUESTED_TO_CAPACITY_RATIO = "RequestedToCapacityRatio"
SYSTEM_DEFAULTING = "System"
LIST_DEFAULTING = "List"

_GROUP = API_VERSION.partition("/")[0]


class ResourceSpec(StrictStruct, frozen=True):
    """A resource to score and its weight."""

    name: str = ""
    weight: Int64 = 1


DEFAULT_RESOURCES = (ResourceSpec("cpu", 1), ResourceSpec("memory", 1))


class UtilizationShapePoint(StrictStruct, frozen=True):
    """A point of a scoring function: utilization 0–100 to score 0–10."""

    utilization: Int32 = 0
    score: Int32 = 0


class RequestedToCapacityRatio(StrictStruct, frozen=True):
    """The scoring function of that strategy, piecewise linear."""

    shape: tuple[UtilizationShapePoint, ...] = ()


class ScoringStrategy(StrictStruct, frozen=True):
    """How NodeResourcesFit scores. A given list of resources replaces the default one."""

    type: str = ""
    resources: tuple[ResourceSpec, ...] = DEFAULT_RESOURCES
    requested_to_capacity_ratio: RequestedToCapacityRatio | None = None


class NodeResourcesFitArgs(StrictStruct, frozen=True):
    """Arguments of NodeResourcesFit. Ignored resources are ignored by the filter, not by the score."""

    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()
    scoring_strategy: ScoringStrategy = ScoringStrategy(type=LEAST_ALLOCATED)


class NodeResourcesBalancedAllocationArgs(StrictStruct, frozen=True):
    """Arguments of NodeResourcesBalancedAllocation."""

    resources: tuple[ResourceSpec, ...] = DEFAULT_RESOURCES


class PodTopologySpreadArgs(StrictStruct, frozen=True):
    """Arguments of PodTopologySpread: constraints for pods that have none of their own."""

    default_constraints: tuple[TopologySpreadConstraint, ...] = ()
    defaulting_type: str = SYSTEM_DEFAULTING


class InterPodAffinityArgs(StrictStruct, frozen=True):
    """Arguments of InterPodAffinity."""

    hard_pod_affinity_weight: Int32 = 1
    ignore_preferred_terms_of_existing_pods: bool = False


class NodeAffinityArgs(StrictStruct, frozen=True):
    """Arguments of NodeAffinity: an affinity that every pod of the profile has besides its own."""

    added_affinity: NodeAffinity | None = None


class DefaultPreemptionArgs(StrictStruct, frozen=True):
    """Arguments of DefaultPreemption: how many candidate nodes to look for."""

    min_candidate_nodes_percentage: Int32 = 10
    min_candidate_nodes_absolute: Int32 = 100


class VolumeBindingArgs(StrictStruct, frozen=True):
    """Arguments of VolumeBinding; a shape is accepted only by an alpha feature that is off."""

    bind_timeout_seconds: Int64 = 600
    shape: tuple[UtilizationShapePoint, ...] | None = None


class DynamicResourcesArgs(StrictStruct, frozen=True):
    """Arguments of DynamicResources; durations as Go writes them."""

    filter_timeout: str = "10s"
    binding_timeout: str | None = None


ARGUMENTS: Mapping[str, type[StrictStruct]] = MappingProxyType(
    {
        "DefaultPreemption": DefaultPreemptionArgs,
        "DynamicResources": DynamicResourcesArgs,
        "InterPodAffinity": InterPodAffinityArgs,
        "NodeAffinity": NodeAffinityArgs,
        "NodeResourcesBalancedAllocation": NodeResourcesBalancedAllocationArgs,
        "NodeResourcesFit": NodeResourcesFitArgs,
        "PodTopologySpread": PodTopologySpreadArgs,
        "VolumeBinding": VolumeBindingArgs,
    }
)
"""The in-tree plugins that take arguments. Whatever is given to another plugin is handed over as it stands."""


@dataclass(frozen=True, slots=True)
class DecodedArguments:
    """A plugin's arguments and what was wrong with their source; the value has its defaults in any case."""

    value: Any
    errors: tuple[FieldError, ...] = ()


def decode_arguments(plugin: str, args: Any, *, kind: type[StrictStruct] | None = None, path: str = "args") -> DecodedArguments:
    """Read the `args` of a `pluginConfig` entry.

    Parameters
    ----------
    plugin : str
        A plugin in `ARGUMENTS` gets its struct, with defaults where nothing is given; another its `args` unchanged.
    args : Any
        Plain data: a mapping, or None for all defaults.
    kind : type, optional
        The struct of a plugin that is not in-tree; every field of it needs a default.
    path : str
        Where the args stand, for the errors.

    Returns
    -------
    DecodedArguments
        Types and field names are checked here; ranges by `binpack.framework.argument_validation`.
    """
    kind = ARGUMENTS.get(plugin, kind)
    if kind is None:
        return DecodedArguments(args)
    if args is None:
        return DecodedArguments(kind())
    errors: tuple[FieldError, ...] = ()
    if isinstance(args, dict):
        errors = _type_errors(plugin, args, path) if plugin in ARGUMENTS else ()
        if errors:
            # Arguments of something else: judging them field by field would only confuse.
            return DecodedArguments(kind(), errors)
        args = {key: value for key, value in args.items() if key not in ("apiVersion", "kind")}
    decoded = decode_strictly(args, kind, path=path)
    value = kind() if decoded.value is None else _with_defaults(decoded.value)
    return DecodedArguments(value, (*decoded.errors, *_duration_errors(value, path)))


def _type_errors(plugin: str, args: dict[str, Any], path: str) -> tuple[FieldError, ...]:
    kind, version = args.get("kind") or f"{plugin}Args", args.get("apiVersion") or API_VERSION
    group = str(version).rpartition("/")[0]
    if kind != f"{plugin}Args" or group != _GROUP:
        got = f"{kind}.{group}" if group else kind
        return (FieldError(path, f"args for plugin {plugin} were not of type {plugin}Args.{_GROUP}, got {got}"),)
    if version != API_VERSION:
        message = f'no kind "{kind}" is registered for version "{version}" (accepted: {API_VERSION})'
        return (FieldError(f"{path}.apiVersion", message),)
    return ()


def _with_defaults(value: StrictStruct) -> StrictStruct:
    """Fill what kube-scheduler fills after decoding: empty lists, empty strings and weights of 0."""
    match value:
        case NodeResourcesFitArgs(scoring_strategy=strategy):
            return replace(value, scoring_strategy=replace(strategy, resources=_weighted(strategy.resources)))
        case NodeResourcesBalancedAllocationArgs(resources=resources):
            return replace(value, resources=_weighted(resources))
        case PodTopologySpreadArgs(defaulting_type=""):
            return replace(value, defaulting_type=SYSTEM_DEFAULTING)
        case _:
            return value


def _weighted(resources: tuple[ResourceSpec, ...]) -> tuple[ResourceSpec, ...]:
    if not resources:
        return DEFAULT_RESOURCES
    return tuple(spec if spec.weight != 0 else replace(spec, weight=1) for spec in resources)


def _duration_errors(value: StrictStruct, path: str) -> tuple[FieldError, ...]:
    if not isinstance(value, DynamicResourcesArgs):
        return ()
    errors = []
    for name, text in (("filterTimeout", value.filter_timeout), ("bindingTimeout", value.binding_timeout)):
        if text is not None:
            try:
                parse_duration_ns(text)
            except ValueError as error:
                errors.append(FieldError(f"{path}.{name}", str(error)))
    return tuple(errors)
