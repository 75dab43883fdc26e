"""Which nodes a topology spread constraint takes into account: `nodeAffinityPolicy` and `nodeTaintsPolicy`.

Source: podtopologyspread/common.go (matchNodeInclusionPolicies), v1.35.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from binpack.model.pod import Pod
from binpack.model.tolerations import NO_EXECUTE, NO_SCHEDULE, untolerated
from binpack.plugins.required_node_affinity import required_node_affinity
from binpack.plugins.spread_constraints import SpreadConstraint
from binpack.state.cluster import Cluster


class NodeInclusion:
    """Judges the rows of a cluster for one pod; each policy once, however many constraints honour it.

    Parameters
    ----------
    pod : Pod
        The pod that has the constraints.
    cluster : Cluster
    """

    def __init__(self, pod: Pod, cluster: Cluster) -> None:
        self._pod = pod
        self._cluster = cluster

    def rows(self, constraint: SpreadConstraint) -> NDArray[np.bool_] | None:
        """Return the rows that a constraint takes into account, shape [capacity]; None if all."""
        masks = []
        if constraint.honors_affinity and self._matching is not None:
            masks.append(self._matching)
        if constraint.honors_taints:
            masks.append(self._tolerated)
        return np.logical_and.reduce(masks) if masks else None

    @cached_property
    def _matching(self) -> NDArray[np.bool_] | None:
        """Rows that meet the pod's own node selector and affinity; what a profile adds does not count. None: all."""
        required = required_node_affinity(self._pod)
        return None if required.is_empty else required.compile(self._cluster).mask(self._cluster.rows())

    @cached_property
    def _tolerated(self) -> NDArray[np.bool_]:
        """Rows without a hard taint that the pod does not tolerate."""
        tolerations = self._pod.spec.tolerations
        tolerated = [not untolerated(taints, tolerations, NO_SCHEDULE, NO_EXECUTE) for taints in self._cluster.taint_sets]
        return np.array(tolerated, np.bool_).take(self._cluster.taint_set)
