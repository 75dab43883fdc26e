"""What a pod asks for: containers, sidecars, init containers, pod-level resources, overhead, and the scheduler's defaults.

Sums and maxima are taken on exact quantities; the conversion to an integer happens once, on the pod's total.
Source: component-helpers resource/helpers.go and pkg/scheduler/framework/types.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from binpack.model.pod import Container, ContainerStatus, Pod
from binpack.model.quantity import MAX_INT64, NANO, Quantity
from binpack.model.selectors import is_label_key
from binpack.units import MIB, MILLI_PER_CORE

CPU = "cpu"
MEMORY = "memory"
EPHEMERAL_STORAGE = "ephemeral-storage"
PODS = "pods"

DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY_BYTES = 200 * MIB
_DEFAULT_NANOS = {CPU: DEFAULT_MILLI_CPU * NANO // MILLI_PER_CORE, MEMORY: DEFAULT_MEMORY_BYTES * NANO}

_Nanos = dict[str, int]


def fit_requests(pod: Pod) -> dict[str, int]:
    """Return what the NodeResourcesFit filter asks for: spec only, pod-level resources honoured, no defaults.

    Returns
    -------
    dict[str, int]
        Resource name to milli-cores (cpu), bytes (memory, storage, huge pages) or units. Names that Kubernetes' scheduler
        does not account for are left out; a name that is present with 0 stays.
    """
    return _to_integers(_total(pod))


def fit_score_requests(pod: Pod) -> dict[str, int]:
    """Return what the NodeResourcesFit score counts for an incoming pod.

    Pod-level resources are ignored altogether and every container without a cpu or memory request counts with the default: the
    scorer upstream is built without the PodLevelResources flag.
    """
    return _to_integers(_total(pod, pod_level=False, defaulted=(CPU, MEMORY)))


def placed_requests(pod: Pod) -> dict[str, int]:
    """Return what a pod on a node takes (the node's `requested`): the larger of spec and status while it is being resized."""
    return _to_integers(_total(pod, use_status=True))


def nonzero_requests(pod: Pod) -> tuple[int, int]:
    """Return milli-cores and bytes that a pod on a node adds to the node's `nonzero requested`.

    With pod-level requests a default applies only to a resource that appears nowhere in the pod's total.
    """
    defaulted: tuple[str, ...] = (CPU, MEMORY)
    if _has_pod_level_requests(pod):
        present = _total(pod, use_status=True)
        defaulted = tuple(name for name in defaulted if name not in present)
    total = _to_integers(_total(pod, use_status=True, defaulted=defaulted))
    return total.get(CPU, 0), total.get(MEMORY, 0)


def request_quantities(pod: Pod) -> dict[str, Quantity]:
    """Return a pod's total as ResourceQuota and LimitRange count it: every resource, exactly, the larger of spec and status."""
    return {name: Quantity(nanos) for name, nanos in _total(pod, use_status=True).items()}


def limit_quantities(pod: Pod) -> dict[str, Quantity]:
    """Return the total of a pod's limits; overhead is added to those that are set."""
    spec = pod.spec
    main: _Nanos = {}
    sidecars: _Nanos = {}
    peak: _Nanos = {}
    for container in spec.containers:
        _add(main, _limits(container))
    for container in spec.init_containers:
        use = _limits(container)
        if is_sidecar(container):
            _add(main, use)
            _add(sidecars, use)
            use = dict(sidecars)
        else:
            _add(use, sidecars)
        _raise_to(peak, use)
    _raise_to(main, peak)
    if spec.resources is not None:
        main.update({name: quantity.nanos for name, quantity in spec.resources.limits.items() if _is_pod_level(name)})
    _add(main, {name: quantity.nanos for name, quantity in spec.overhead.items() if name in main})
    return {name: Quantity(nanos) for name, nanos in main.items()}


def resource_list(quantities: Mapping[str, Quantity]) -> dict[str, int]:
    """Convert a node's allocatable: cpu in milli-cores, everything else in units, rounded up; unknown names dropped."""
    amounts = {name: to_integer(name, quantity.nanos) for name, quantity in quantities.items() if is_accounted(name)}
    if PODS in quantities:
        amounts[PODS] = quantities[PODS].ceil_units()
    return amounts


def to_integer(name: str, nanos: int) -> int:
    """Round an exact amount up to milli-cores (cpu) or whole units (everything else); beyond int64 it stays at the end of it."""
    if name == CPU:
        nanos *= MILLI_PER_CORE
    return min(-(-nanos // NANO), MAX_INT64)


def is_extended(name: str) -> bool:
    """Tell whether a resource name is an extended resource: with a domain that is not Kubernetes' own."""
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.") and is_label_key(f"requests.{name}")


def is_scalar(name: str) -> bool:
    """Tell whether the scheduler counts a resource besides cpu, memory and ephemeral storage."""
    return is_extended(name) or "kubernetes.io/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


@lru_cache(maxsize=4096)
def is_accounted(name: str) -> bool:
    """Tell whether the scheduler counts a resource at all; `pods` is a limit of the node, not a request."""
    return name in (CPU, MEMORY, EPHEMERAL_STORAGE) or is_scalar(name)


def is_sidecar(container: Container) -> bool:
    """Tell whether an init container keeps running beside the main ones."""
    return container.restart_policy == "Always"


def _total(pod: Pod, *, use_status: bool = False, pod_level: bool = True, defaulted: Iterable[str] = ()) -> _Nanos:
    """The pod's total in nano-units, by resource name."""
    statuses = _statuses(pod) if use_status else {}
    spec_counts = not (use_status and _resize_is_infeasible(pod))
    main: _Nanos = {}
    for container in pod.spec.containers:
        _add(main, _container_requests(container, statuses.get(container.name), spec_counts, defaulted))
    sidecars: _Nanos = {}
    peak: _Nanos = {}
    for container in pod.spec.init_containers:
        sidecar = is_sidecar(container)
        # An ordinary init container is never resized, so its status does not count.
        status = statuses.get(container.name) if sidecar else None
        own = _container_requests(container, status, spec_counts, defaulted)
        if sidecar:
            _add(main, own)
            _add(sidecars, own)
            _raise_to(peak, sidecars)
        else:
            use = dict(own)
            _add(use, sidecars)
            _raise_to(peak, use)
    _raise_to(main, peak)
    if pod_level and pod.spec.resources is not None and _has_pod_level_requests(pod):
        main.update({n: q.nanos for n, q in pod.spec.resources.requests.items() if _is_pod_level(n)})
    _add(main, {name: quantity.nanos for name, quantity in pod.spec.overhead.items()})
    return main


def _limits(container: Container) -> _Nanos:
    return {name: quantity.nanos for name, quantity in container.resources.limits.items()}


def _container_requests(container: Container, status: ContainerStatus | None, spec_counts: bool, defaulted: Iterable[str]) -> _Nanos:
    requests = {name: quantity.nanos for name, quantity in container.resources.requests.items()}
    if status is not None and status.resources is not None:
        if not spec_counts:
            requests = {}
        _raise_to(requests, {name: quantity.nanos for name, quantity in status.resources.requests.items()})
        _raise_to(requests, {name: quantity.nanos for name, quantity in status.allocated_resources.items()})
    for name in defaulted:
        requests.setdefault(name, _DEFAULT_NANOS[name])
    return requests


def _statuses(pod: Pod) -> dict[str, ContainerStatus]:
    return {status.name: status for status in (*pod.status.container_statuses, *pod.status.init_container_statuses)}


def _resize_is_infeasible(pod: Pod) -> bool:
    for condition in pod.status.conditions:
        if condition.type == "PodResizePending":
            return condition.reason == "Infeasible"
    return False


def _has_pod_level_requests(pod: Pod) -> bool:
    return pod.spec.resources is not None and any(_is_pod_level(name) for name in pod.spec.resources.requests)


def _is_pod_level(name: str) -> bool:
    return name in (CPU, MEMORY) or name.startswith("hugepages-")


def _add(total: _Nanos, more: Mapping[str, int]) -> None:
    for name, nanos in more.items():
        total[name] = total.get(name, 0) + nanos


def _raise_to(total: _Nanos, least: Mapping[str, int]) -> None:
    for name, nanos in least.items():
        total[name] = max(total.get(name, 0), nanos) if name in total else nanos


def _to_integers(total: _Nanos) -> dict[str, int]:
    return {name: to_integer(name, nanos) for name, nanos in total.items() if is_accounted(name)}
