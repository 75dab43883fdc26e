"""Cases of admission: LimitRanger, ResourceQuota, Priority and DefaultTolerationSeconds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from binpack.conformance.cases.builders import NOW, ago, container, requirements, sized_pod, toleration
from binpack.control.apiserver.limit_ranger import is_checked
from binpack.control.apiserver.qos import qos_class
from binpack.errors import ManifestError
from binpack.model.admission import with_default_tolerations, with_priority
from binpack.model.base import from_builtins, replace, to_builtins
from binpack.model.limit_ranges import ANNOTATION, claim_violations, pod_violations, with_limit_defaults
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Affinity, Pod, PodAffinity, PodAffinityTerm, PodSpec, WeightedPodAffinityTerm
from binpack.model.policy import LimitRangeItem, PriorityClass, ScopedResourceSelectorRequirement
from binpack.model.quotas import matches_scope, missing_of_containers, pod_usage
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimSpec, VolumeResourceRequirements

_SCOPE = re.compile(r"(\w+)(?: (\w+))?(?: \[(.*)\])?")


def _item(given: Mapping[str, Any]) -> LimitRangeItem:
    item: LimitRangeItem = from_builtins(dict(given), LimitRangeItem)
    return item


def _limit_range(given: Mapping[str, Any]) -> dict[str, Any]:
    item = _item(given["limit"])
    if given["object"] == "PersistentVolumeClaim":
        asked = VolumeResourceRequirements(requests=requirements(given["pvc"]).requests)
        spec = PersistentVolumeClaimSpec(resources=asked)
        return {"admitted": not claim_violations(PersistentVolumeClaim(spec=spec), [item])}
    return {"admitted": not pod_violations(sized_pod(given["pod"]), [item])}


def _limit_range_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    pod = with_limit_defaults(sized_pod(given), [_item(given["limit"])])
    answer: dict[str, Any] = {"annotation": pod.metadata.annotations.get(ANNOTATION)}
    for key, containers in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        answer[key] = [{"requests": one.resources.requests, "limits": one.resources.limits} for one in containers]
    return answer


def _limit_range_applies(given: Mapping[str, Any]) -> dict[str, Any]:
    resources = given.get("podResources") or {}
    pod = Pod(
        metadata=ObjectMeta(name="foo", deletion_timestamp=NOW if given.get("terminating") else None),
        spec=PodSpec(containers=(container({"name": "foo-0", **resources}),)),
    )
    if not is_checked("Pod", given["operation"], given.get("subresource") or ""):
        return {"admitted": True}
    items = [_item(one) for one in given["limitRange"]["limits"]]
    return {"admitted": not pod_violations(with_limit_defaults(pod, items), items)}


def _quota_constraints(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": missing_of_containers(sized_pod(given["pod"]), given["required"])}


def _quota_pod_usage(given: Mapping[str, Any]) -> dict[str, Any]:
    pod, fields = sized_pod(given["pod"]), given["pod"]
    meta = replace(
        pod.metadata,
        deletion_timestamp=ago(fields.get("deletionSecondsAgo")),
        deletion_grace_period_seconds=fields.get("deletionGraceSeconds"),
    )
    return {"usage": pod_usage(replace(pod, metadata=meta), NOW)}


def _with_affinity(pod: Pod, given: Mapping[str, Any] | None) -> Pod:
    if given is None:
        return pod
    side, _, strength = given["kind"].partition(".")
    term: PodAffinityTerm = from_builtins({key: value for key, value in given.items() if key != "kind"}, PodAffinityTerm)
    if strength == "required":
        part = PodAffinity(required_during_scheduling_ignored_during_execution=(term,))
    else:
        part = PodAffinity(preferred_during_scheduling_ignored_during_execution=(WeightedPodAffinityTerm(1, term),))
    affinity = Affinity(pod_affinity=part) if side == "podAffinity" else Affinity(pod_anti_affinity=part)
    return replace(pod, spec=replace(pod.spec, affinity=affinity))


def _scope(text: str) -> ScopedResourceSelectorRequirement:
    name, operator, values = _SCOPE.fullmatch(text).groups()  # type: ignore[union-attr]
    listed = tuple(value for value in re.split(r"[ ,]+", values or "") if value)
    return ScopedResourceSelectorRequirement(name, operator or "Exists", listed)


def _quota_scopes(given: Mapping[str, Any]) -> dict[str, Any]:
    pod = _with_affinity(sized_pod(given["pod"]), given["pod"].get("affinityTerm"))
    best_effort = qos_class(pod.spec) == "BestEffort"
    return {"matching": [text for text in given["selectors"] if matches_scope(pod, _scope(text), best_effort=best_effort)]}


def _default_tolerations(given: Mapping[str, Any]) -> dict[str, Any]:
    pod = with_default_tolerations(Pod(spec=PodSpec(tolerations=tuple(toleration(one) for one in given["tolerations"]))))
    return {"tolerations": [to_builtins(one) for one in pod.spec.tolerations]}


class _Classes:
    """The priority classes of a case."""

    def __init__(self, classes: Sequence[PriorityClass]) -> None:
        self._classes = list(classes)

    def get(self, kind: str, name: str, namespace: str = "") -> PriorityClass | None:
        return next((one for one in self._classes if one.metadata.name == name), None)

    def list(self, kind: str, namespace: str | None = None) -> Sequence[PriorityClass]:
        return self._classes


def _priority_admission(given: Mapping[str, Any]) -> dict[str, Any]:
    classes = [
        PriorityClass(
            metadata=ObjectMeta(name=one["name"]),
            value=one["value"],
            global_default=bool(one.get("globalDefault")),
            preemption_policy=one.get("preemptionPolicy"),
        )
        for one in given["classes"]
    ]
    fields = given["pod"]
    spec = PodSpec(
        priority_class_name=fields.get("priorityClassName") or "",
        priority=fields.get("priority"),
        preemption_policy=fields.get("preemptionPolicy"),
    )
    try:
        pod = with_priority(Pod(metadata=ObjectMeta(name="pod", namespace=fields.get("namespace") or ""), spec=spec), _Classes(classes))
    except ManifestError:
        return {"error": True}
    return {"error": False, "priority": pod.spec.priority, "preemptionPolicy": pod.spec.preemption_policy}


RULES = {
    "limit_range": _limit_range,
    "limit_range_defaults": _limit_range_defaults,
    "limit_range_applies": _limit_range_applies,
    "quota_constraints": _quota_constraints,
    "quota_pod_usage": _quota_pod_usage,
    "quota_scopes": _quota_scopes,
    "default_tolerations": _default_tolerations,
    "priority_admission": _priority_admission,
}
