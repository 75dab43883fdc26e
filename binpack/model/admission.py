"""What the API server's admission adds to a *new* pod: priority, default tolerations, overhead and placement of its runtime class.

For manifests that go through a (simulated) API server. Never for a dump, whose pods have been through it, nor for recorded decisions.
Source: plugin/pkg/admission/{priority,defaulttolerationseconds,runtimeclass} and pkg/util/tolerations, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.pod import Pod, Toleration
from binpack.model.policy import PriorityClass, RuntimeClass

SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
DEFAULT_TOLERATION_SECONDS = 300
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"

_PREEMPT = "PreemptLowerPriority"


class Lookup(Protocol):
    """Where classes are found: a catalog, or a store."""

    def get(self, kind: str, name: str, namespace: str = "") -> Any | None:
        """Return one object, or None."""
        ...

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Any]:
        """Return the objects of a kind."""
        ...


def admit_pod(pod: Pod, lookup: Lookup) -> Pod:
    """Add what admission adds when a pod is created.

    Parameters
    ----------
    pod : Pod
        With its defaults.
    lookup : Lookup
        Knows the PriorityClasses and RuntimeClasses; the two system priority classes are known without it.

    Raises
    ------
    ManifestError
        In the API server's words, `pods "web" is forbidden: …`, if a class does not exist or contradicts the pod.
    """
    pod = with_priority(pod, lookup)
    pod = with_default_tolerations(pod)
    return _with_runtime_class(pod, lookup)


def with_priority(pod: Pod, lookup: Lookup) -> Pod:
    """Resolve a pod's priority class (admission plugin Priority)."""
    name, priority, policy = _priority(pod, lookup)
    spec = pod.spec
    if spec.priority is not None and spec.priority != priority:
        raise _forbidden(
            pod,
            f"the integer value of priority ({spec.priority}) must not be provided in pod spec; priority admission controller"
            f" computed {priority} from the given PriorityClass name",
        )
    if spec.preemption_policy is not None and spec.preemption_policy != policy:
        raise _forbidden(
            pod,
            f"the string value of PreemptionPolicy ({spec.preemption_policy}) must not be provided in pod spec; priority admission"
            f" controller computed {policy} from the given PriorityClass name",
        )
    return replace(pod, spec=replace(spec, priority_class_name=name, priority=priority, preemption_policy=policy))


def _priority(pod: Pod, lookup: Lookup) -> tuple[str, int, str]:
    """The class's name, its value and its preemption policy."""
    name = pod.spec.priority_class_name
    if not name:
        defaults: list[PriorityClass] = [known for known in lookup.list("PriorityClass") if known.global_default]
        if not defaults:
            return "", 0, _PREEMPT
        found = min(defaults, key=lambda known: (known.value, known.metadata.name))
    elif (known := lookup.get("PriorityClass", name)) is not None:
        found = known
    elif name in SYSTEM_PRIORITIES:
        return name, SYSTEM_PRIORITIES[name], _PREEMPT
    else:
        raise _forbidden(pod, f"no PriorityClass with name {name} was found")
    return found.metadata.name, found.value, found.preemption_policy or _PREEMPT


def check_global_default(new: PriorityClass, present: Sequence[PriorityClass]) -> None:
    """Refuse a second priority class that is the default of all pods.

    Raises
    ------
    ManifestError
    """
    if not new.global_default:
        return
    others = [one for one in present if one.global_default]
    if others and all(one.metadata.name != new.metadata.name for one in others):
        other = min(others, key=lambda one: (one.value, one.metadata.name)).metadata.name
        why = f"PriorityClass {other} is already marked as default. Only one default can exist"
        raise ManifestError(f'priorityclasses.scheduling.k8s.io "{new.metadata.name}" is forbidden: {why}')


def with_default_tolerations(pod: Pod) -> Pod:
    """Let a pod stay 300 s on a node that is not ready or not reachable, unless it says something else (DefaultTolerationSeconds)."""
    added = tuple(
        Toleration(key=key, operator="Exists", effect="NoExecute", toleration_seconds=DEFAULT_TOLERATION_SECONDS)
        for key in (NOT_READY, UNREACHABLE)
        if not any(t.key in ("", key) and t.effect in ("", "NoExecute") for t in pod.spec.tolerations)
    )
    return replace(pod, spec=replace(pod.spec, tolerations=(*pod.spec.tolerations, *added))) if added else pod


def _with_runtime_class(pod: Pod, lookup: Lookup) -> Pod:
    name = pod.spec.runtime_class_name
    found: RuntimeClass | None = None
    if name is not None:
        found = lookup.get("RuntimeClass", name)
        if found is None:
            raise _forbidden(pod, f'pod rejected: RuntimeClass "{name}" not found')
    pod = _with_overhead(pod, found)
    if found is None or found.scheduling is None:
        return pod
    selector = dict(pod.spec.node_selector)
    for key, value in found.scheduling.node_selector.items():
        if selector.setdefault(key, value) != value:
            raise _forbidden(
                pod,
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {selector[key]}",
            )
    tolerations = merge_tolerations(pod.spec.tolerations, found.scheduling.tolerations)
    return replace(pod, spec=replace(pod.spec, node_selector=selector, tolerations=tolerations))


def _with_overhead(pod: Pod, runtime_class: RuntimeClass | None) -> Pod:
    if runtime_class is None or runtime_class.overhead is None:
        if pod.spec.overhead:
            raise _forbidden(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
        return pod
    overhead = runtime_class.overhead.pod_fixed
    if pod.spec.overhead and pod.spec.overhead != overhead:
        raise _forbidden(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    return replace(pod, spec=replace(pod.spec, overhead=overhead))


def merge_tolerations(first: Sequence[Toleration], second: Sequence[Toleration]) -> tuple[Toleration, ...]:
    """Join two lists and leave out every toleration that another one includes; of equal ones the first stays."""
    together = (*first, *second)
    merged: list[Toleration] = []
    for index, toleration in enumerate(together):
        later = (other for other in together[index + 1 :] if other != toleration)
        if not any(_includes(other, toleration) for other in (*merged, *later)):
            merged.append(toleration)
    return tuple(merged)


def _includes(wide: Toleration, narrow: Toleration) -> bool:
    """Tell whether one toleration tolerates all that another does."""
    if wide == narrow:
        return True
    if wide.key != narrow.key and not (wide.key == "" and wide.operator == "Exists"):
        return False
    if wide.effect not in ("", narrow.effect):
        return False
    if wide.effect == "NoExecute" and wide.toleration_seconds is not None:
        seconds = narrow.toleration_seconds
        if seconds is None or seconds > wide.toleration_seconds:
            return False
    if wide.operator == "Exists":
        return True
    return wide.operator in ("", "Equal") and narrow.operator == "Equal" and narrow.value == wide.value


def _forbidden(pod: Pod, reason: str) -> ManifestError:
    name = pod.metadata.name or pod.metadata.generate_name
    return ManifestError(f'pods "{name}" is forbidden: {reason}')
