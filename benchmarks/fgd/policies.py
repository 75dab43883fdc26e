"""The paper's policies as scheduler profiles: kube-scheduler's filters, GpuShare, and one score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.suite import PolicySpec
from binpack.framework.defaults import API_VERSION, DEFAULT_SCHEDULER_NAME, KIND
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.plugins import in_tree
from binpack.plugins.research.typical_pods import DEFAULT_THRESHOLD_PERCENT, PodGroup

PLUGIN_OF: Mapping[str, str] = {
    "Random": "FGDRandom",
    "DotProd": "FGDDotProd",
    "GpuClustering": "GpuClustering",
    "GpuPacking": "GpuPacking",
    "BestFit": "FGDBestFit",
    "FGD": "FGD",
}
"""The plugin of each of the paper's names, weakest policy first."""

DETERMINISTIC = tuple(name for name in PLUGIN_OF if name != "Random")

WEIGHT = 1000
"""As in the original; alone it changes nothing."""


def device_profile(policy: PolicySpec, groups: Mapping[PodGroup, int], *, threshold_percent: float) -> Profile:
    """Build a policy's profile.

    Parameters
    ----------
    policy : PolicySpec
        With `score`, a plugin that scores alone and may choose devices. With `configuration` that is taken as it is.
    groups : Mapping[PodGroup, int]
        FGD's target workload.
    threshold_percent : float
        Of FGD's typical pods.
    """
    registry = Registry(in_tree())
    document = device_document(policy.score, groups, threshold_percent=threshold_percent) if policy.score else policy.document()
    return build_profiles(registry, resolve_document(document, registry))[DEFAULT_SCHEDULER_NAME]


def device_document(
    score: str, groups: Mapping[PodGroup, int], *, threshold_percent: float = DEFAULT_THRESHOLD_PERCENT, weight: int = WEIGHT
) -> dict[str, Any]:
    """Return a KubeSchedulerConfiguration: kube-scheduler's filters, GpuShare, and one score that may choose devices."""
    plugins = {
        # The policy comes first, so that its rule for devices goes before GpuShare's.
        "multiPoint": {"enabled": [{"name": score}, {"name": "GpuShare"}]},
        "score": {"disabled": [{"name": "*"}], "enabled": [{"name": score, "weight": weight}]},
    }
    profile: dict[str, Any] = {"plugins": plugins}
    if score == "FGD":
        profile["pluginConfig"] = [{"name": score, "args": {"typicalPods": _kinds(groups), "thresholdPercent": threshold_percent}}]
    return {"apiVersion": API_VERSION, "kind": KIND, "percentageOfNodesToScore": 100, "profiles": [profile]}


def _kinds(groups: Mapping[PodGroup, int]) -> list[dict[str, Any]]:
    return [
        {
            "cpuMilli": group.cpu_milli,
            "gpuMilli": group.gpu_milli,
            "gpuCount": group.gpu_count,
            "gpuCardModel": group.gpu_models,
            "count": count,
        }
        for group, count in groups.items()
    ]
