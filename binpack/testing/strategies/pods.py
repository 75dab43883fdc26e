"""Pods: each feature that the scheduler reads can be left out, so that a test draws what it is about and no more."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Any, Literal, get_args

from binpack.model.pod import NodeSelectorTerm, Pod, PodAffinityTerm, Toleration, TopologySpreadConstraint
from binpack.model.quantity import Quantity
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.pods import PodBuilder, pod
from binpack.testing.strategies.labels import NODE_LABEL_KEYS, POD_LABEL_KEYS, VALUES, label_selectors, labels, node_selector_terms
from binpack.testing.strategies.nodes import EXTENDED_RESOURCE, IMAGES, tolerations
from binpack.testing.strategies.quantities import cpu_amounts, memory_amounts
from binpack.testing.values import HOSTNAME, ZONE

Feature = Literal["requests", "tolerations", "node-affinity", "pod-affinity", "spread", "ports", "priority", "images"]
FEATURES: tuple[Feature, ...] = get_args(Feature)
NAMESPACES = ("default", "other")
TOPOLOGY_KEYS = (ZONE, HOSTNAME)
DEFAULT_SCHEDULER = "default-scheduler"
WEIGHTS = (1, 10, 100)


def pods(
    *, name: str = "pod", namespaces: Collection[str] = NAMESPACES, features: Collection[Feature] = FEATURES
) -> st.SearchStrategy[Pod]:
    """Pods, as the API server would have them after defaulting.

    Parameters
    ----------
    name : str
    namespaces : collection of str
        One of them is the pod's namespace.
    features : collection of Feature
        What it may have; everything by default.
    """
    chosen = tuple(feature for feature in FEATURES if feature in features)
    return _parts(tuple(namespaces), chosen).map(lambda parts: _assembled(name, parts))


@cache
def pod_affinity_terms(namespaces: tuple[str, ...] = NAMESPACES) -> st.SearchStrategy[PodAffinityTerm]:
    """Terms of pod affinity or anti-affinity; a missing selector, which selects nothing, among them."""
    parts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "label_selector": st.one_of(label_selectors(), st.none()),
            "topology_key": st.sampled_from(TOPOLOGY_KEYS),
            "namespaces": st.lists(st.sampled_from(namespaces), max_size=2, unique=True).map(tuple),
            "namespace_selector": st.one_of(st.none(), label_selectors(("team",), VALUES)),
        }
    )
    return parts.map(lambda values: PodAffinityTerm(**values))


@cache
def spread_constraints() -> st.SearchStrategy[TopologySpreadConstraint]:
    """Topology spread constraints; `minDomains` only where the API accepts it."""
    policy = st.sampled_from((None, "Honor", "Ignore"))
    common: dict[str, st.SearchStrategy[Any]] = {
        "max_skew": st.integers(1, 3),
        "topology_key": st.sampled_from(TOPOLOGY_KEYS),
        "label_selector": st.one_of(label_selectors(), st.none()),
        "node_affinity_policy": policy,
        "node_taints_policy": policy,
        "match_label_keys": st.lists(st.sampled_from(POD_LABEL_KEYS), max_size=1).map(tuple),
    }
    hard = {"when_unsatisfiable": st.just("DoNotSchedule"), "min_domains": st.one_of(st.none(), st.integers(1, 4))}
    soft = {"when_unsatisfiable": st.just("ScheduleAnyway")}
    parts = st.one_of(st.fixed_dictionaries(common | hard), st.fixed_dictionaries(common | soft))
    return parts.map(lambda values: TopologySpreadConstraint(**values))


@cache
def _parts(namespaces: tuple[str, ...], features: tuple[Feature, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the parts of a pod; built once, since building strategies costs more than drawing from them."""
    always = {"namespace": st.sampled_from(namespaces), "labels": labels()}
    # A pod with every feature at once fits nowhere, so each is left out half of the time.
    return st.fixed_dictionaries(always, optional={feature: _STRATEGIES[feature]() for feature in features})


def _assembled(name: str, parts: dict[str, Any]) -> Pod:
    builder = pod(name, namespace=parts["namespace"]).label(parts["labels"]).scheduler(DEFAULT_SCHEDULER)
    for feature in FEATURES:
        if feature in parts:
            builder = _APPLIED[feature](builder, parts[feature])
    return builder.build()


