"""Compiles a pod class into its plan: each plugin of the profile either has cached parts, or has nothing to say, or is an `Extra`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.plugins.affinity_terms import namespace_labels
from binpack.plugins.carried_terms import Kind, terms_in
from binpack.plugins.deduced_selectors import deduced_selector
from binpack.plugins.dynamic_resources import DynamicResources
from binpack.plugins.image_locality import ImageLocality
from binpack.plugins.inter_pod_affinity import InterPodAffinity
from binpack.plugins.node_affinity import NodeAffinity
from binpack.plugins.node_name import NodeName
from binpack.plugins.node_ports import NodePorts, clashing_pods_number
from binpack.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.plugins.node_unschedulable import NodeUnschedulable
from binpack.plugins.node_volume_limits import NodeVolumeLimits
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.plugins.taint_toleration import TaintToleration
from binpack.plugins.volume_binding import VolumeBinding
from binpack.plugins.volume_restrictions import VolumeRestrictions
from binpack.plugins.volume_zone import VolumeZone
from binpack.scheduler.fast.affinity_plan import AffinityCompiler, AffinityTerms
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import Extra, Plan
from binpack.scheduler.fast.shapes import ShapeSlots
from binpack.scheduler.fast.spread_plan import SpreadCompiler
from binpack.scheduler.fast.statics import StaticSlots
from binpack.scheduler.fast.vectors import Vectors
from binpack.scheduler.needs import needed_plugins
from binpack.state.cluster import Cluster

# Exact types: a subclass may do something else.
_SLOTTED = (NodeUnschedulable, TaintToleration, NodeAffinity, NodeResourcesFit, NodeResourcesBalancedAllocation)
_OF_VOLUMES_AND_DEVICES = (VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, DynamicResources)
_TERMS = (PodTopologySpread, InterPodAffinity)
_INT16_SUM = 30_000


def is_cacheable(profile: Profile) -> bool:
    """Tell whether anything of a profile's decisions can be cached.

    Not if it does not score, draws at random, has scores beyond 16 bits, or runs a plugin of ours at Filter without
    its PreFilter (or the other way round).
    """
    if not profile.scores:
        return False
    if any(Reads.DECISION in plugin.reads for plugin, _ in profile.scores):
        return False
    if sum(100 * weight for _, weight in profile.scores) > _INT16_SUM or any(weight < 0 for _, weight in profile.scores):
        return False
    known = (*_SLOTTED, *_TERMS, *_OF_VOLUMES_AND_DEVICES, NodePorts, NodeName)
    pre_filters, filters = set(profile.pre_filters), set(profile.filters)
    return not any(
        type(plugin) in known and Point.PRE_FILTER in plugin.points and (plugin in pre_filters) != (plugin in filters)
        for plugin in profile.plugins.values()
    ) and all(plugin in filters for plugin in pre_filters)


class PlanCompiler:
    """Compiles pods of one profile for one cluster.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    counters : Counters
    """

    def __init__(self, cluster: Cluster, profile: Profile, counters: Counters) -> None:
        self._cluster = cluster
        self._profile = profile
        self._counters = counters
        self.geometry = Geometry(cluster)
        self.vectors = Vectors(cluster)
        self.shapes = ShapeSlots(cluster, profile, counters)
        self.statics = StaticSlots(cluster, profile, counters)
        self._affinity = AffinityCompiler(cluster, self.geometry, self.vectors)
        self._spread = SpreadCompiler(cluster, self.geometry, self.vectors)
        self._score_weights = {plugin.name: weight for plugin, weight in profile.scores}
        self._filter_names = {plugin.name for plugin in profile.filters}

    def compile(self, pod: Pod) -> Plan:
        """Compile a pod's class.

        Raises
        ------
        NotCachedError
            If something about the pod has to go the plain way.
        SchedulingError
            If the plain way would fail, too.
        """
        if pod.spec.node_name or needed_plugins(pod):
            raise NotCachedError(f'pod "{pod.key}" names a node, or has volumes or devices')
        self._counters.plans_compiled += 1
        # First of all, since a pod for which nodes are listed by name, as a DaemonSet's, ends here.
        static = self.statics.number(pod)
        ports = self._port_parts(pod)
        parts = self._spread_parts(pod) | self._affinity_parts(pod)
        parts["clear"] = (*parts.get("clear", ()), *ports.get("clear", ()))
        filters: list[Extra] = list(ports.get("filters", ()))
        scores: list[Extra] = list(parts.pop("scores", ()))
        for plugin in self._profile.filters:
            if type(plugin) not in (*_SLOTTED, *_OF_VOLUMES_AND_DEVICES, *_TERMS, NodeName, NodePorts):
                filters.append(Extra(plugin))
        cached_scores = (*_SLOTTED, ImageLocality, *_OF_VOLUMES_AND_DEVICES, *_TERMS)
        for plugin, weight in self._profile.scores:
            if type(plugin) not in cached_scores:
                scores.append(Extra(plugin, weight))
        return Plan(
            pod_class=self._cluster.classes.of(pod),
            shape=self.shapes.number(pod),
            static=static,
            filters=tuple(filters),
            scores=tuple(scores),
            **parts,
        )

    def default_selector(self, pod: Pod) -> Any:
        """Return what the default constraints would select for a pod; None if it has constraints of its own, or nobody asks."""
        if pod.spec.topology_spread_constraints or "PodTopologySpread" not in self._filter_names | self._score_weights.keys():
            return None
        return deduced_selector(pod, self._cluster)

    def carried_terms(self, pod: Pod) -> Hashable:
        """Return the terms of other pods that match a pod: of all terms that there are, its plan reads only those."""
        index, labels = terms_in(self._cluster), namespace_labels(pod, self._cluster)
        return tuple(tuple(index.matching(kind, pod, labels)) for kind in Kind)

    def _spread_parts(self, pod: Pod) -> dict[str, Any]:
        plugin = next((p for p in self._profile.plugins.values() if type(p) is PodTopologySpread), None)
        if plugin is None:
            return {}
        parts: dict[str, Any] = {"default_selector": self.default_selector(pod)}
        if plugin.name in self._filter_names:
            parts |= self._spread.hard_parts(pod, plugin.settings)
        if plugin.name in self._score_weights:
            soft = self._spread.soft_parts(pod, plugin.settings)
            parts |= {"scores": (Extra(plugin, self._score_weights[plugin.name]),)} if soft is None else soft
        return parts

    def _affinity_parts(self, pod: Pod) -> dict[str, Any]:
        plugin = next((p for p in self._profile.plugins.values() if type(p) is InterPodAffinity), None)
        if plugin is None:
            return {}
        found = AffinityTerms()
        if plugin.name in self._filter_names:
            self._affinity.filter_terms(pod, found)
        if plugin.name in self._score_weights:
            self._affinity.score_terms(pod, plugin.settings, found)
        return {
            "clear": tuple(dict.fromkeys(found.clear)),
            "near": found.near,
            "repel": tuple(found.repel),
            "attract": tuple(found.attract),
            "first_of_group": found.first_of_group,
            "prefer": tuple(found.prefer),
            "prefer_hosts": tuple(found.prefer_hosts),
        }

    def _port_parts(self, pod: Pod) -> dict[str, Any]:
        """Pods with clashing ports as a column that must be 0; by the plugin itself once two pods have shared a port of a node."""
        plugin = next((p for p in self._profile.filters if type(p) is NodePorts), None)
        wanted = self._cluster.classes.of(pod).host_ports
        if plugin is None or not wanted:
            return {}
        if self._cluster.ports_were_shared:
            return {"filters": (Extra(plugin),)}
        return {"clear": (clashing_pods_number(self._cluster, wanted),)}
