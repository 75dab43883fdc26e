"""Which pods a kubelet ends to admit a critical one.

Source: pkg/kubelet/preemption/preemption.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from binpack.control.apiserver.qos import qos_class
from binpack.control.node.node_admission import Shortage
from binpack.control.node.pod_plan import is_critical
from binpack.control.node.pod_worker import PodWorker
from binpack.model.pod import Pod
from binpack.model.requests import CPU, MEMORY

_Requirements = dict[str, int]


def victims_for(pod: Pod, workers: Sequence[PodWorker], short: Sequence[Shortage]) -> list[PodWorker] | None:
    """Return the pods to end: of the lowest class of service, few and small; None if all together would not be enough."""
    by_class: dict[str, list[PodWorker]] = {"BestEffort": [], "Burstable": [], "Guaranteed": []}
    for worker in workers:
        if is_preemptable(pod, worker.pod):
            by_class[qos_class(worker.pod.spec)].append(worker)
    best_effort, burstable, guaranteed = by_class.values()
    needed = {one.resource: one.missing for one in short}
    if _without(needed, [*best_effort, *burstable, *guaranteed]):
        return None
    from_guaranteed = _nearest(guaranteed, _without(needed, [*best_effort, *burstable]))
    from_burstable = _nearest(burstable, _without(needed, [*best_effort, *from_guaranteed]))
    from_best_effort = _nearest(best_effort, _without(needed, [*from_burstable, *from_guaranteed]))
    return [*from_best_effort, *from_burstable, *from_guaranteed]


def is_preemptable(pod: Pod, other: Pod) -> bool:
    """Tell whether a pod may push another off its node. Source: pkg/kubelet/types/pod_update.go (Preemptable)."""
    if is_critical(pod) and not is_critical(other):
        return True
    return pod.spec.priority is not None and other.spec.priority is not None and pod.spec.priority > other.spec.priority


def _without(needed: Mapping[str, int], workers: Sequence[PodWorker]) -> _Requirements:
    """Return what is still needed when pods are gone."""
    left = {name: amount - sum(worker.plan.requests.get(name, 0) for worker in workers) for name, amount in needed.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _nearest(workers: Sequence[PodWorker], needed: _Requirements) -> list[PodWorker]:
    """Choose pods one by one, each time the one that leaves the least, of equal ones the smallest, until nothing is needed."""
    rest, chosen = list(workers), []
    while needed and rest:
        best = min(range(len(rest)), key=lambda index: (_distance(needed, rest[index]), _size(rest[index]), -index))
        chosen.append(rest[best])
        needed = _without(needed, [rest[best]])
        rest[best] = rest[-1]
        rest.pop()
    return chosen


def _distance(needed: Mapping[str, int], worker: PodWorker) -> float:
    """Tell how much of what is needed a pod leaves open; each resource weighs the same."""
    total = 0.0
    for name, amount in needed.items():
        left = float(amount - worker.plan.requests.get(name, 0))
        if left > 0:
            total += (left / float(amount)) ** 2
    return total


def _size(worker: PodWorker) -> tuple[int, int]:
    requests = worker.plan.requests
    return requests.get(MEMORY, 0), requests.get(CPU, 0)
