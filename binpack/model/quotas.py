"""ResourceQuota: what a pod uses of it, which quotas count which pods, and what every container must say for it.

Source: pkg/quota/v1/evaluator/core/pods.go, persistent_volume_claims.go, services.go; apiserver pkg/admission/plugin/resourcequota, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from binpack.model.pod import Container, Pod, PodAffinityTerm
from binpack.model.policy import ResourceQuotaSpec, ScopedResourceSelectorRequirement, Service
from binpack.model.quantity import Quantity
from binpack.model.requests import is_extended, limit_quantities, request_quantities
from binpack.model.storage import PersistentVolumeClaim

_COMPUTE = ("cpu", "memory")
_CONTAINER_RESOURCES = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in _COMPUTE)
_LIMITED = (*_COMPUTE, "ephemeral-storage")
_DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_POD_RESOURCES = frozenset(
    {"count/pods", "pods", "limits.ephemeral-storage", "ephemeral-storage", "requests.ephemeral-storage"} | _CONTAINER_RESOURCES
)
_POD_PREFIXES = ("hugepages-", "requests.hugepages-")
_SERVICE_RESOURCES = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})
_CLAIM_RESOURCES = frozenset({"count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage"})
ONE = Quantity.of(1)


def pod_usage(pod: Pod, now: datetime) -> dict[str, Quantity]:
    """Return what a stored pod uses: one that has ended, or should be gone by now, only its place as an object."""
    usage = {"count/pods": ONE}
    if pod.is_terminal or _is_overdue(pod, now):
        return usage
    return usage | {"pods": ONE} | compute_usage(request_quantities(pod), limit_quantities(pod))


def compute_usage(requests: Mapping[str, Quantity], limits: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Name requests and limits as quotas do."""
    usage: dict[str, Quantity] = {}
    for name, quantity in requests.items():
        if name in _LIMITED or name.startswith("hugepages-"):
            usage[name] = usage[f"requests.{name}"] = quantity
        elif is_extended(name) or name.startswith(_DEVICE_CLASS):
            usage[f"requests.{name}"] = quantity
    return usage | {f"limits.{name}": limits[name] for name in _LIMITED if name in limits}


def claim_usage(claim: PersistentVolumeClaim) -> dict[str, Quantity]:
    """Return what a claim uses: its place and its storage, also of its class."""
    usage = {"count/persistentvolumeclaims": ONE, "persistentvolumeclaims": ONE}
    storage = claim.spec.resources.requests.get("storage")
    prefixes = [""]
    if claim.spec.storage_class_name:
        prefixes.append(claim.spec.storage_class_name + _STORAGE_CLASS)
        usage[prefixes[1] + "persistentvolumeclaims"] = ONE
    if storage is not None:
        usage |= {f"{prefix}requests.storage": storage for prefix in prefixes}
    return usage


def service_usage(service: Service) -> dict[str, Quantity]:
    """Return what a Service uses: its place, its node ports, and a load balancer if it wants one."""
    spec, node_ports, balancers = service.spec, 0, 0
    if spec.type == "NodePort":
        node_ports = len(spec.ports)
    elif spec.type == "LoadBalancer":
        balancers = 1
        every = spec.allocate_load_balancer_node_ports is not False
        node_ports = len(spec.ports) if every else sum(port.node_port != 0 for port in spec.ports)
    return {
        "count/services": ONE,
        "services": ONE,
        "services.nodeports": Quantity.of(node_ports),
        "services.loadbalancers": Quantity.of(balancers),
    }


def counts_pods(name: str) -> bool:
    """Tell whether a quota's resource is one that pods use."""
    return name in _POD_RESOURCES or name.startswith(_POD_PREFIXES) or is_extended(name.removeprefix("requests."))


def counts_claims(name: str) -> bool:
    """Tell whether a quota's resource is one that claims use."""
    return name in _CLAIM_RESOURCES or name.endswith(tuple(_STORAGE_CLASS + one for one in ("persistentvolumeclaims", "requests.storage")))


def counts_services(name: str) -> bool:
    """Tell whether a quota's resource is one that Services use."""
    return name in _SERVICE_RESOURCES


def is_in_scope(pod: Pod, spec: ResourceQuotaSpec, *, best_effort: bool) -> bool:
    """Tell whether a pod is in all scopes of a quota."""
    return all(matches_scope(pod, scope, best_effort=best_effort) for scope in scopes_of(spec))


def missing_of_containers(pod: Pod, names: Iterable[str]) -> str:
    """Say which containers lack what a quota demands of every one of them; empty if none does.

    Parameters
    ----------
    pod : Pod
        With pod-level resources nothing is demanded of containers.
    names : iterable of str
        The resources that a quota limits.
    """
    resources = pod.spec.resources
    if resources is not None and (resources.requests or resources.limits):
        return ""
    wanted = sorted(set(names) & _CONTAINER_RESOURCES)
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    lacking = {name: sorted({one.name for one in containers if name not in _set_by(one)}) for name in wanted}
    parts = [f"{name} for: {','.join(found)}" for name, found in lacking.items() if found]
    return f"must specify {'; '.join(parts)}" if parts else ""


def scopes_of(spec: ResourceQuotaSpec) -> list[ScopedResourceSelectorRequirement]:
    """Return all scopes of a quota as requirements; a plain scope only has to exist."""
    plain = [ScopedResourceSelectorRequirement(scope_name=name, operator="Exists") for name in spec.scopes]
    return plain + list(spec.scope_selector.match_expressions if spec.scope_selector is not None else ())


def matches_scope(pod: Pod, scope: ScopedResourceSelectorRequirement, *, best_effort: bool) -> bool:
    """Tell whether a pod is in a scope.

    Parameters
    ----------
    pod : Pod
    scope : ScopedResourceSelectorRequirement
    best_effort : bool
        The pod's class of service is BestEffort.
    """
    deadline = pod.spec.active_deadline_seconds
    has_deadline = deadline is not None and deadline >= 0
    match scope.scope_name:
        case "Terminating":
            return has_deadline
        case "NotTerminating":
            return not has_deadline
        case "BestEffort":
            return best_effort
        case "NotBestEffort":
            return not best_effort
        case "PriorityClass":
            return _matches_class(pod.spec.priority_class_name, scope)
        case "CrossNamespacePodAffinity":
            return any(term.namespaces or term.namespace_selector is not None for term in _affinity_terms(pod))
        case _:
            return False


def _is_overdue(pod: Pod, now: datetime) -> bool:
    deleted, grace = pod.metadata.deletion_timestamp, pod.metadata.deletion_grace_period_seconds
    return deleted is not None and grace is not None and now > deleted + timedelta(seconds=grace)


def _set_by(container: Container) -> dict[str, Quantity]:
    return compute_usage(container.resources.requests, container.resources.limits)


def _matches_class(name: str, scope: ScopedResourceSelectorRequirement) -> bool:
    match scope.operator:
        case "In":
            return name in scope.values
        case "NotIn":
            return name not in scope.values
        case "DoesNotExist":
            return not name
        case _:
            return bool(name)


def _affinity_terms(pod: Pod) -> list[PodAffinityTerm]:
    affinity = pod.spec.affinity
    terms: list[PodAffinityTerm] = []
    for side in (affinity.pod_affinity, affinity.pod_anti_affinity) if affinity is not None else ():
        if side is not None:
            terms += side.required_during_scheduling_ignored_during_execution
            terms += [one.pod_affinity_term for one in side.preferred_during_scheduling_ignored_during_execution]
    return terms
