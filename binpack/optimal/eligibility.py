"""Which nodes could ever take a pod: asked of the profile's own filter plugins, with only the pods that stay on the nodes.

A plugin that reads nothing but nodes and other objects answers for good. One whose answer can only get worse as pods are added
(ports, volumes) is asked too: what it rejects now it rejects later. Resources, spread and affinity between pods that move become parts
of the problem; whatever a plugin adds beyond that is named as relaxed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.interface import Reads, Shortlist, Skip
from binpack.framework.profile import Profile
from binpack.framework.status import Status
from binpack.model.base import replace
from binpack.model.pod import Affinity, Pod
from binpack.scheduler.needs import needed_plugins
from binpack.state.cluster import Cluster

RESOURCES = "NodeResourcesFit"
SPREAD = "PodTopologySpread"
POD_AFFINITY = "InterPodAffinity"
ONLY_WORSE = frozenset({"NodePorts", "NodeVolumeLimits", "VolumeRestrictions", "VolumeBinding", "VolumeZone", "DynamicResources"})
"""Plugins whose rejection stands however many pods are added. Among themselves, pods that move are not modelled by the volume ones."""

_OF_NODES_ALONE = frozenset({"VolumeZone"})
_FOR_GOOD = Reads.STATIC | Reads.CLUSTER


@dataclass
class Eligibility:
    """Asks a profile's filters about pods.

    Parameters
    ----------
    cluster : Cluster
        With the pods that stay, and no others.
    profile : Profile

    Attributes
    ----------
    relaxed : dict[str, None]
        What the answers leave out, in the order of discovery.
    """

    cluster: Cluster
    profile: Profile
    relaxed: dict[str, None] = field(default_factory=dict)

    def rows(self, pod: Pod) -> NDArray[np.bool_]:
        """Return the rows that no filter rejects, shape [capacity]; holes are False.

        Raises
        ------
        SchedulingError
            If a plugin fails on the pod.
        """
        unbound = without_node(pod)
        eligible = self.cluster.active.copy()
        for plugin in self.profile.filters:
            if plugin.name == RESOURCES or plugin.name == SPREAD:
                continue
            if plugin.name == POD_AFFINITY:
                eligible &= passes(plugin, _without_attraction(unbound), self.cluster)
            elif plugin.name in ONLY_WORSE or not plugin.reads & ~_FOR_GOOD:
                eligible &= passes(plugin, unbound, self.cluster)
            else:
                self.relaxed[f"{plugin.name}: reads what changes with every placement"] = None
        self._note_needs(pod)
        return eligible

    def _note_needs(self, pod: Pod) -> None:
        running = {plugin.name for plugin in self.profile.filters}
        for name in sorted(needed_plugins(pod)):
            if name not in running:
                self.relaxed[f"{name}: not asked"] = None
            elif name not in _OF_NODES_ALONE:
                self.relaxed[f"{name}: between pods that move"] = None


def passes(plugin: Any, pod: Pod, cluster: Cluster) -> NDArray[np.bool_]:
    """Return the rows that one filter lets pass, shape [capacity]."""
    answer = plugin.prepare(pod, cluster)
    if isinstance(answer, Skip):
        return np.ones(cluster.capacity, np.bool_)
    if isinstance(answer, Status):
        return np.zeros(cluster.capacity, np.bool_)
    listed = np.ones(cluster.capacity, np.bool_)
    if isinstance(answer, Shortlist):
        listed[:] = False
        listed[[row for name in answer.node_names if (row := cluster.row_of(name)) is not None]] = True
        answer = answer.prepared
    return np.asarray(listed & (plugin.filter(answer, cluster.rows()) == 0))


def without_node(pod: Pod) -> Pod:
    """The pod as the scheduler first saw it."""
    return replace(pod, spec=replace(pod.spec, node_name="")) if pod.spec.node_name else pod


def requests_of(profile: Profile, pod: Pod, cluster: Cluster) -> dict[str, int]:
    """What the profile's resource filter compares: milli-cores, bytes, units; what pods request where there is no such filter."""
    plugin = profile.plugins.get(RESOURCES)
    if plugin is None or all(plugin is not other for other in profile.filters):
        return {name: amount for name, amount in cluster.classes.of(pod).requests.items() if amount}
    try:
        return {wanted.name: wanted.amount for wanted in plugin.prepare(pod, cluster)}
    except SchedulingError:
        return {name: amount for name, amount in cluster.classes.of(pod).requests.items() if amount}


def _without_attraction(pod: Pod) -> Pod:
    """The pod without its required pod affinity, which depends on pods that move; its anti-affinity stays."""
    affinity = pod.spec.affinity
    if affinity is None or affinity.pod_affinity is None:
        return pod
    kept = Affinity(affinity.node_affinity, None, affinity.pod_anti_affinity)
    return replace(pod, spec=replace(pod.spec, affinity=kept))
