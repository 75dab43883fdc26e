"""From a cluster's columns and a profile's filter plugins to a packing problem, and back to pods and nodes.

The cluster is looked at with only the pods that stay: what is free then is what the problem has to give. Groups of pods that differ in
nothing the problem knows are one class; nodes that differ in nothing are another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.amounts import Amounts, amounts_of, counting
from binpack.optimal.attraction import attract
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
    amounts : Amounts or None
        For the objective `resource`: what is allocated of it.
    """

    problem: PackingProblem
    pods: tuple[tuple[Movable, ...], ...]
    nodes: tuple[tuple[str, ...], ...]
    stays: tuple[Stays, ...]
    closed: tuple[tuple[str, str], ...]
    amounts: Amounts | None = None

    def members(self) -> dict[str, list[list[str]]]:
        """The names of each class's pods and nodes, as a certificate carries them."""
        return {"pods": [[item.pod.key for item in pods] for pods in self.pods], "nodes": [list(names) for names in self.nodes]}


def build_problem(
    cluster: Cluster,
    profile: Profile,
    *,
    objective: Objective,
    pending: Iterable[Pod] = (),
    prices: Mapping[str, float | str] | None = None,
    bare_pods_stay: bool = False,
    staying: Collection[str] = (),
    resource: str | None = None,
    must_place: Callable[[Pod], bool] | None = None,
    confine: bool = False,
) -> BuiltProblem:
    """Build the problem of placing all movable and pending pods anew.

    Parameters
    ----------
    cluster : Cluster
        Left as it was: the pods that move are taken off inside a fork.
    profile : Profile
        Its filter plugins say which nodes are eligible.
    objective : {"nodes", "cost", "priority", "resource"}
        `cost` needs prices.
    pending : iterable of Pod
        Pods that wait for a node.
    prices : mapping from instance type to price, optional
        For nodes by their label `node.kubernetes.io/instance-type`.
    bare_pods_stay : bool
        Whether running pods without a controller stay where they are.
    staying : collection of str
        Further pods (`namespace/name`) that stay. Their nodes are in use whatever else happens, and cost nothing more.
    resource : str, optional
        For `resource`: of which most is to be allocated. Running pods have to be placed.
    must_place : callable, optional
        For `resource`: whether a pending pod has to be placed, too.
    confine : bool
        Whether pods with required affinity have to share a domain with their company, see `attraction`. Placements are better then,
        bounds are not those of the cluster.

    Raises
    ------
    ConfigurationError
        If a node's instance type has no price, or a price is no positive number; if nobody knows the resource.
    InfeasibleError
        If sizes are so large that sums overflow.
    """
    mobility = sort_pods(cluster, pending, bare_pods_stay=bare_pods_stay, staying=staying)
    with cluster.fork():
        for item in mobility.movable:
            if item.node is not None:
                cluster.remove_pod(item.pod.key)
        asked = _Asked(objective, prices, frozenset(staying), resource, must_place, confine)
        return _build(cluster, profile, mobility, asked)


def _build(
    cluster: Cluster,
    profile: Profile,
    mobility: Mobility,
    asked: _Asked,
) -> BuiltProblem:
    rows = rows_of(cluster)
    nodes = [cluster.node(int(row)) for row in rows]
    cost, cost_unit = costs_of(nodes, asked.prices) if asked.objective == "cost" else (np.ones(rows.size, np.int64), 1)
    in_use = {item.node for item in mobility.stays if item.pod.key in asked.staying}
    cost = np.where([node.name in in_use for node in nodes], 0, cost)
    eligibility = Eligibility(cluster, profile)
    groups, failed = group_pods(cluster, profile, mobility.movable, eligibility, asked.has_to_be_placed)
    attracted = attract(cluster, groups, rows, confine=asked.confine)
    couplings = couple(cluster, groups, rows)
    relaxed = {**eligibility.relaxed, **couplings.relaxed, **attracted}
    names = [node.name for node in nodes]
    closed = {node.name: reason for node in nodes if (reason := why_closed(node)) is not None}
    is_open = np.array([name not in closed for name in names], bool)
    classes = PodClassing(groups, couplings, rows, is_open, names)
    columns = NodeColumns(cluster, rows, classes, couplings)
    closed |= {names[node]: "holds what could not all be placed there now" for node in columns.close_where_broken()}
    problem, members = columns.problem(cost, cost_unit, tuple(relaxed), names)
    amounts = None if asked.resource is None else amounts_of(cluster, classes, asked.resource)
    if amounts is not None:
        problem = counting(problem, amounts, [group.must_place for group in classes.examples])
    return BuiltProblem(
        problem=problem,
        pods=tuple(tuple(pods) for pods in classes.pods),
        nodes=tuple(tuple(nodes[position].name for position in positions) for positions in members),
        stays=tuple(sorted((*mobility.stays, *failed), key=lambda s: s.pod.key)),
        closed=tuple(sorted(closed.items())),
        amounts=amounts,
    )


@dataclass(frozen=True)
class _Asked:
    """What is asked for."""

    objective: Objective
    prices: Mapping[str, float | str] | None
    staying: frozenset[str]
    resource: str | None
    must_place: Callable[[Pod], bool] | None
    confine: bool

    def has_to_be_placed(self, item: Movable) -> bool:
        """Where most of a resource is asked for: running pods, and what the caller says. In other questions tiers decide."""
        if self.resource is None:
            return False
        return item.node is not None or (self.must_place is not None and self.must_place(item.pod))