def _requests() -> st.SearchStrategy[Any]:
    devices = st.integers(0, 2).map(Quantity.of)
    main = st.fixed_dictionaries({}, optional={"cpu": cpu_amounts(), "memory": memory_amounts(), EXTENDED_RESOURCE: devices})
    init = st.one_of(st.none(), st.fixed_dictionaries({"cpu": cpu_amounts()}))
    sidecar = st.one_of(st.none(), st.fixed_dictionaries({"cpu": cpu_amounts(500), "memory": memory_amounts(512)}))
    return st.tuples(main, init, sidecar)


def _with_requests(
    builder: PodBuilder, value: tuple[dict[str, Quantity], dict[str, Quantity] | None, dict[str, Quantity] | None]
) -> PodBuilder:
    main, init, sidecar = value
    builder = builder.request(main)
    builder = builder if init is None else builder.init(init)
    return builder if sidecar is None else builder.sidecar(sidecar)


def _with_tolerations(builder: PodBuilder, value: list[Toleration]) -> PodBuilder:
    for one in value:
        builder = builder.tolerates(one.key, one.value, operator=one.operator, effect=one.effect)
    return builder


def _node_affinity() -> st.SearchStrategy[Any]:
    preferred = st.tuples(st.sampled_from(WEIGHTS), node_selector_terms())
    return st.tuples(
        st.one_of(st.just({}), labels(NODE_LABEL_KEYS[:2], VALUES)),
        st.lists(node_selector_terms(), max_size=2),
        st.lists(preferred, max_size=2),
    )


def _with_node_affinity(
    builder: PodBuilder, value: tuple[dict[str, str], list[NodeSelectorTerm], list[tuple[int, NodeSelectorTerm]]]
) -> PodBuilder:
    selected, required, preferred = value
    builder = builder.selects(selected)
    for term in required:
        builder = builder.requires_node(*term.match_expressions)
    for weight, term in preferred:
        builder = builder.prefers_node(weight, *term.match_expressions)
    return builder


def _pod_affinity() -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(st.booleans(), pod_affinity_terms(), st.one_of(st.none(), st.sampled_from(WEIGHTS))), max_size=2)


def _with_pod_affinity(builder: PodBuilder, value: list[tuple[bool, PodAffinityTerm, int | None]]) -> PodBuilder:
    for near, term, weight in value:
        add = builder.near if near else builder.apart_from
        builder = add(
            term.label_selector, term.topology_key, weight=weight, namespaces=term.namespaces, namespace_selector=term.namespace_selector
        )
    return builder


def _spread() -> st.SearchStrategy[Any]:
    return st.lists(spread_constraints(), max_size=2, unique_by=lambda one: (one.topology_key, one.when_unsatisfiable))


def _ports() -> st.SearchStrategy[Any]:
    port = st.tuples(st.sampled_from((80, 443)), st.sampled_from(("", "10.0.0.1")), st.sampled_from(("TCP", "UDP")))
    return st.lists(port, max_size=2, unique_by=lambda one: one[0])


def _with_ports(builder: PodBuilder, value: list[tuple[int, str, str]]) -> PodBuilder:
    for number, host_ip, protocol in value:
        builder = builder.host_port(number, host_ip=host_ip, protocol=protocol)
    return builder


_STRATEGIES: dict[Feature, Callable[[], st.SearchStrategy[Any]]] = {
    "requests": _requests,
    "tolerations": lambda: st.lists(tolerations(), max_size=2),
    "node-affinity": _node_affinity,
    "pod-affinity": _pod_affinity,
    "spread": _spread,
    "ports": _ports,
    "priority": lambda: st.sampled_from((0, 10, 100)),
    "images": lambda: st.sampled_from(("", *IMAGES)),
}
_APPLIED: dict[Feature, Callable[[PodBuilder, Any], PodBuilder]] = {
    "requests": _with_requests,
    "tolerations": _with_tolerations,
    "node-affinity": _with_node_affinity,
    "pod-affinity": _with_pod_affinity,
    "spread": lambda builder, value: builder.with_spread(*value),
    "ports": _with_ports,
    "priority": PodBuilder.priority,
    "images": PodBuilder.image,
}
