"""From a cluster's columns and a profile's filter plugins to a packing problem, and back to pods and nodes.

The cluster is looked at with only the pods that stay: what is free then is what the problem has to give. Groups of pods that differ in
nothing the problem knows are one class; nodes that differ in nothing are another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.eligibility import Eligibility
from binpack.optimal.group_couplings import couple
from binpack.optimal.mobility import Mobility, Movable, Stays, sort_pods, why_closed
from binpack.optimal.node_columns import NodeColumns
from binpack.optimal.pod_classing import PodClassing
from binpack.optimal.pod_groups import group_pods, rows_of
from binpack.optimal.prices import costs_of
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solve import Objective
from binpack.state.cluster import Cluster


@dataclass(frozen=True)
class BuiltProblem:
    """A problem and what its classes stand for.

    Attributes
    ----------
    problem : PackingProblem
    pods : tuple[tuple[Movable, ...], ...]
        The pods of each pod class, by name.
    nodes : tuple[tuple[str, ...], ...]
        The nodes of each node class, by name: their positions in the class.
    stays : tuple[Stays, ...]
        Pods that are no part of the problem.
    closed : tuple[tuple[str, str], ...]
        Nodes that take no new pods, and why.
    """

    problem: PackingProblem
    pods: tuple[tuple[Movable, ...], ...]
    nodes: tuple[tuple[str, ...], ...]
    stays: tuple[Stays, ...]
    closed: tuple[tuple[str, str], ...]


def build_problem(
    cluster: Cluster,
    profile: Profile,
    *,
    objective: Objective,
    pending: Iterable[Pod] = (),
    prices: Mapping[str, float | str] | None = None,
    bare_pods_stay: bool = False,
    staying: Collection[str] = (),
) -> BuiltProblem:
    """Build the problem of placing all movable and pending pods anew.

    Parameters
    ----------
    cluster : Cluster
        Left as it was: the pods that move are taken off inside a fork.
    profile : Profile
        Its filter plugins say which nodes are eligible.
    objective : {"nodes", "cost", "priority"}
        `cost` needs prices.
    pending : iterable of Pod
        Pods that wait for a node.
    prices : mapping from instance type to price, optional
        For nodes by their label `node.kubernetes.io/instance-type`.
    bare_pods_stay : bool
        Whether running pods without a controller stay where they are.
    staying : collection of str
        Further pods (`namespace/name`) that stay. Their nodes are in use whatever else happens, and cost nothing more.

    Raises
    ------
    ConfigurationError
        If a node's instance type has no price, or a price is no positive number.
    InfeasibleError
        If sizes are so large that sums overflow.
    """
    mobility = sort_pods(cluster, pending, bare_pods_stay=bare_pods_stay, staying=staying)
    with cluster.fork():
        for item in mobility.movable:
            if item.node is not None:
                cluster.remove_pod(item.pod.key)
        return _build(cluster, profile, objective, mobility, prices, frozenset(staying))


def _build(
    cluster: Cluster,
    profile: Profile,
    objective: Objective,
    mobility: Mobility,
    prices: Mapping[str, float | str] | None,
    staying: frozenset[str],
) -> BuiltProblem:
    rows = rows_of(cluster)
    nodes = [cluster.node(int(row)) for row in rows]
    cost, cost_unit = costs_of(nodes, prices) if objective == "cost" else (np.ones(rows.size, np.int64), 1)
    in_use = {item.node for item in mobility.stays if item.pod.key in staying}
    cost = np.where([node.name in in_use for node in nodes], 0, cost)
    eligibility = Eligibility(cluster, profile)
    groups, failed = group_pods(cluster, profile, mobility.movable, eligibility)
    couplings = couple(cluster, groups, rows)
    relaxed = {**eligibility.relaxed, **couplings.relaxed}
    names = [node.name for node in nodes]
    closed = {node.name: reason for node in nodes if (reason := why_closed(node)) is not None}
    is_open = np.array([name not in closed for name in names], bool)
    classes = PodClassing(groups, couplings, rows, is_open, names)
    columns = NodeColumns(cluster, rows, classes, couplings)
    closed |= {names[node]: "holds what could not all be placed there now" for node in columns.close_where_broken()}
    problem, members = columns.problem(cost, cost_unit, tuple(relaxed), names)
    return BuiltProblem(
        problem=problem,
        pods=tuple(tuple(pods) for pods in classes.pods),
        nodes=tuple(tuple(nodes[position].name for position in positions) for positions in members),
        stays=tuple(sorted((*mobility.stays, *failed), key=lambda s: s.pod.key)),
        closed=tuple(sorted(closed.items())),
    )
