"""Compiles topology spread constraints into domain sums and columns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.model.base import encoded
from binpack.model.pod import Pod
from binpack.plugins.node_inclusion import NodeInclusion
from binpack.plugins.required_node_affinity import required_node_affinity
from binpack.plugins.spread_constraints import (
    HARD,
    HOSTNAME,
    SOFT,
    SpreadConstraint,
    counted_pods_number,
    requires_all_keys,
    spread_constraints,
)
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import HardTerm, HostTerm, SoftTerm
from binpack.scheduler.fast.vectors import Vectors
from binpack.state.cluster import Cluster


class SpreadCompiler:
    """Compiles the constraints of pods for one cluster.

    Parameters
    ----------
    cluster : Cluster
    geometry : Geometry
    vectors : Vectors
    """

    def __init__(self, cluster: Cluster, geometry: Geometry, vectors: Vectors) -> None:
        self._cluster = cluster
        self._geometry = geometry
        self._vectors = vectors

    def hard_parts(self, pod: Pod, arguments: PodTopologySpreadArgs) -> dict[str, Any]:
        """Return the parts of a plan that the hard constraints make. A row needs every topology key of theirs, and to be counted, too."""
        constraints = spread_constraints(pod, self._cluster, arguments, HARD)
        needed = self._needed(constraints)
        hard, hosts = [], []
        for constraint in constraints:
            number = counted_pods_number(self._cluster, pod.metadata.namespace, constraint.selector)
            numbers = (constraint.max_skew, int(constraint.selector.matches(pod.metadata.labels)), constraint.min_domains)
            if constraint.topology_key == HOSTNAME and self._geometry.shape(HOSTNAME).unique:
                hosts.append(HostTerm(number, self._mask(pod, constraint, needed), *numbers))
            else:
                vector = self._vector(pod, constraint, needed)
                hard.append(HardTerm(constraint.topology_key, self._vectors.sum(number, vector), vector, *numbers))
        return {"hard": tuple(hard), "hard_hosts": tuple(hosts)}

    def soft_parts(self, pod: Pod, arguments: PodTopologySpreadArgs) -> dict[str, Any] | None:
        """Return the parts that the soft constraints make; None if the plugin has to work them out itself.

        It does where the defaults are the system's, and a node has an empty label: that is the domain of those without the label.
        """
        constraints = spread_constraints(pod, self._cluster, arguments, SOFT)
        needed = self._needed(constraints)
        if needed and not requires_all_keys(pod, arguments):
            if any("" in self._cluster.label_values(constraint.topology_key) for constraint in constraints):
                return None
            needed = ()
        everywhere = all(self._geometry.shape(constraint.topology_key).complete for constraint in constraints)
        terms = []
        for constraint in constraints:
            number = counted_pods_number(self._cluster, pod.metadata.namespace, constraint.selector)
            added = float(constraint.max_skew - 1)
            if constraint.topology_key == HOSTNAME:
                terms.append(SoftTerm(None, number, added))
            else:
                total = self._vectors.sum(number, self._vector(pod, constraint, needed))
                terms.append(SoftTerm(constraint.topology_key, total, added))
        return {"soft": tuple(terms), "soft_keys": needed, "soft_everywhere": everywhere}

    def _needed(self, constraints: Sequence[SpreadConstraint]) -> tuple[str, ...]:
        """The keys of the constraints, if a node lacks one."""
        keys = tuple(dict.fromkeys(constraint.topology_key for constraint in constraints))
        return () if all(self._geometry.shape(key).complete for key in keys) else keys

    def _vector(self, pod: Pod, constraint: SpreadConstraint, needed: tuple[str, ...]) -> int:
        key = constraint.topology_key
        return self._vectors.number(
            key, (self._inclusion(pod, constraint), needed), partial(_included, pod, self._cluster, constraint, needed)
        )

    def _mask(self, pod: Pod, constraint: SpreadConstraint, needed: tuple[str, ...]) -> int | None:
        inclusion = self._inclusion(pod, constraint)
        if inclusion is None and not needed:
            return None
        return self._vectors.number(None, (inclusion, needed), partial(_included, pod, self._cluster, constraint, needed))

    def _inclusion(self, pod: Pod, constraint: SpreadConstraint) -> Hashable:
        """What tells inclusion policies apart; None: every node counts."""
        selects = constraint.honors_affinity and not required_node_affinity(pod).is_empty
        if not (selects or constraint.honors_taints):
            return None
        affinity = pod.spec.affinity
        required = (tuple(sorted(pod.spec.node_selector.items())), None if affinity is None else encoded(affinity)) if selects else None
        return required, pod.spec.tolerations if constraint.honors_taints else None


def _included(pod: Pod, cluster: Cluster, constraint: SpreadConstraint, needed: tuple[str, ...]) -> NDArray[np.bool_] | None:
    masks = [cluster.label(key) >= 0 for key in needed]
    admitted = NodeInclusion(pod, cluster).rows(constraint)
    masks += [] if admitted is None else [admitted]
    return np.logical_and.reduce(masks) if masks else None
