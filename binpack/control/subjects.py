"""What a write to a pod is about: whose pod, and which of its parts. Most writes concern few of those who watch pods.

Whoever watches says which pods and which changes it cares about (`pod_owners`, `pod_changes`), as Kubernetes' event handlers do in
their first lines; it is then not told of the rest. It may be told more than it asked for: what it hears it judges itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from binpack.control.apiserver.watch import WatchEvent
from binpack.model.meta import controller_of
from binpack.model.pod import Pod

PodChange = Literal["spec", "metadata", "phase", "status"]
"""A part that a write changed: `phase` is `status.phase`, `status` anything in the status. Coming and going are told to all."""

Subject = tuple[str, str, str, int]
"""Resource; for pods also the kinds of their controller after and before the write, and which parts changed."""

_SPEC, _METADATA, _PHASE, _STATUS = 1, 2, 4, 8
_ANYTHING = 15
_BITS: dict[PodChange, int] = {"spec": _SPEC, "metadata": _METADATA, "phase": _PHASE, "status": _STATUS}


def subject_of(event: WatchEvent) -> Subject:
    """Return what a write is about."""
    pod, former = event.object, event.previous
    if not isinstance(pod, Pod):
        return event.resource, "", "", _ANYTHING
    meta = pod.metadata
    reference = controller_of(meta)
    kind = "" if reference is None else reference.kind
    if event.type != "MODIFIED" or not isinstance(former, Pod):
        return "Pod", kind, kind, _ANYTHING
    changes, former_kind, before = 0, kind, former.metadata
    if former.spec is not pod.spec:
        changes = _SPEC
    # A write to the status leaves the very same labels, owners and so on in place.
    if (
        before.labels is not meta.labels
        or before.annotations is not meta.annotations
        or before.finalizers is not meta.finalizers
        or before.owner_references is not meta.owner_references
        or before.deletion_timestamp is not meta.deletion_timestamp
        or before.deletion_grace_period_seconds != meta.deletion_grace_period_seconds
    ):
        changes |= _METADATA
        reference = controller_of(before)
        former_kind = "" if reference is None else reference.kind
    if former.status is not pod.status:
        changes |= _STATUS if former.status.phase == pod.status.phase else _STATUS | _PHASE
    return "Pod", kind, former_kind, changes


def concerns(
    subject: Subject,
    resources: Collection[str] | None,
    pod_owners: Collection[str] | None,
    pod_changes: Collection[PodChange] | None,
) -> bool:
    """Tell whether somebody who watches these resources, pods and changes has to hear of a write about a subject."""
    resource, kind, former_kind, changes = subject
    if resources is not None and resource not in resources:
        return False
    if resource != "Pod":
        return True
    # A pod without a controller may be adopted by anybody.
    is_near = pod_owners is None or not (kind and former_kind) or kind in pod_owners or former_kind in pod_owners
    if not is_near or pod_changes is None or changes == _ANYTHING:
        return is_near
    return any(changes & _BITS[part] for part in pod_changes)
