"""What ties groups of movable pods together: host ports, anti-affinity and hard spread, each as the problem can express it.

Every rule here is either exact or too weak, never too strong, so that bounds stay bounds; what is weaker than the plugin's rule is
named. Rows are positions in the given list of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.pod_groups import PodGroup
from binpack.plugins.affinity_terms import AffinityTerm, namespace_labels
from binpack.plugins.pod_topology_spread import HardSpread
from binpack.plugins.spread_constraints import SpreadConstraint
from binpack.state.cluster import Cluster
from binpack.state.ports import ANY_IP, HostPort

Integers = NDArray[np.int64]
UNLIMITED = 1 << 40
MOST_NODE_DOMAINS = 12
"""Up to so many nodes, spread over single nodes keeps each node a class of its own where a cap would not be exact."""


@dataclass(frozen=True)
class NodeCap:
    """At most `most[row]` pods of these groups together on one node."""

    name: str
    groups: frozenset[int]
    most: Integers


@dataclass(frozen=True)
class NodeExclusion:
    """No node holds pods of both sides."""

    left: frozenset[int]
    right: frozenset[int]


@dataclass(frozen=True)
class DomainSpread:
    """Hard spread of these groups over domains, `domain[row]` (-1: none); `base` counts pods that stay."""

    groups: frozenset[int]
    domain: Integers
    base: tuple[int, ...]
    max_skew: int
    zero_minimum: bool


@dataclass(frozen=True)
class DomainRoom:
    """At most one pod of these groups in a domain."""

    groups: frozenset[int]
    domain: Integers
    domains: int


@dataclass
class GroupCouplings:
    """All rules between groups, and what they leave out."""

    caps: list[NodeCap] = field(default_factory=list)
    exclusions: list[NodeExclusion] = field(default_factory=list)
    spreads: list[DomainSpread] = field(default_factory=list)
    rooms: list[DomainRoom] = field(default_factory=list)
    relaxed: dict[str, None] = field(default_factory=dict)


def couple(cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp]) -> GroupCouplings:
    """Find every coupling between groups of movable pods.

    Parameters
    ----------
    cluster : Cluster
        With only the pods that stay; what they forbid is in the groups' eligibility already.
    groups : sequence of PodGroup
    rows : NDArray[np.intp]
        The nodes in order.
    """
    found = GroupCouplings()
    _ports(cluster, groups, rows, found)
    for term, owners in _anti_affinity(groups):
        _apart(cluster, groups, rows, term, owners, found)
    _spread(cluster, groups, rows, found)
    return found


def _ports(cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp], found: GroupCouplings) -> None:
    """A port on one address is a thing that a node has once; a pod on all addresses takes it on each."""
    users: dict[tuple[str, int], dict[str, set[int]]] = {}
    for number, group in enumerate(groups):
        ports: tuple[HostPort, ...] = cluster.classes.of(group.example).host_ports
        for taken in ports:
            users.setdefault((taken.protocol, taken.port), {}).setdefault(taken.ip, set()).add(number)
    for (protocol, port), by_ip in sorted(users.items()):
        everywhere = by_ip.get(ANY_IP, set())
        for ip in sorted(set(by_ip) - {ANY_IP}) or [ANY_IP]:
            takers = frozenset(by_ip.get(ip, set()) | everywhere)
            found.caps.append(NodeCap(f"port {protocol} {port} on {ip}", takers, np.ones(rows.size, np.int64)))


def _anti_affinity(groups: Sequence[PodGroup]) -> Iterator[tuple[AffinityTerm, frozenset[int]]]:
    owners: dict[AffinityTerm, set[int]] = {}
    for number, group in enumerate(groups):
        for term in group.terms.anti_affinity:
            owners.setdefault(term, set()).add(number)
    for term, numbers in owners.items():
        yield term, frozenset(numbers)


def _apart(
    cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp], term: AffinityTerm, owners: frozenset[int], found: GroupCouplings
) -> None:
    """Owners and the pods that their term selects share no domain. Owners that select each other are a clique."""
    incoming = term.resolved(cluster)
    carried = {number for number, group in enumerate(groups) if _speaks_of(cluster, term, group)}
    resolved = {number for number, group in enumerate(groups) if incoming.matches_unseen_namespace(group.example)}
    name = f"anti-affinity over {term.topology_key}"
    if carried != resolved:
        found.relaxed[f"{name}: a namespace selector that depends on who comes first"] = None
    targets = frozenset(carried & resolved)
    domain, domains = domains_of(cluster, term.topology_key, rows)
    clique, only_owners, only_targets = owners & targets, owners - targets, targets - owners
    if is_per_node(domain):
        labelled = domain >= 0
        if clique:
            found.caps.append(NodeCap(name, clique, np.where(labelled, 1, UNLIMITED)))
        if labelled.all():
            _exclude(found, clique, only_owners | only_targets)
            _exclude(found, only_owners, only_targets)
        elif only_owners or only_targets:
            found.relaxed[f"{name} where nodes lack the label"] = None
        return
    if clique:
        found.rooms.append(DomainRoom(clique, domain, domains))
    if only_targets:
        found.relaxed[f"{name} between different groups"] = None


def _speaks_of(cluster: Cluster, term: AffinityTerm, group: PodGroup) -> bool:
    meta = group.example.metadata
    return term.matches(meta.namespace, meta.labels, namespace_labels(group.example, cluster))


def _exclude(found: GroupCouplings, left: frozenset[int], right: frozenset[int]) -> None:
    if left and right:
        found.exclusions.append(NodeExclusion(left, right))


def _spread(cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp], found: GroupCouplings) -> None:
    """Collect the constraints that several groups share, and express each as far as it goes."""
    shared: dict[tuple[str, SpreadConstraint, bytes], _SharedSpread] = {}
    for number, group in enumerate(groups):
        for spread in group.spreads:
            key = (group.example.metadata.namespace, spread.constraint, spread.included.tobytes())
            shared.setdefault(key, _SharedSpread(spread, key[0])).owners.add(number)
    for together in shared.values():
        _spread_over(cluster, groups, rows, together, found)


@dataclass
class _SharedSpread:
    """One constraint, and the groups that have it."""

    spread: HardSpread
    namespace: str
    owners: set[int] = field(default_factory=set)

    def counts(self, group: PodGroup) -> bool:
        selector = self.spread.constraint.selector
        meta = group.example.metadata
        return meta.namespace == self.namespace and not selector.is_empty and selector.matches(meta.labels)


def _spread_over(
    cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp], together: _SharedSpread, found: GroupCouplings
) -> None:
    spread, owners = together.spread, frozenset(together.owners)
    constraint = spread.constraint
    name = f"topology spread over {constraint.topology_key}"
    domain, _ = domains_of(cluster, constraint.topology_key, rows)
    counted = {number for number, group in enumerate(groups) if together.counts(group)}
    if not spread.self_match or constraint.selector.is_empty:
        found.relaxed[f"{name} of pods that do not count themselves"] = None
        return
    included = spread.included[rows]
    present = np.flatnonzero(spread.present)
    position = np.full(spread.present.size, -1, np.int64)
    position[present] = np.arange(present.size)
    codes = np.where(included, position[cluster.label(constraint.topology_key)[rows]], -1)
    base = tuple(int(count) for count in spread.counts[present])
    pods = sum(len(groups[number].members) for number in counted | owners)
    zero = present.size < constraint.min_domains
    # The emptiest domain holds at most the average; where that is below 1 it holds none, and a cap on each node is exact.
    average = 0 if zero else (pods + sum(base)) // max(1, present.size)
    if is_per_node(domain) and (average == 0 or present.size > MOST_NODE_DOMAINS):
        most = constraint.max_skew + average - np.where(codes >= 0, np.array([*base, 0])[codes], 0)
        found.caps.append(NodeCap(name, owners, np.maximum(most, 0)))
        if average or counted != owners:
            found.relaxed[f"{name}, as far as it depends on the emptiest node"] = None
        return
    if counted != owners:
        found.relaxed[f"{name} that counts pods without the constraint"] = None
        return
    if any(groups[number].eligible[rows][codes < 0].any() for number in owners):
        found.relaxed[f"{name} with nodes that are not counted"] = None
        return
    found.spreads.append(DomainSpread(owners, codes, base, constraint.max_skew, zero))


def domains_of(cluster: Cluster, topology_key: str, rows: NDArray[np.intp]) -> tuple[Integers, int]:
    """The domain of each row (-1: none), and the number of label values."""
    return cluster.label(topology_key)[rows].astype(np.int64), len(cluster.label_values(topology_key))


def is_per_node(domain: Integers) -> bool:
    """Whether no two nodes share a domain."""
    labelled = domain[domain >= 0]
    return bool(np.unique(labelled).size == labelled.size)
