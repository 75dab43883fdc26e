"""Checks of what places a pod: node affinity, pod (anti-)affinity, spread constraints, tolerations and taints.

Source: pkg/apis/core/validation/validation.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from binpack.model.field_errors import duplicate, forbidden, invalid, required, unsupported
from binpack.model.meta import LabelSelectorRequirement
from binpack.model.node import Taint
from binpack.model.pod import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    Toleration,
    TopologySpreadConstraint,
)
from binpack.model.validation.fields import NO_OPERATOR, POSITIVE, Problems, complaints, label_selector, one_of, value_count
from binpack.model.validation.names import dns_label, dns_subdomain, label_value, qualified_name

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")

_WEIGHTS = range(1, 101)
_NO_SELECTOR = "must not be specified when labelSelector is not set"


def affinity(value: Affinity | None, path: str) -> Problems:
    """Check all three kinds of affinity."""
    if value is None:
        return
    if value.node_affinity is not None:
        yield from _node_affinity(value.node_affinity, f"{path}.nodeAffinity")
    for name, terms in (("podAffinity", value.pod_affinity), ("podAntiAffinity", value.pod_anti_affinity)):
        if terms is not None:
            yield from _pod_affinity(terms, f"{path}.{name}")


def node_selector(selector: NodeSelector, path: str) -> Problems:
    """Check a required node selector, of a pod or of a volume."""
    if not selector.node_selector_terms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(selector.node_selector_terms):
        yield from _node_term(term, f"{path}.nodeSelectorTerms[{index}]", values_count=True)


def spread_constraints(constraints: Sequence[TopologySpreadConstraint], path: str) -> Problems:
    """Check topology spread constraints."""
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        where = f"{path}[{index}]"
        yield from _spread_constraint(constraint, where)
        pair = (constraint.topology_key, constraint.when_unsatisfiable)
        if pair in seen:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{pair[0]}, {pair[1]}}}")
        seen.add(pair)


def tolerations(values: Sequence[Toleration], path: str) -> Problems:
    """Check tolerations."""
    for index, toleration in enumerate(values):
        yield from _toleration(toleration, f"{path}[{index}]")


def taints(values: Sequence[Taint], path: str) -> Problems:
    """Check a node's taints."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(values):
        where = f"{path}[{index}]"
        yield from complaints(f"{where}.key", taint.key, qualified_name)
        for problem in label_value(taint.value):
            yield invalid(f"{where}.value", taint.value, problem)
        if not taint.effect:
            yield required(f"{where}.effect")
        yield from one_of(taint.effect or None, f"{where}.effect", EFFECTS)
        if (taint.key, taint.effect) in seen:
            yield duplicate(where, taint, "taints must be unique by key and effect pair")
        seen.add((taint.key, taint.effect))


def _node_affinity(value: NodeAffinity, path: str) -> Problems:
    demanded = value.required_during_scheduling_ignored_during_execution
    if demanded is not None:
        yield from node_selector(demanded, f"{path}.requiredDuringSchedulingIgnoredDuringExecution")
    for index, preferred in enumerate(value.preferred_during_scheduling_ignored_during_execution or ()):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        yield from _weight(preferred.weight, where)
        yield from _node_term(preferred.preference, f"{where}.preference", values_count=False)


def _weight(weight: int, path: str) -> Problems:
    if weight not in _WEIGHTS:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _node_term(term: NodeSelectorTerm, path: str, *, values_count: bool) -> Problems:
    for index, requirement in enumerate(term.match_expressions):
        yield from _node_requirement(requirement, f"{path}.matchExpressions[{index}]", check_values=values_count)
    for index, requirement in enumerate(term.match_fields):
        yield from _node_field(requirement, f"{path}.matchFields[{index}]")


def _node_requirement(requirement: LabelSelectorRequirement, path: str, *, check_values: bool) -> Problems:
    if requirement.operator in ("Gt", "Lt"):
        if len(requirement.values) != 1:
            yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        known = yield from value_count(requirement, path)
        if not known:
            yield invalid(f"{path}.operator", requirement.operator, NO_OPERATOR)
    yield from complaints(f"{path}.key", requirement.key, qualified_name)
    if check_values:
        for index, value in enumerate(requirement.values):
            yield from complaints(f"{path}.values[{index}]", value, label_value)


