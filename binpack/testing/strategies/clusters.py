"""Clusters: some nodes, pods on them, pods that wait, and the objects around them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace, Service
from binpack.state.cluster import Cluster
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.owners import namespace, service
from binpack.testing.strategies.labels import POD_LABEL_KEYS, VALUES
from binpack.testing.strategies.nodes import nodes
from binpack.testing.strategies.pods import FEATURES, NAMESPACES, Feature, pods
from binpack.testing.values import HOSTNAME


@dataclass(frozen=True)
class ClusterCase:
    """A cluster as plain values.

    Parameters
    ----------
    nodes : tuple[Node, ...]
    placed : tuple[Pod, ...]
        Pods on nodes. Nobody checked them: a node may be overcommitted, a rule broken, as in a cluster that changed since.
    pending : tuple[Pod, ...]
        Pods that wait, in order.
    objects : tuple[Namespace | Service, ...]
    """

    nodes: tuple[Node, ...]
    placed: tuple[Pod, ...]
    pending: tuple[Pod, ...]
    objects: tuple[Namespace | Service, ...]

    def state(self) -> Cluster:
        """Build the columns; each call builds them anew."""
        cluster = Cluster()
        for item in self.objects:
            cluster.put(item)
        for node in self.nodes:
            cluster.add_node(node)
        for pod in self.placed:
            cluster.add_pod(pod, pod.spec.node_name)
        return cluster


@st.composite
def clusters(
    draw: st.DrawFn,
    *,
    min_nodes: int = 1,
    max_nodes: int = 5,
    max_placed: int = 6,
    max_pending: int = 3,
    features: Collection[Feature] = FEATURES,
) -> ClusterCase:
    """Draw a cluster.

    Parameters
    ----------
    min_nodes, max_nodes : int
    max_placed : int
        Most pods on nodes.
    max_pending : int
        Most pods that wait.
    features : collection of Feature
        What pods may have; everything by default.
    """
    some_nodes, some_pods = nodes(tainted="tolerations" in features), pods(features=features)
    drawn = tuple(named(draw(some_nodes), f"node-{number}") for number in range(draw(st.integers(min_nodes, max_nodes))))
    placed = []
    if drawn:
        for number in range(draw(st.integers(0, max_placed))):
            pod = named(draw(some_pods), f"placed-{number}")
            where = drawn[draw(st.integers(0, len(drawn) - 1))].name
            placed.append(replace(pod, spec=replace(pod.spec, node_name=where), status=replace(pod.status, phase="Running")))
    pending = tuple(named(draw(some_pods), f"pending-{number}") for number in range(draw(st.integers(0, max_pending))))
    return ClusterCase(drawn, tuple(placed), pending, draw(_objects()))


@cache
def _objects() -> st.SearchStrategy[tuple[Namespace | Service, ...]]:
    """Draw the namespaces, of which each may have a team, and perhaps a Service."""
    team = st.fixed_dictionaries({}, optional={"team": st.sampled_from(VALUES)})
    selecting = st.dictionaries(st.sampled_from(POD_LABEL_KEYS), st.sampled_from(VALUES), min_size=1)

    def assembled(parts: tuple[tuple[dict[str, str], ...], list[dict[str, str]]]) -> tuple[Namespace | Service, ...]:
        teams, services = parts
        spaces = [namespace(name, **labels) for name, labels in zip(NAMESPACES, teams, strict=True)]
        return (*spaces, *(service(f"service-{number}", selects) for number, selects in enumerate(services)))

    return st.tuples(st.tuples(*(team for _ in NAMESPACES)), st.lists(selecting, max_size=1)).map(assembled)


N = TypeVar("N", Node, Pod)


def named(value: N, name: str) -> N:
    """Name a drawn object; a node's host name label follows."""
    labels = value.metadata.labels
    if HOSTNAME in labels:
        labels = labels | {HOSTNAME: name}
    return replace(value, metadata=replace(value.metadata, name=name, labels=labels))
