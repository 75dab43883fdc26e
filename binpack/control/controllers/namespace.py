"""Namespace: empties a namespace that is being deleted, pods before everything else, and then lets it go.

Source: pkg/controller/namespace (namespace_controller.go, deletion/namespaced_resources_deleter.go and status_condition_utils.go), v1.35;
the feature OrderedNamespaceDeletion is on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from binpack.control.actions import Actions, Delete, Done, Finalize, Outcome, UpdateStatus
from binpack.control.apiserver.namespace_lifecycle import FINALIZER, TERMINATING
from binpack.control.apiserver.resources import ApiObject, qualified_plural, resource_of
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import time_of, timestamp_of
from binpack.control.conditions import transitioned
from binpack.control.controller import Wake
from binpack.control.reader import Reader
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.policy import Namespace, NamespaceStatus
from binpack.units import US_PER_S

GRACE_US = 5 * US_PER_S
"""How long after its deletion a namespace is first looked at."""
FINALIZER_ESTIMATE_SECONDS = 15

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class _Step:
    """What a plan is for: pods go first; `estimate_seconds` is how long those that are there may take."""

    deletes: str
    estimate_seconds: int = 0


class NamespaceController:
    """Empties namespaces that are being deleted."""

    name = "namespace-controller"
    resources: tuple[str, ...] | None = ("Namespace",)
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 10

    def new_limiter(self) -> RateLimiter:
        """Return a limiter that waits no longer than a minute."""
        return RateLimiter(max_us=60 * US_PER_S)

    def new_memory(self) -> None:
        """Return nothing: all that it needs is in the objects."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterable[Wake]:
        """Wake a namespace some time after its deletion."""
        if event.type == "DELETED" or event.object.metadata.deletion_timestamp is None:
            return ()
        return ((event.object.metadata.name, GRACE_US),)

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Delete the pods of a namespace, or what else is in it when there are none, or let it go when it is empty."""
        namespace = reader.find(Namespace, key)
        if namespace is None or namespace.metadata.deletion_timestamp is None or FINALIZER not in namespace.spec.finalizers:
            return Actions()
        pods = reader.scan(Pod, key)
        if pods:
            return Actions((_deletes(pods),), note=_Step("pods", _estimate_seconds(namespace, pods, now_us)))
        return _delete_others(key, reader)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Actions | Done:
        """See what is left: go on, wait for it, or let the namespace go."""
        errors = [str(one.error) for one in outcomes if one.error is not None and one.error.code != _NOT_FOUND]
        step: _Step | None = plan.note
        if step is None or errors:
            return Done(error="; ".join(errors), requeue_after_us=plan.requeue_after_us)
        if step.deletes == "wait":
            return _waiting(key, reader, step.estimate_seconds)
        left: list[ApiObject] = reader.within(key)
        if step.deletes == "pods":
            left_pods = [one for one in left if isinstance(one, Pod)]
            if not left_pods:
                return _delete_others(key, reader)
            left = list(left_pods)
        namespace = reader.find(Namespace, key)
        if namespace is None:
            return Done()
        told = replace(namespace, status=_status(namespace, left, now_us))
        stage = (UpdateStatus(told),) if told != namespace else ()
        if not left:
            finalizers = tuple(one for one in namespace.spec.finalizers if one != FINALIZER)
            finalized = replace(told, spec=replace(told.spec, finalizers=finalizers))
            return Actions((*((stage,) if stage else ()), (Finalize(finalized),)))
        estimate = step.estimate_seconds
        if not estimate and any(one.metadata.finalizers for one in left):
            estimate = FINALIZER_ESTIMATE_SECONDS
        return Actions((stage,) if stage else (), note=_Step("wait", estimate))


def _deletes(values: Iterable[ApiObject]) -> tuple[Delete, ...]:
    return tuple(Delete(one, propagation="Background") for one in values if one.metadata.deletion_timestamp is None)


def _delete_others(name: str, reader: Reader) -> Actions:
    return Actions((_deletes(reader.within(name)),), note=_Step("others"))


def _waiting(name: str, reader: Reader, estimate_seconds: int) -> Done:
    """Come back when half of what is left should have gone; what neither ends nor is held should not be there, and is retried."""
    if estimate_seconds:
        return Done(requeue_after_us=(estimate_seconds // 2 + 1) * US_PER_S)
    kinds = sorted({qualified_plural(resource_of(one)) for one in reader.within(name)})
    return Done(error=f"unexpected items still remain in namespace: {name} for {', '.join(kinds)}") if kinds else Done(requeue_after_us=0)


def _estimate_seconds(namespace: Namespace, pods: Sequence[Pod], now_us: int) -> int:
    """Return the longest grace period of pods that have not ended; 0 once it has passed since the namespace was deleted."""
    longest = max((pod.spec.termination_grace_period_seconds or 0 for pod in pods if not pod.is_terminal), default=0)
    deleted = namespace.metadata.deletion_timestamp
    assert deleted is not None
    return 0 if now_us - time_of(deleted) >= longest * US_PER_S else longest


def _status(namespace: Namespace, left: Sequence[ApiObject], now_us: int) -> NamespaceStatus:
    """Return the status that says what is left."""
    kinds = Counter(qualified_plural(resource_of(one)) for one in left)
    finalizers = Counter(finalizer for one in left for finalizer in one.metadata.finalizers)
    # A resource is written with a dot before its group, also where the group is empty.
    remaining = ", ".join(f"{kind if '.' in kind else kind + '.'} has {count} resource instances" for kind, count in sorted(kinds.items()))
    held = ", ".join(f"{finalizer} in {count} resource instances" for finalizer, count in sorted(finalizers.items()))
    conditions = (
        Condition("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
        Condition(
            "NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"
        ),
        Condition(
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        Condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", f"Some resources are remaining: {remaining}")
        if kinds
        else Condition("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"),
        Condition(
            "NamespaceFinalizersRemaining",
            "True",
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {held}",
        )
        if finalizers
        else Condition("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
    )
    present = namespace.status.conditions
    for condition in conditions:
        present = transitioned(present, condition, timestamp_of(now_us))
    return replace(namespace.status, phase=TERMINATING, conditions=present)
