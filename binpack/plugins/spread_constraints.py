"""Topology spread constraints, compiled: which ones hold for a pod, which pods they count, and which nodes they look at.

Source: podtopologyspread/common.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.arguments import SYSTEM_DEFAULTING, PodTopologySpreadArgs
from binpack.model.pod import Pod, TopologySpreadConstraint
from binpack.model.selectors import Requirement, Selector, SelectorError, compile_label_selector
from binpack.plugins.deduced_selectors import deduced_selector
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster

Action = Literal["DoNotSchedule", "ScheduleAnyway"]
HARD: Action = "DoNotSchedule"
SOFT: Action = "ScheduleAnyway"

HOSTNAME = "kubernetes.io/hostname"
SYSTEM_CONSTRAINTS = (
    TopologySpreadConstraint(max_skew=3, topology_key=HOSTNAME, when_unsatisfiable=SOFT),
    TopologySpreadConstraint(max_skew=5, topology_key="topology.kubernetes.io/zone", when_unsatisfiable=SOFT),
)
_HONOR = "Honor"


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """One constraint with its defaults filled in.

    Parameters
    ----------
    max_skew : int
    topology_key : str
    selector : Selector
        Which pods of the pod's namespace are counted.
    min_domains : int
    honors_affinity, honors_taints : bool
        Whether nodes that the pod's node affinity, or a taint, rules out are left out of the count.
    """

    max_skew: int
    topology_key: str
    selector: Selector
    min_domains: int = 1
    honors_affinity: bool = True
    honors_taints: bool = False


def spread_constraints(pod: Pod, cluster: Cluster, arguments: PodTopologySpreadArgs, action: Action) -> tuple[SpreadConstraint, ...]:
    """Return the constraints of one kind that hold for a pod: its own, or the profile's defaults if it has none of either kind.

    Raises
    ------
    SchedulingError
        If a selector cannot be parsed.
    """
    own = pod.spec.topology_spread_constraints
    try:
        if own:
            return _compile(own, pod.metadata.labels, action)
        defaults = _compile(default_constraints(arguments), pod.metadata.labels, action)
    except SelectorError as error:
        raise SchedulingError(f'pod "{pod.key}": topology spread constraint: {error}') from None
    if not defaults:
        return ()
    selector = deduced_selector(pod, cluster)
    return () if selector.is_empty else tuple(replace(constraint, selector=selector) for constraint in defaults)


def default_constraints(arguments: PodTopologySpreadArgs) -> tuple[TopologySpreadConstraint, ...]:
    """Return what a profile applies to pods without constraints."""
    return SYSTEM_CONSTRAINTS if arguments.defaulting_type == SYSTEM_DEFAULTING else arguments.default_constraints


def requires_all_keys(pod: Pod, arguments: PodTopologySpreadArgs) -> bool:
    """Tell whether a node needs every topology key to be scored. Only the system's defaults are lenient."""
    return bool(pod.spec.topology_spread_constraints) or arguments.defaulting_type != SYSTEM_DEFAULTING


def counted_pods(cluster: Cluster, namespace: str, selector: Selector) -> NDArray[np.int64]:
    """Count each row's pods that a constraint counts: of the namespace, not terminating, selected; shape [capacity].

    An empty selector counts none, although it selects every pod.
    """
    if selector.is_empty or selector.nothing:
        return np.zeros(cluster.capacity, np.int64)
    key, weight = _counted(namespace, selector)
    return cluster.column(key, weight, label_keys=selector.keys(), demand=selector.demand())


def counted_pods_number(cluster: Cluster, namespace: str, selector: Selector) -> int:
    """Return the number of that column in `cluster.counts.values`."""
    if selector.is_empty or selector.nothing:
        return cluster.column_number(("PodTopologySpread", "none"), lambda pod_class: 0, label_keys=frozenset())
    key, weight = _counted(namespace, selector)
    return cluster.column_number(key, weight, label_keys=selector.keys(), demand=selector.demand())


def _counted(namespace: str, selector: Selector) -> tuple[Hashable, Callable[[PodClass], int]]:
    def weight(pod_class: PodClass) -> int:
        return int(pod_class.namespace == namespace and not pod_class.terminating and selector.matches(pod_class.labels))

    return ("PodTopologySpread", namespace, selector), weight


def _compile(constraints: Iterable[TopologySpreadConstraint], labels: Mapping[str, str], action: Action) -> tuple[SpreadConstraint, ...]:
    return tuple(
        SpreadConstraint(
            max_skew=constraint.max_skew,
            topology_key=constraint.topology_key,
            selector=_selector(constraint, labels),
            min_domains=1 if constraint.min_domains is None else constraint.min_domains,
            honors_affinity=constraint.node_affinity_policy in (None, _HONOR),
            honors_taints=constraint.node_taints_policy == _HONOR,
        )
        for constraint in constraints
        if constraint.when_unsatisfiable == action
    )


def _selector(constraint: TopologySpreadConstraint, labels: Mapping[str, str]) -> Selector:
    """The constraint's selector with the pod's own values of its `matchLabelKeys`; the API server may have merged them already."""
    selector = compile_label_selector(constraint.label_selector)
    own = (Requirement(key, "In", (labels[key],)) for key in constraint.match_label_keys if key in labels)
    return selector.also(tuple(own))
