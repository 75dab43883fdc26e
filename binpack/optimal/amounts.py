"""Most of one resource: what a pod counts for is what it asks for, and what has to be placed is not given up for it.

Running pods keep a place, for nobody would have them evicted so that a number gets larger; only those that wait are a choice. What pods
hold that are no part of the question is counted too, so that the values are what a monitoring of the cluster would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from binpack.errors import ConfigurationError
from binpack.model.devices import GPU_COUNT, GPU_MILLI
from binpack.optimal.legality import placed_of
from binpack.optimal.pod_classing import PodClassing
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill
from binpack.state.cluster import Cluster

PODS = "pods"
_BYTES = ("memory", "ephemeral-storage", "hugepages-")


@dataclass(frozen=True, eq=False)
class Amounts:
    """What is allocated of one resource.

    Attributes
    ----------
    resource : str
    unit : str
        "milli-cores", "bytes" or, where whole ones are counted, "".
    of_pod : int64[m]
        What one pod of each class asks for.
    standing : int
        Held by pods that are no part of the question.
    offered : int
        By all nodes together.
    """

    resource: str
    unit: str
    of_pod: Integers
    standing: int
    offered: int

    def allocated(self, problem: PackingProblem, fills: Sequence[Fill]) -> int:
        """What is allocated with a placement."""
        return self.standing + int(self.of_pod @ placed_of(problem, fills).sum(axis=1))

    @property
    def name(self) -> str:
        """What is counted, with its unit."""
        if self.resource == PODS:
            return "pods on nodes"
        return f"{self.resource} allocated" + (f", {self.unit}" if self.unit else "")

    def pods_named(self, name: str) -> str:
        """What the pods are called of a tier with this name."""
        if name != self.name:
            return name
        return "pods that wait" if self.resource == PODS else f"pods that ask for {self.resource}"


def amounts_of(cluster: Cluster, classes: PodClassing, resource: str) -> Amounts:
    """Look up a resource: on the nodes, and in the requests of pods.

    Parameters
    ----------
    cluster : Cluster
        With only the pods that stay.
    classes : PodClassing
    resource : str
        `cpu`, `memory`, `ephemeral-storage`, `pods`, or an extended resource as nodes name it.

    Raises
    ------
    ConfigurationError
        If no node offers it and no pod asks for it, or if pods ask for it by annotations.
    """
    if resource in (GPU_MILLI, GPU_COUNT):
        raise ConfigurationError(
            f'resource "{resource}": devices and shares of them are asked for in annotations, which no sum of requests counts (accepted: '
            "what pods request; the most of devices is binpack.optimal.methods.device_patterns, see docs/reference/fgd.md)"
        )
    active = cluster.active
    if resource == PODS:
        of_pod = np.ones(len(classes.pods), np.int64)
        return Amounts(resource, "", of_pod, int(cluster.pod_counts[active].sum()), int(cluster.allowed_pods[active].sum()))
    index = cluster.resources.index(resource)
    if index is None:
        known = ", ".join(sorted({PODS, *cluster.resources.names}))
        raise ConfigurationError(f'resource "{resource}": no node offers it and no pod asks for it (there are: {known})')
    of_pod = np.array([group.requests.get(resource, 0) for group in classes.examples], np.int64)
    standing, offered = cluster.requested[index, active].sum(), cluster.allocatable[index, active].sum()
    return Amounts(resource, _unit(resource), of_pod, int(standing), int(offered))


def counting(problem: PackingProblem, amounts: Amounts, must_place: Sequence[bool]) -> PackingProblem:
    """Return the problem of allocating the most: first what must be placed, then the resource, then pods that ask for none of it."""
    must, asks = np.array(must_place, bool), amounts.of_pod > 0
    return replace(
        problem,
        tier=np.where(asks, 0, 1),
        must_place=must,
        value=np.where(asks & ~must, amounts.of_pod, 1),
        base=amounts.standing + int((amounts.of_pod * problem.demand)[must].sum()),
        tier_names=(amounts.name, f"pods that ask for no {amounts.resource}"),
    )


def _unit(resource: str) -> str:
    if resource == "cpu":
        return "milli-cores"
    return "bytes" if resource.startswith(_BYTES) else ""
