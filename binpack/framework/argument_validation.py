"""Ranges and combinations in the in-tree plugins' arguments, worded as kube-scheduler words them.

Source: apis/config/validation/validation_pluginargs.go, v1.35, with its default feature gates.
"""

from __future__ import annotations

from typing import Any

from binpack.framework.arguments import (
    LEAST_ALLOCATED,
    LIST_DEFAULTING,
    MOST_ALLOCATED,
    REQUESTED_TO_CAPACITY_RATIO,
    SYSTEM_DEFAULTING,
    DefaultPreemptionArgs,
    DynamicResourcesArgs,
    InterPodAffinityArgs,
    NodeAffinityArgs,
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    ScoringStrategy,
    UtilizationShapePoint,
    VolumeBindingArgs,
)
from binpack.model.duration import parse_duration_ns
from binpack.model.field_errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from binpack.model.pod import TopologySpreadConstraint
from binpack.model.selector_errors import label_name_errors, node_term_errors

STRATEGIES = (LEAST_ALLOCATED, MOST_ALLOCATED, REQUESTED_TO_CAPACITY_RATIO)
DEFAULTING_TYPES = (SYSTEM_DEFAULTING, LIST_DEFAULTING)
SCHEDULE_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
MAX_WEIGHT = 100
MAX_UTILIZATION = 100
MAX_SHAPE_SCORE = 10


