"""Which plugins run where, with which arguments and weights: defaulting and MultiPoint by the book, for one profile."""

from plain.filters import NodeAffinity, NodeName, NodePorts, NodeResourcesFit, NodeUnschedulable, TaintToleration
from plain.inter_pod import InterPodAffinity
from plain.scores import BalancedScore, FitScore, ImageScore, NodeAffinityScore, NoScore, TaintScore
from plain.spread import PodTopologySpread
from plain.volumes import NodeVolumeLimits, VolumeBinding, VolumeRestrictions, VolumeZone

MULTI_POINT = [
    *("SchedulingGates", "PrioritySort", "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts"),
    *("NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread"),
    *("InterPodAffinity", "DynamicResources", "DefaultPreemption", "NodeResourcesBalancedAllocation", "ImageLocality", "DefaultBinder"),
]
WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}
FILTERS = {
    "NodeUnschedulable": NodeUnschedulable,
    "NodeName": NodeName,
    "TaintToleration": TaintToleration,
    "NodeAffinity": NodeAffinity,
    "NodePorts": NodePorts,
    "NodeResourcesFit": NodeResourcesFit,
    "VolumeRestrictions": VolumeRestrictions,
    "NodeVolumeLimits": NodeVolumeLimits,
    "VolumeBinding": VolumeBinding,
    "VolumeZone": VolumeZone,
    "PodTopologySpread": PodTopologySpread,
    "InterPodAffinity": InterPodAffinity,
}
SCORES = {
    "TaintToleration": TaintScore,
    "NodeAffinity": NodeAffinityScore,
    "NodeResourcesFit": FitScore,
    "VolumeBinding": NoScore,
    "PodTopologySpread": PodTopologySpread,
    "InterPodAffinity": InterPodAffinity,
    "DynamicResources": NoScore,
    "NodeResourcesBalancedAllocation": BalancedScore,
    "ImageLocality": ImageScore,
}
POST_FILTERS = {"DynamicResources": None, "DefaultPreemption": None}


class Configuration:
    def __init__(self, written):
        profile = ((written or {}).get("profiles") or [{}])[0]
        plugins = profile.get("plugins") or {}
        self.percentage = profile.get("percentageOfNodesToScore", (written or {}).get("percentageOfNodesToScore", 0))
        self.args = {one["name"]: one.get("args") or {} for one in profile.get("pluginConfig") or ()}
        multi_point = merged(plugins.get("multiPoint") or {})
        self.filters = expanded(plugins.get("filter") or {}, multi_point, FILTERS)
        self.post_filters = expanded(plugins.get("postFilter") or {}, multi_point, POST_FILTERS)
        score = plugins.get("score") or {}
        weights = dict(multi_point) | {one["name"]: one.get("weight", 0) for one in score.get("enabled") or ()}
        self.scores = {name: weights[name] or 1 for name in expanded(score, multi_point, SCORES)}


def merged(custom):
    """Defaults and the user's own, with weights."""
    off = {one["name"] for one in custom.get("disabled") or ()}
    own = {one["name"]: one.get("weight", 0) for one in custom.get("enabled") or ()}
    kept = [] if "*" in off else [name for name in MULTI_POINT if name not in off]
    result = [(name, own[name] if name in own else WEIGHTS.get(name, 0)) for name in kept]
    return result + [(name, weight) for name, weight in own.items() if name not in kept]


def expanded(point, multi_point, implementing):
    off = {one["name"] for one in point.get("disabled") or ()}
    own = [one["name"] for one in point.get("enabled") or ()]
    if "*" in off:
        return own
    everywhere = [name for name, _ in multi_point if name in implementing and name not in off]
    overriding = [name for name in own if name in everywhere]
    return [*overriding, *(name for name in everywhere if name not in own), *(name for name in own if name not in everywhere)]
