"""Movable pods in groups that nothing can tell apart: not the plugins, nor the selectors of other pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.model.selectors import Selector
from binpack.optimal.eligibility import SPREAD, Eligibility, requests_of, without_node
from binpack.optimal.mobility import Movable, Stays
from binpack.plugins.affinity_terms import PodTerms, carried_terms
from binpack.plugins.pod_topology_spread import HardSpread, HardSpreads
from binpack.state.cluster import Cluster


@dataclass
class PodGroup:
    """Pods with equal requests, rules, namespace and labels (as far as some selector reads them).

    Attributes
    ----------
    example : Pod
        One of them, without a node.
    members : list[Movable]
        In the order of their names.
    requests : dict[str, int]
    eligible : NDArray[np.bool_]
        Rows that could ever take one, shape [capacity].
    terms : PodTerms
        Its inter-pod terms, compiled.
    spreads : tuple
        Its hard spread constraints, prepared by the plugin with only the pods that stay.
    must_place : bool
        Whether there is no solution without them.
    """

    example: Pod
    members: list[Movable]
    requests: dict[str, int]
    eligible: NDArray[np.bool_]
    terms: PodTerms
    spreads: tuple[HardSpread, ...] = ()
    must_place: bool = False
    ties: list[tuple[str, int, int]] = field(default_factory=list)
    """Its part in each coupling: (kind, number, side). Groups with equal parts may be merged."""


def group_pods(
    cluster: Cluster,
    profile: Profile,
    movable: Sequence[Movable],
    eligibility: Eligibility,
    must_place: Callable[[Movable], bool] = lambda _: False,
) -> tuple[list[PodGroup], list[Stays]]:
    """Group pods, and ask once for each group where its pods could go.

    Parameters
    ----------
    cluster : Cluster
        With only the pods that stay.
    must_place : callable
        Whether a pod has to be placed: such pods and others are never in one group.

    Returns
    -------
    groups, left_out
        Pods on which a plugin fails are left out, with its message.
    """
    keys = _labels_read(cluster, profile, [m.pod for m in movable])
    members: dict[tuple[Any, ...], list[Movable]] = {}
    for item in movable:
        labels = tuple(sorted((key, value) for key, value in item.pod.metadata.labels.items() if key in keys))
        members.setdefault((cluster.classes.of(item.pod).id, labels, must_place(item)), []).append(item)
    groups: list[PodGroup] = []
    left_out: list[Stays] = []
    for pods in members.values():
        example = without_node(pods[0].pod)
        try:
            eligible = eligibility.rows(example)
            spreads = _hard_spreads(profile, example, cluster)
        except SchedulingError as error:
            left_out += [Stays(item.pod, item.node, str(error)) for item in pods]
            continue
        terms = carried_terms(example.spec.affinity, example.metadata.namespace)
        requests = requests_of(profile, example, cluster)
        groups.append(PodGroup(example, pods, requests, eligible, terms, spreads, must_place(pods[0])))
    return groups, left_out


def _hard_spreads(profile: Profile, pod: Pod, cluster: Cluster) -> tuple[HardSpread, ...]:
    plugin = next((plugin for plugin in profile.filters if plugin.name == SPREAD), None)
    prepared = None if plugin is None else plugin.prepare(pod, cluster)
    return tuple(prepared.constraints) if isinstance(prepared, HardSpreads) else ()


def _labels_read(cluster: Cluster, profile: Profile, pods: Iterable[Pod]) -> frozenset[str]:
    """All label keys that some term or hard constraint of a pod here reads, so that groups are as fine as they need to be."""
    keys: set[str] = set()
    seen: set[tuple[int, tuple[tuple[str, str], ...]]] = set()
    for pod in (*pods, *(pod for pod, _ in cluster.pods())):
        kind = (cluster.classes.of(pod).id, tuple(sorted(pod.metadata.labels.items())))
        if kind not in seen:
            seen.add(kind)
            keys.update(*(selector.keys() for selector in _selectors(cluster, profile, pod)))
    return frozenset(keys)


def _selectors(cluster: Cluster, profile: Profile, pod: Pod) -> Iterator[Selector]:
    terms = carried_terms(pod.spec.affinity, pod.metadata.namespace)
    for term in (*terms.affinity, *terms.anti_affinity):
        yield term.selector
    try:
        spreads = _hard_spreads(profile, without_node(pod), cluster)
    except SchedulingError:
        return
    for spread in spreads:
        yield spread.constraint.selector


def rows_of(cluster: Cluster) -> NDArray[np.intp]:
    """The rows of all nodes in the order of their names."""
    ranks = cluster.name_ranks()
    rows = np.flatnonzero(cluster.active)
    return rows[np.argsort(ranks[rows], kind="stable")]
