"""Compiles topology spread constraints into domain sums and columns, where the nodes' labels are regular."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.model.base import encoded
from binpack.model.pod import Pod
from binpack.plugins.node_inclusion import NodeInclusion
from binpack.plugins.required_node_affinity import required_node_affinity
from binpack.plugins.spread_constraints import HARD, HOSTNAME, SOFT, SpreadConstraint, counted_pods_number, spread_constraints
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import HardTerm, SoftTerm
from binpack.scheduler.fast.vectors import Vectors
from binpack.state.cluster import Cluster


def hard_terms(
    pod: Pod, cluster: Cluster, arguments: PodTopologySpreadArgs, geometry: Geometry, vectors: Vectors
) -> tuple[HardTerm, ...] | None:
    """Return the hard constraints; None if the plugin has to work them out itself.

    It does where a node lacks one of the labels, and for constraints by hostname, whose minimum is one over all rows.
    """
    constraints = spread_constraints(pod, cluster, arguments, HARD)
    if any(constraint.topology_key == HOSTNAME or not geometry.shape(constraint.topology_key).complete for constraint in constraints):
        return None
    terms = []
    for constraint in constraints:
        vector = _vector(pod, cluster, constraint, vectors)
        number = counted_pods_number(cluster, pod.metadata.namespace, constraint.selector)
        self_match = int(constraint.selector.matches(pod.metadata.labels))
        total = vectors.sum(number, vector)
        terms.append(HardTerm(constraint.topology_key, total, vector, constraint.max_skew, self_match, constraint.min_domains))
    return tuple(terms)


def soft_terms(
    pod: Pod, cluster: Cluster, arguments: PodTopologySpreadArgs, geometry: Geometry, vectors: Vectors
) -> tuple[SoftTerm, ...] | None:
    """Return the soft constraints; None if the plugin has to work them out itself: where a node lacks one of the labels."""
    constraints = spread_constraints(pod, cluster, arguments, SOFT)
    if any(not geometry.shape(constraint.topology_key).complete for constraint in constraints):
        return None
    if sum(constraint.topology_key == HOSTNAME for constraint in constraints) > 1:
        return None
    terms = []
    for constraint in constraints:
        number = counted_pods_number(cluster, pod.metadata.namespace, constraint.selector)
        added = float(constraint.max_skew - 1)
        if constraint.topology_key == HOSTNAME:
            terms.append(SoftTerm(None, number, added))
        else:
            total = vectors.sum(number, _vector(pod, cluster, constraint, vectors))
            terms.append(SoftTerm(constraint.topology_key, total, added))
    return tuple(terms)


def _vector(pod: Pod, cluster: Cluster, constraint: SpreadConstraint, vectors: Vectors) -> int:
    inclusion: Hashable = None
    selects = constraint.honors_affinity and not required_node_affinity(pod).is_empty
    if selects or constraint.honors_taints:
        affinity = pod.spec.affinity
        required = (tuple(sorted(pod.spec.node_selector.items())), None if affinity is None else encoded(affinity)) if selects else None
        inclusion = (required, pod.spec.tolerations if constraint.honors_taints else None)
    return vectors.number(constraint.topology_key, inclusion, partial(_included, pod, cluster, constraint))


def _included(pod: Pod, cluster: Cluster, constraint: SpreadConstraint) -> NDArray[np.bool_] | None:
    return NodeInclusion(pod, cluster).rows(constraint)
