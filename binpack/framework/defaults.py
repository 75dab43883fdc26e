"""What kube-scheduler 1.35 brings along: its plugins, the points that each implements, and the default MultiPoint list.

The points are written down here, so that a configuration can be judged without any plugin's code.
Source: apis/config/v1/default_plugins.go and framework/plugins, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from binpack.framework.points import Point

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"
DEFAULT_SCHEDULER_NAME = "default-scheduler"

DEFAULT_MULTI_POINT: tuple[tuple[str, int | None], ...] = (
    ("SchedulingGates", None),
    ("PrioritySort", None),
    ("NodeUnschedulable", None),
    ("NodeName", None),
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodePorts", None),
    ("NodeResourcesFit", 1),
    ("VolumeRestrictions", None),
    ("NodeVolumeLimits", None),
    ("VolumeBinding", None),
    ("VolumeZone", None),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("DynamicResources", 2),
    ("DefaultPreemption", None),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
    ("DefaultBinder", None),
)
"""Names and weights in order; None where no weight is given."""

_FILTERING = frozenset({Point.PRE_FILTER, Point.FILTER})
_SCORING = frozenset({Point.PRE_SCORE, Point.SCORE})
_RESERVING = frozenset({Point.RESERVE, Point.PRE_BIND})

IN_TREE: Mapping[str, frozenset[Point]] = MappingProxyType(
    {
        "SchedulingGates": frozenset({Point.PRE_ENQUEUE}),
        "PrioritySort": frozenset({Point.QUEUE_SORT}),
        "NodeUnschedulable": frozenset({Point.FILTER}),
        "NodeName": frozenset({Point.FILTER}),
        "TaintToleration": _SCORING | {Point.FILTER},
        "NodeAffinity": _FILTERING | _SCORING,
        "NodePorts": _FILTERING,
        "NodeResourcesFit": _FILTERING | _SCORING,
        "VolumeRestrictions": _FILTERING,
        "NodeVolumeLimits": _FILTERING,
        "VolumeBinding": _FILTERING | _SCORING | _RESERVING,
        "VolumeZone": _FILTERING,
        "PodTopologySpread": _FILTERING | _SCORING,
        "InterPodAffinity": _FILTERING | _SCORING,
        "DynamicResources": _FILTERING | _RESERVING | {Point.PRE_ENQUEUE, Point.POST_FILTER, Point.SCORE},
        "DefaultPreemption": frozenset({Point.PRE_ENQUEUE, Point.POST_FILTER}),
        "NodeResourcesBalancedAllocation": _SCORING,
        "ImageLocality": frozenset({Point.SCORE}),
        "DefaultBinder": frozenset({Point.BIND}),
        # Alpha in 1.35 and in no default list: known, so that a configuration that names them is not refused.
        "NodeDeclaredFeatures": _FILTERING,
        "GangScheduling": frozenset({Point.PRE_ENQUEUE, Point.RESERVE, Point.PERMIT}),
    }
)
"""Every in-tree plugin and the points that it implements."""

REMOVED = frozenset({"AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"})
"""Plugins of earlier versions, which this version of the configuration refuses by name."""
