"""The arrays of a problem, first node by node, then with equal nodes put together into node classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.group_couplings import GroupCouplings, NodeCap
from binpack.optimal.pod_classing import PodClassing
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.scaling import divide_exactly
from binpack.state.cluster import Cluster

PODS = "pods"


class NodeColumns:
    """The arrays of the problem, node by node, before equal nodes are put together."""

    def __init__(self, cluster: Cluster, rows: NDArray[np.intp], classes: PodClassing, couplings: GroupCouplings) -> None:
        self._classes, self._couplings, self._rows = classes, couplings, rows
        m = len(classes.pods)
        self.demand = np.array([len(pods) for pods in classes.pods], np.int64)
        names = sorted({name for group in classes.examples for name in group.requests})
        self.resources = [*names, PODS]
        self.size: Integers = np.ones((m, len(self.resources)), np.int64)
        self.free: Integers = np.zeros((rows.size, len(self.resources)), np.int64)
        for column, name in enumerate(names):
            index = cluster.resources.index(name)
            self.size[:, column] = [group.requests.get(name, 0) for group in classes.examples]
            if index is not None:
                self.free[:, column] = np.maximum(cluster.allocatable[index, rows] - cluster.requested[index, rows], 0)
        self.free[:, -1] = np.maximum(cluster.allowed_pods[rows] - cluster.pod_counts[rows], 0)
        self.limit: Integers = np.where(classes.eligible, self.demand[:, None], classes.kept)
        for cap in couplings.caps:
            self._cap(cap)

    def _cap(self, cap: NodeCap) -> None:
        """A cap on one class is a limit; on several it is one more resource."""
        members = self._classes.of(cap.groups)
        if len(members) == 1:
            eligible = self._classes.eligible[members[0]]
            self.limit[members[0]] = np.where(eligible, np.minimum(self.limit[members[0]], cap.most), self.limit[members[0]])
            return
        taken = np.zeros((self.size.shape[0], 1), np.int64)
        taken[list(members)] = 1
        self.resources.append(cap.name)
        self.size = np.concatenate([self.size, taken], axis=1)
        self.free = np.concatenate([self.free, cap.most[:, None]], axis=1)

    def close_where_broken(self) -> list[int]:
        """Close the nodes whose pods of today could not all be placed there: these may stay, nothing else comes. Return the nodes."""
        present = self._classes.present
        load = present.T @ self.size
        broken: NDArray[np.bool_] = np.any(load > self.free, axis=1) | np.any(present > self.limit, axis=0)
        self.free = np.where(broken[:, None], np.maximum(self.free, load), self.free)
        self.limit = np.where(broken[None, :], present, self.limit)
        return [int(node) for node in np.flatnonzero(broken)]

    def problem(self, cost: Integers, cost_unit: int, relaxed: tuple[str, ...], names: list[str]) -> tuple[PackingProblem, list[list[int]]]:
        """Put equal nodes together: the problem, and the positions of the nodes of each node class."""
        classes, couplings = self._classes, self._couplings
        size, free, unit = divide_exactly(self.size, self.demand, self.free)
        domains = np.array([s.domain for s in couplings.spreads] + [r.domain for r in couplings.rooms], np.int64).reshape(
            -1, self._rows.size
        )
        members: dict[bytes, list[int]] = {}
        for node in range(self._rows.size):
            key = free[node].tobytes() + self.limit[:, node].tobytes() + domains[:, node].tobytes() + cost[node].tobytes()
            members.setdefault(key, []).append(node)
        groups = list(members.values())
        first = [nodes[0] for nodes in groups]
        tiers = sorted({-group.example.priority for group in classes.examples})
        problem = PackingProblem(
            resources=tuple(self.resources),
            size=size,
            demand=self.demand,
            capacity=free[first],
            supply=np.array([len(nodes) for nodes in groups], np.int64),
            limit=self.limit[:, first],
            cost=cost[first],
            tier=np.array([tiers.index(-group.example.priority) for group in classes.examples], np.int64),
            must_place=np.zeros(self.demand.size, bool),
            exclusions=tuple(Exclusion(classes.of(e.left), classes.of(e.right)) for e in couplings.exclusions),
            spreads=tuple(
                Spread(classes.of(s.groups), tuple(s.domain[first].tolist()), s.base, s.max_skew, s.zero_minimum) for s in couplings.spreads
            ),
            caps=tuple(DomainCap(classes.of(r.groups), tuple(r.domain[first].tolist()), (1,) * r.domains) for r in couplings.rooms),
            present=self._present(groups),
            unit=unit,
            cost_unit=cost_unit,
            relaxed=relaxed,
            class_names=tuple(group.example.key for group in classes.examples),
            node_class_names=tuple(names[node] for node in first),
            tier_names=tuple(f"pods of priority {-tier}" for tier in tiers),
        )
        return problem, groups

    def _present(self, groups: list[list[int]]) -> Integers:
        found = []
        for node_class, nodes in enumerate(groups):
            for position, node in enumerate(nodes):
                for pod_class in np.flatnonzero(self._classes.present[:, node]).tolist():
                    found.append((node_class, position, pod_class, int(self._classes.present[pod_class, node])))
        return np.array(found, np.int64).reshape(-1, 4)