def _node_field(requirement: LabelSelectorRequirement, path: str) -> Problems:
    if requirement.operator not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", requirement.operator, NO_OPERATOR)
    elif len(requirement.values) != 1:
        yield required(f"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
    if requirement.key != "metadata.name":
        yield invalid(f"{path}.key", requirement.key, "not a valid field selector key")
    else:
        for index, value in enumerate(requirement.values):
            yield from complaints(f"{path}.values[{index}]", value, dns_subdomain)


def _pod_affinity(value: PodAffinity, path: str) -> Problems:
    for index, term in enumerate(value.required_during_scheduling_ignored_during_execution):
        yield from _pod_affinity_term(term, f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{index}]")
    for index, weighted in enumerate(value.preferred_during_scheduling_ignored_during_execution):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        yield from _weight(weighted.weight, where)
        yield from _pod_affinity_term(weighted.pod_affinity_term, f"{where}.podAffinityTerm")


def _pod_affinity_term(term: PodAffinityTerm, path: str) -> Problems:
    yield from label_selector(term.label_selector, f"{path}.labelSelector")
    yield from label_selector(term.namespace_selector, f"{path}.namespaceSelector")
    for name in term.namespaces:
        yield from complaints(f"{path}.namespace", name, dns_label)
    for field, keys in (("matchLabelKeys", term.match_label_keys), ("mismatchLabelKeys", term.mismatch_label_keys)):
        yield from _label_keys(keys, f"{path}.{field}", selector_given=term.label_selector is not None)
    for index, key in enumerate(term.mismatch_label_keys):
        if key in term.match_label_keys:
            yield invalid(f"{path}.mismatchLabelKeys[{index}]", key, "exists in both matchLabelKeys and mismatchLabelKeys")
    yield from _topology_key(term.topology_key, path)
    if term.topology_key:
        yield from complaints(f"{path}.topologyKey", term.topology_key, qualified_name)


def _topology_key(key: str, path: str) -> Problems:
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")


def _label_keys(keys: Iterable[str], path: str, *, selector_given: bool) -> Problems:
    names = list(keys)
    if names and not selector_given:
        yield forbidden(path, _NO_SELECTOR)
    for index, key in enumerate(names):
        yield from complaints(f"{path}[{index}]", key, qualified_name)


def _spread_constraint(constraint: TopologySpreadConstraint, path: str) -> Problems:
    if constraint.max_skew <= 0:
        yield invalid(f"{path}.maxSkew", constraint.max_skew, POSITIVE)
    yield from _topology_key(constraint.topology_key, path)
    if constraint.when_unsatisfiable not in ("DoNotSchedule", "ScheduleAnyway"):
        yield unsupported(f"{path}.whenUnsatisfiable", constraint.when_unsatisfiable, ("DoNotSchedule", "ScheduleAnyway"))
    if constraint.min_domains is not None:
        if constraint.min_domains <= 0:
            yield invalid(f"{path}.minDomains", constraint.min_domains, POSITIVE)
        if constraint.when_unsatisfiable != "DoNotSchedule":
            detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.when_unsatisfiable}"
            yield invalid(f"{path}.minDomains", constraint.min_domains, detail)
    yield from one_of(constraint.node_affinity_policy, f"{path}.nodeAffinityPolicy", ("Honor", "Ignore"))
    yield from one_of(constraint.node_taints_policy, f"{path}.nodeTaintsPolicy", ("Honor", "Ignore"))
    yield from _label_keys(constraint.match_label_keys, f"{path}.matchLabelKeys", selector_given=constraint.label_selector is not None)
    yield from label_selector(constraint.label_selector, f"{path}.labelSelector")


def _toleration(toleration: Toleration, path: str) -> Problems:
    if toleration.key:
        yield from complaints(f"{path}.key", toleration.key, qualified_name)
    elif toleration.operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", toleration.operator, detail)
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        yield invalid(f"{path}.effect", toleration.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    match toleration.operator:
        case "" | "Equal":
            if problems := label_value(toleration.value):
                yield invalid(f"{path}.operator", toleration.value, ";".join(problems))
        case "Exists":
            if toleration.value:
                yield invalid(f"{path}.operator", toleration, "value must be empty when `operator` is 'Exists'")
        case _:
            yield unsupported(f"{path}.operator", toleration.operator, ("Equal", "Exists"))
    yield from one_of(toleration.effect or None, f"{path}.effect", EFFECTS)
