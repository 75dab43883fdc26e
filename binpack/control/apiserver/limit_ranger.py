"""LimitRanger as part of admission: which requests it looks at, and what it does to a new pod.

Source: plugin/pkg/admission/limitranger/admission.go (SupportsAttributes, runLimitFunc), v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.control.apiserver.errors import ForbiddenError
from binpack.model.limit_ranges import claim_violations, default_item, joined, pod_violations, with_limit_defaults
from binpack.model.pod import Pod
from binpack.model.policy import LimitRange, LimitRangeItem
from binpack.model.storage import PersistentVolumeClaim


def is_checked(kind: str, operation: str, subresource: str = "") -> bool:
    """Tell whether a request is looked at: creations, changes of claims, and resizes of pods."""
    if operation == "CREATE":
        return subresource == ""
    if operation != "UPDATE":
        return False
    return subresource == "resize" if kind == "Pod" else kind == "PersistentVolumeClaim" and subresource == ""


def items_of(ranges: Sequence[LimitRange]) -> list[LimitRangeItem]:
    """Return the limits of several LimitRanges, with their own defaults."""
    return [default_item(item) for one in ranges for item in one.spec.limits]


def with_defaults(pod: Pod, ranges: Sequence[LimitRange]) -> Pod:
    """Return a new pod with what the LimitRanges of its namespace give to containers that ask for nothing."""
    return with_limit_defaults(pod, items_of(ranges)) if ranges else pod


def check_pod(pod: Pod, ranges: Sequence[LimitRange]) -> None:
    """Refuse a pod that is against a LimitRange of its namespace; all that is wrong with one is said at once.

    Raises
    ------
    ForbiddenError
    """
    for one in ranges:
        violations = pod_violations(pod, items_of([one]))
        if violations:
            name = pod.metadata.name or pod.metadata.generate_name
            raise ForbiddenError(f'pods "{name}" is forbidden: {joined(violations)}')


def check_claim(claim: PersistentVolumeClaim, ranges: Sequence[LimitRange]) -> None:
    """Refuse a claim whose request is against a LimitRange of its namespace.

    Raises
    ------
    ForbiddenError
    """
    for one in ranges:
        violations = claim_violations(claim, items_of([one]))
        if violations:
            raise ForbiddenError(f'persistentvolumeclaims "{claim.metadata.name}" is forbidden: {joined(violations)}')