def argument_errors(value: Any, path: str) -> list[FieldError]:
    """List what is out of range in one plugin's decoded arguments; nothing for arguments of a form that is not known here.

    Parameters
    ----------
    value : Any
        As `decode_arguments` returned it.
    path : str
        Where the args stand: `profiles[0].pluginConfig[1].args`.
    """
    match value:
        case NodeResourcesFitArgs():
            return _fit(value, path)
        case NodeResourcesBalancedAllocationArgs():
            return _balanced_allocation(value, path)
        case PodTopologySpreadArgs():
            return _topology_spread(value, path)
        case InterPodAffinityArgs(hard_pod_affinity_weight=weight):
            in_range = 0 <= weight <= MAX_WEIGHT
            return [] if in_range else [invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")]
        case NodeAffinityArgs():
            return _node_affinity(value, path)
        case DefaultPreemptionArgs():
            return _preemption(value, path)
        case VolumeBindingArgs():
            return _volume_binding(value, path)
        case DynamicResourcesArgs():
            return _dynamic_resources(value, path)
        case _:
            return []


def _fit(value: NodeResourcesFitArgs, path: str) -> list[FieldError]:
    errors = []
    for index, name in enumerate(value.ignored_resources):
        errors += label_name_errors(name, f"{path}.ignoredResources[{index}]")
    for index, group in enumerate(value.ignored_resource_groups):
        where = f"{path}.ignoredResourceGroups[{index}]"
        if "/" in group:
            errors.append(invalid(where, group, "resource group name can't contain '/'"))
        errors += label_name_errors(group, where)
    errors += _strategy(value.scoring_strategy, f"{path}.scoringStrategy")
    # A mis-keyed table upstream leaves these checks to the building of the plugin, which wraps them.
    return [FieldError(error.path, error.message, 'initializing plugin "NodeResourcesFit": ') for error in errors]


def _strategy(strategy: ScoringStrategy, path: str) -> list[FieldError]:
    errors = []
    if strategy.type not in STRATEGIES:
        errors.append(unsupported(f"{path}.type", strategy.type, STRATEGIES))
    for index, resource in enumerate(strategy.resources):
        if not 0 < resource.weight <= MAX_WEIGHT:
            message = f"resource weight of {resource.name} not in valid range (0, 100]"
            errors.append(invalid(f"{path}.resources[{index}].weight", resource.weight, message))
    ratio, where = strategy.requested_to_capacity_ratio, f"{path}.requestedToCapacityRatio"
    if ratio is not None:  # judged whatever the type
        errors += _shape(ratio.shape, f"{where}.shape")
    elif strategy.type == REQUESTED_TO_CAPACITY_RATIO:  # kube-scheduler 1.35 crashes here
        errors.append(required(where, "must be specified when type is RequestedToCapacityRatio"))
    return errors


def _shape(shape: tuple[UtilizationShapePoint, ...], path: str) -> list[FieldError]:
    if not shape:
        return [required(path, "at least one point must be specified")]
    errors = []
    for index, point in enumerate(shape):
        where = f"{path}[{index}]"
        if index > 0 and shape[index - 1].utilization >= point.utilization:
            errors.append(invalid(f"{where}.utilization", point.utilization, "values must be sorted in increasing order"))
        if not 0 <= point.utilization <= MAX_UTILIZATION:
            errors.append(invalid(f"{where}.utilization", point.utilization, "not in valid range [0, 100]"))
        if not 0 <= point.score <= MAX_SHAPE_SCORE:
            errors.append(invalid(f"{where}.score", point.score, "not in valid range [0, 10]"))
    return errors


def _balanced_allocation(value: NodeResourcesBalancedAllocationArgs, path: str) -> list[FieldError]:
    errors = []
    seen: set[str] = set()
    for index, resource in enumerate(value.resources):
        where = f"{path}.resources[{index}]"
        if resource.name in seen:
            errors.append(duplicate(f"{where}.name", resource.name))
        seen.add(resource.name)
        if resource.weight != 1:
            errors.append(invalid(f"{where}.weight", resource.weight, "must be 1"))
    return errors


def _topology_spread(value: PodTopologySpreadArgs, path: str) -> list[FieldError]:
    errors = []
    where = f"{path}.defaultingType"
    if value.defaulting_type not in DEFAULTING_TYPES:
        errors.append(unsupported(where, value.defaulting_type, DEFAULTING_TYPES))
    if value.defaulting_type == SYSTEM_DEFAULTING and value.default_constraints:
        errors.append(invalid(where, value.defaulting_type, "when .defaultConstraints are not empty"))
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(value.default_constraints):
        where = f"{path}.defaultConstraints[{index}]"
        errors += _constraint(constraint, where)
        pair = (constraint.topology_key, constraint.when_unsatisfiable)
        if pair in seen:
            errors.append(duplicate(where, f"{{{pair[0]}, {pair[1]}}}"))
        seen.add(pair)
    return errors


def _constraint(constraint: TopologySpreadConstraint, path: str) -> list[FieldError]:
    errors = []
    if constraint.max_skew <= 0:
        errors.append(invalid(f"{path}.maxSkew", constraint.max_skew, "not in valid range (0, inf)"))
    if not constraint.topology_key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    else:
        errors += label_name_errors(constraint.topology_key, f"{path}.topologyKey")
    if not constraint.when_unsatisfiable:
        errors.append(required(f"{path}.whenUnsatisfiable", "can not be empty"))
    elif constraint.when_unsatisfiable not in SCHEDULE_ACTIONS:
        errors.append(unsupported(f"{path}.whenUnsatisfiable", constraint.when_unsatisfiable, SCHEDULE_ACTIONS))
    if constraint.label_selector is not None:
        errors.append(forbidden(f"{path}.labelSelector", "constraint must not define a selector, as they deduced for each pod"))
    return errors


def _node_affinity(value: NodeAffinityArgs, path: str) -> list[FieldError]:
    affinity = value.added_affinity
    if affinity is None:
        return []
    errors = []
    required_terms = affinity.required_during_scheduling_ignored_during_execution
    where = f"{path}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    for index, term in enumerate(required_terms.node_selector_terms if required_terms else ()):
        errors += node_term_errors(term, f"{where}[{index}]")
    where = f"{path}.addedAffinity.preferredDuringSchedulingIgnoredDuringExecution"
    for index, preferred in enumerate(affinity.preferred_during_scheduling_ignored_during_execution or ()):
        if preferred.weight != 0:  # a term without weight is never read
            errors += node_term_errors(preferred.preference, f"{where}[{index}].preference")
    return errors


def _preemption(value: DefaultPreemptionArgs, path: str) -> list[FieldError]:
    errors = []
    percentage, absolute = value.min_candidate_nodes_percentage, value.min_candidate_nodes_absolute
    if not 0 <= percentage <= 100:
        errors.append(invalid(f"{path}.minCandidateNodesPercentage", percentage, "not in valid range [0, 100]"))
    if absolute < 0:
        errors.append(invalid(f"{path}.minCandidateNodesAbsolute", absolute, "not in valid range [0, inf)"))
    if percentage == 0 and absolute == 0:
        message = "cannot be zero at the same time as minCandidateNodes"
        errors.append(invalid(f"{path}.minCandidateNodesPercentage", 0, f"{message}Absolute"))
        errors.append(invalid(f"{path}.minCandidateNodesAbsolute", 0, f"{message}Percentage"))
    return errors


def _volume_binding(value: VolumeBindingArgs, path: str) -> list[FieldError]:
    errors = []
    if value.bind_timeout_seconds < 0:
        message = "invalid BindTimeoutSeconds, should not be a negative value"
        errors.append(invalid(f"{path}.bindTimeoutSeconds", value.bind_timeout_seconds, message))
    if value.shape is not None:
        message = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        errors.append(invalid(f"{path}.shape", value.shape, message))
    return errors


def _dynamic_resources(value: DynamicResourcesArgs, path: str) -> list[FieldError]:
    errors = []
    if _is_negative(value.filter_timeout):
        errors.append(invalid(f"{path}.filterTimeout", value.filter_timeout, "must be zero or positive"))
    if value.binding_timeout is not None:
        message = "DRADeviceBindingConditions or DRAResourceClaimDeviceStatus feature gate is disabled"
        errors.append(forbidden(f"{path}.bindingTimeout", message))
    return errors


def _is_negative(duration: str) -> bool:
    try:
        return parse_duration_ns(duration) < 0
    except ValueError:  # reported when it was decoded
        return False
