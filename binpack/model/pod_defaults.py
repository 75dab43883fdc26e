"""Defaults of pods, and the part of them that pod templates share.

Requests from limits, host ports and merged label keys are a *pod's* defaults: a template does not get them until a pod is made of it.
Source: pkg/apis/core/v1/defaults.go and pkg/registry/core/pod/strategy.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from binpack.model.base import replace
from binpack.model.meta import LabelSelectorRequirement
from binpack.model.pod import (
    Affinity,
    Container,
    ContainerPort,
    Pod,
    PodAffinity,
    PodAffinityTerm,
    PodSpec,
    PodTemplateSpec,
    ResourceRequirements,
    WeightedPodAffinityTerm,
)
from binpack.model.quantity import NANO, Quantity
from binpack.model.requests import CPU, MEMORY, fit_requests
from binpack.model.volumes import PersistentVolumeClaimSpec, Volume

DEFAULT_SCHEDULER_NAME = "default-scheduler"
DEFAULT_GRACE_SECONDS = 30

_NANOS_PER_MILLI = NANO // 1000
_T = TypeVar("_T")


def default_pod_parts(pod: Pod) -> Pod:
    """Fill in everything but the namespace; the same pod if nothing was missing."""
    spec = default_pod_spec(pod.spec)
    containers = mapped(spec.containers, _requests_from_limits)
    init_containers = mapped(spec.init_containers, _requests_from_limits)
    if spec.host_network:
        containers, init_containers = mapped(containers, _with_host_ports), mapped(init_containers, _with_host_ports)
    affinity = None if spec.affinity is None else _merged_affinity(spec.affinity, pod.metadata.labels)
    if (containers, init_containers, affinity) != (spec.containers, spec.init_containers, spec.affinity):
        spec = replace(spec, containers=containers, init_containers=init_containers, affinity=affinity)
    if spec is not pod.spec:
        pod = replace(pod, spec=spec)
    return _with_pod_level_requests(pod)


def default_template(template: PodTemplateSpec) -> PodTemplateSpec:
    """Fill in what a pod template gets."""
    spec = default_pod_spec(template.spec)
    return template if spec is template.spec else replace(template, spec=spec)


def default_pod_spec(spec: PodSpec) -> PodSpec:
    """Fill in what pods and templates have in common."""
    containers = mapped(spec.containers, _default_container)
    init_containers = mapped(spec.init_containers, _default_container)
    volumes = mapped(spec.volumes, _default_volume)
    overhead = rounded(spec.overhead)
    resources = None if spec.resources is None else _rounded_resources(spec.resources)
    if (
        spec.scheduler_name
        and spec.restart_policy
        and spec.termination_grace_period_seconds is not None
        and containers is spec.containers
        and init_containers is spec.init_containers
        and volumes is spec.volumes
        and overhead is spec.overhead
        and resources is spec.resources
    ):
        return spec
    grace = spec.termination_grace_period_seconds
    return replace(
        spec,
        scheduler_name=spec.scheduler_name or DEFAULT_SCHEDULER_NAME,
        restart_policy=spec.restart_policy or "Always",
        termination_grace_period_seconds=DEFAULT_GRACE_SECONDS if grace is None else grace,
        containers=containers,
        init_containers=init_containers,
        volumes=volumes,
        overhead=overhead,
        resources=resources,
    )


def default_claim_spec(spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec:
    """Fill in what claims and the claim templates of ephemeral volumes have in common."""
    requests, limits = rounded(spec.resources.requests), rounded(spec.resources.limits)
    unchanged = requests is spec.resources.requests and limits is spec.resources.limits
    if unchanged and spec.volume_mode is not None:
        return spec
    resources = spec.resources if unchanged else replace(spec.resources, requests=requests, limits=limits)
    return replace(spec, resources=resources, volume_mode=spec.volume_mode or "Filesystem")


def rounded(quantities: dict[str, Quantity]) -> dict[str, Quantity]:
    """Round quantities up to thousandths, as the API server stores them; the same dictionary if they are whole already."""
    if all(quantity.nanos % _NANOS_PER_MILLI == 0 for quantity in quantities.values()):
        return quantities
    return {name: _rounded_up(quantity) for name, quantity in quantities.items()}


def mapped(items: tuple[_T, ...], change: Callable[[_T], _T]) -> tuple[_T, ...]:
    """Apply a change to every item; the same tuple if no item changed."""
    changed = tuple(change(item) for item in items)
    return items if all(after is before for after, before in zip(changed, items, strict=True)) else changed


def _rounded_up(quantity: Quantity) -> Quantity:
    return quantity if quantity.nanos % _NANOS_PER_MILLI == 0 else Quantity.milli(quantity.ceil_milli())


def _rounded_resources(resources: ResourceRequirements) -> ResourceRequirements:
    requests, limits = rounded(resources.requests), rounded(resources.limits)
    if requests is resources.requests and limits is resources.limits:
        return resources
    return replace(resources, requests=requests, limits=limits)


def _default_container(container: Container) -> Container:
    ports = mapped(container.ports, _with_protocol)
    resources = _rounded_resources(container.resources)
    if container.image_pull_policy and ports is container.ports and resources is container.resources:
        return container
    policy = container.image_pull_policy or ("Always" if _is_latest(container.image) else "IfNotPresent")
    return replace(container, image_pull_policy=policy, ports=ports, resources=resources)


def _is_latest(image: str) -> bool:
    """Tell whether an image reference means the tag `latest`: by name, or by having neither tag nor digest."""
    reference = image.rpartition("/")[2]
    if "@" in reference:
        return reference.partition("@")[0].endswith(":latest")
    return bool(reference) and (":" not in reference or reference.endswith(":latest"))


def _with_protocol(port: ContainerPort) -> ContainerPort:
    return port if port.protocol else replace(port, protocol="TCP")


def _default_volume(volume: Volume) -> Volume:
    if volume.ephemeral is None or volume.ephemeral.volume_claim_template is None:
        return volume
    template = volume.ephemeral.volume_claim_template
    spec = default_claim_spec(template.spec)
    if spec is template.spec:
        return volume
    return replace(volume, ephemeral=replace(volume.ephemeral, volume_claim_template=replace(template, spec=spec)))


def _requests_from_limits(container: Container) -> Container:
    resources = container.resources
    missing = {name: limit for name, limit in resources.limits.items() if name not in resources.requests}
    if not missing:
        return container
    return replace(container, resources=replace(resources, requests={**resources.requests, **missing}))


def _with_host_ports(container: Container) -> Container:
    ports = mapped(container.ports, lambda port: port if port.host_port else replace(port, host_port=port.container_port))
    return container if ports is container.ports else replace(container, ports=ports)


def _with_pod_level_requests(pod: Pod) -> Pod:
    """Pod-level limits without requests: cpu and memory from what the containers ask for, what they do not ask for from the limits."""
    resources = pod.spec.resources
    if resources is None or not resources.limits:
        return pod
    without = replace(pod, spec=replace(pod.spec, resources=None, overhead={}))
    asked = fit_requests(without)
    requests = dict(resources.requests)
    for name, amount in ((CPU, Quantity.milli(asked.get(CPU, 0))), (MEMORY, Quantity.of(asked.get(MEMORY, 0)))):
        if name in asked:
            requests.setdefault(name, amount)
    for name, limit in resources.limits.items():
        if name in (CPU, MEMORY) or name.startswith("hugepages-"):
            requests.setdefault(name, limit)
    if requests == resources.requests:
        return pod
    return replace(pod, spec=replace(pod.spec, resources=replace(resources, requests=requests)))


def _merged_affinity(affinity: Affinity, labels: Mapping[str, str]) -> Affinity:
    pod_affinity = _merged_terms(affinity.pod_affinity, labels)
    pod_anti_affinity = _merged_terms(affinity.pod_anti_affinity, labels)
    if pod_affinity is affinity.pod_affinity and pod_anti_affinity is affinity.pod_anti_affinity:
        return affinity
    return replace(affinity, pod_affinity=pod_affinity, pod_anti_affinity=pod_anti_affinity)


def _merged_terms(terms: PodAffinity | None, labels: Mapping[str, str]) -> PodAffinity | None:
    if terms is None:
        return None

    def weighted(term: WeightedPodAffinityTerm) -> WeightedPodAffinityTerm:
        merged = _merged_term(term.pod_affinity_term, labels)
        return term if merged is term.pod_affinity_term else replace(term, pod_affinity_term=merged)

    required = mapped(terms.required_during_scheduling_ignored_during_execution, lambda term: _merged_term(term, labels))
    preferred = mapped(terms.preferred_during_scheduling_ignored_during_execution, weighted)
    if (
        required is terms.required_during_scheduling_ignored_during_execution
        and preferred is terms.preferred_during_scheduling_ignored_during_execution
    ):
        return terms
    return replace(
        terms,
        required_during_scheduling_ignored_during_execution=required,
        preferred_during_scheduling_ignored_during_execution=preferred,
    )


def _merged_term(term: PodAffinityTerm, labels: Mapping[str, str]) -> PodAffinityTerm:
    """Write `matchLabelKeys` and `mismatchLabelKeys` into the selector. A pod read back from a cluster has that behind it."""
    selector = term.label_selector
    if selector is None:
        return term
    keys = [(key, "In") for key in term.match_label_keys] + [(key, "NotIn") for key in term.mismatch_label_keys]
    added = [LabelSelectorRequirement(key, operator, (labels[key],)) for key, operator in keys if key in labels]
    added = [requirement for requirement in added if requirement not in selector.match_expressions]
    if not added:
        return term
    return replace(term, label_selector=replace(selector, match_expressions=(*selector.match_expressions, *added)))
