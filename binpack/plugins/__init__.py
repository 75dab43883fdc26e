"""One file a plugin, named as in Kubernetes; `binpack.plugins.research` has published policies."""

from __future__ import annotations

from typing import Any

from binpack.plugins.default_binder import DefaultBinder
from binpack.plugins.default_preemption import DefaultPreemption
from binpack.plugins.dynamic_resources import DynamicResources
from binpack.plugins.gpu_share import GpuShare
from binpack.plugins.image_locality import ImageLocality
from binpack.plugins.inter_pod_affinity import InterPodAffinity
from binpack.plugins.node_affinity import NodeAffinity
from binpack.plugins.node_name import NodeName
from binpack.plugins.node_ports import NodePorts
from binpack.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.plugins.node_unschedulable import NodeUnschedulable
from binpack.plugins.node_volume_limits import NodeVolumeLimits
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.plugins.priority_sort import PrioritySort
from binpack.plugins.research.best_fit import BestFit
from binpack.plugins.research.dot_product import DotProduct
from binpack.plugins.research.fgd import FGD
from binpack.plugins.research.fgd_best_fit import FGDBestFit
from binpack.plugins.research.fgd_dot_prod import FGDDotProd
from binpack.plugins.research.fgd_random import FGDRandom
from binpack.plugins.research.first_fit import FirstFit
from binpack.plugins.research.gpu_clustering import GpuClustering
from binpack.plugins.research.gpu_packing import GpuPacking
from binpack.plugins.research.l2_norm import L2Norm
from binpack.plugins.research.random_fit import RandomFit
from binpack.plugins.research.tetris_alignment import TetrisAlignment
from binpack.plugins.research.worst_fit import WorstFit
from binpack.plugins.scheduling_gates import SchedulingGates
from binpack.plugins.taint_toleration import TaintToleration
from binpack.plugins.volume_binding import VolumeBinding
from binpack.plugins.volume_restrictions import VolumeRestrictions
from binpack.plugins.volume_zone import VolumeZone

_KUBERNETES: tuple[type[Any], ...] = (
    SchedulingGates,
    PrioritySort,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    NodeVolumeLimits,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    DynamicResources,
    DefaultPreemption,
    NodeResourcesBalancedAllocation,
    ImageLocality,
    DefaultBinder,
)
_DEVICES: tuple[type[Any], ...] = (GpuShare,)
_RESEARCH: tuple[type[Any], ...] = (
    FirstFit,
    BestFit,
    WorstFit,
    RandomFit,
    DotProduct,
    TetrisAlignment,
    L2Norm,
    FGD,
    GpuPacking,
    GpuClustering,
    FGDBestFit,
    FGDDotProd,
    FGDRandom,
)


def in_tree() -> dict[str, type[Any]]:
    """Return the plugins that this package brings, by name: kube-scheduler's in their default order, then
    the one for GPU devices, then the research policies."""
    return {plugin.name: plugin for plugin in (*_KUBERNETES, *_DEVICES, *_RESEARCH)}


def research_policies() -> tuple[str, ...]:
    """Return the names of the research policies."""
    return tuple(plugin.name for plugin in _RESEARCH)
