"""Builds the instance of the most GPU from a cluster's columns and the filters of a profile: the same that the scheduler asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.errors import InfeasibleError
from binpack.framework.profile import Profile
from binpack.model.devices import MILLI_PER_DEVICE
from binpack.model.pod import Pod
from binpack.optimal.device_problem import DeviceProblem, NodeKind, PodKind
from binpack.scheduler.filling.tables import make_tables
from binpack.state.cluster import Cluster


def build_device_problem(
    cluster: Cluster, profile: Profile, pods: Sequence[Pod], counts: NDArray[np.int64], *, must_place_cpu_pods: bool
) -> DeviceProblem:
    """Build the instance: which of these pods can be placed on the empty cluster, so that most of its devices are allotted?

    Parameters
    ----------
    cluster : Cluster
        With no pods on its devices.
    profile : Profile
    pods : sequence of Pod
        The different pods.
    counts : NDArray[np.int64]
        How many of each there are, shape [pods].
    must_place_cpu_pods : bool
        Pods without devices have to be placed; else they are left out, for they only take room.

    Raises
    ------
    InfeasibleError
        If a filter says more about a pod than the model knows, a pod wants shares of several devices, or devices are in use.
    """
    tables = make_tables(cluster, profile, pods)
    if tables is None:
        raise InfeasibleError("device patterns: a pod has constraints beyond cpu, memory, devices and node labels (accepted: no others)")
    if (cluster.devices.free.sum(axis=0) != MILLI_PER_DEVICE * cluster.devices.counts).any():
        raise InfeasibleError("device patterns: some devices are in use (accepted: a cluster without pods on its devices)")
    if ((tables.classes[:, 2] < MILLI_PER_DEVICE) & (tables.classes[:, 3] > 1)).any():
        raise InfeasibleError("device patterns: a pod wants shares of several devices (accepted: a share of one, or whole devices)")
    kept = [
        number
        for number, (_, _, milli, _, _) in enumerate(tables.classes.tolist())
        if counts[number] > 0 and (milli > 0 or must_place_cpu_pods)
    ]
    # Nodes are alike if they have the same, and the same pods may go there.
    keys = np.concatenate([tables.left[:2], tables.devices[np.newaxis], tables.allowed[kept].astype(np.int64)])
    kinds, number_of = np.unique(keys, axis=1, return_counts=True)
    nodes = tuple(
        NodeKind(int(cpu), int(memory), int(devices), int(number))
        for cpu, memory, devices, number in zip(kinds[0], kinds[1], kinds[2], number_of, strict=True)
    )
    demanded = []
    for number in kept:
        cpu, memory, milli, devices, _ = tables.classes[number].tolist()
        demanded.append(PodKind(cpu, memory, milli, devices, int(counts[number]), must_place=milli == 0))
    eligible = tuple(
        tuple(bool(kinds[3 + row, k]) and _fits(pod, node) for k, node in enumerate(nodes)) for row, pod in enumerate(demanded)
    )
    return DeviceProblem(tuple(demanded), nodes, eligible)


def _fits(pod: PodKind, node: NodeKind) -> bool:
    """Whether one pod fits the empty node."""
    return pod.cpu <= node.cpu and pod.memory <= node.memory and pod.devices <= node.devices
