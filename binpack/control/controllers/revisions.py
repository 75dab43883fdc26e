"""ControllerRevisions: the former templates of a StatefulSet or a DaemonSet, numbered, and forgotten when they are too many.

Source: pkg/controller/history/controller_history.go; statefulset/stateful_set_control.go (getStatefulSetRevisions), v1.35.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from binpack.control.actions import Create, Delete, Update, Write
from binpack.control.controllers.deployment.revisions import template_hash
from binpack.control.controllers.ownership import controller_reference
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import PodTemplateSpec
from binpack.model.revisions import ControllerRevision, RevisionData, RevisionSpec
from binpack.model.workloads import DaemonSet, StatefulSet

HASH_LABEL = "controller-revision-hash"
DEFAULT_HISTORY_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Numbered:
    """The revision of the present template.

    Parameters
    ----------
    update : ControllerRevision
    writes : tuple of writes
        What has to be written first: the revision, or its new number.
    """

    update: ControllerRevision
    writes: tuple[Write, ...] = ()


def in_number(revisions: Sequence[ControllerRevision]) -> list[ControllerRevision]:
    """Sort revisions by number, creation time and name."""

    def order(one: ControllerRevision) -> tuple[int, float, str]:
        created = one.metadata.creation_timestamp
        return one.revision, 0.0 if created is None else created.timestamp(), one.metadata.name

    return sorted(revisions, key=order)


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """Return the template that a revision stands for."""
    return PodTemplateSpec() if revision.data is None else revision.data.spec.template


def numbered(owner: StatefulSet | DaemonSet, revisions: Sequence[ControllerRevision]) -> Numbered:
    """Find the revision of the present template; give an older one the highest number, or make a new one."""
    ordered, template = in_number(revisions), owner.spec.template
    top = ordered[-1].revision if ordered else 0
    equal = next((one for one in reversed(ordered) if template_of(one) == template), None)
    if equal is not None:
        if equal.revision == top:
            return Numbered(equal)
        raised = replace(equal, revision=top + 1)
        return Numbered(raised, (Update(raised),))
    digest = template_hash(template, owner.status.collision_count)
    new = ControllerRevision(
        metadata=ObjectMeta(
            name=f"{owner.metadata.name}-{digest}",
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, HASH_LABEL: digest},
            owner_references=(controller_reference(owner),),
        ),
        data=RevisionData(RevisionSpec(template)),
        revision=top + 1,
    )
    return Numbered(new, (Create(new),))


def to_forget(revisions: Sequence[ControllerRevision], live: Collection[str], limit: int | None) -> tuple[Delete, ...]:
    """Return the deletions that leave `limit` revisions besides those in use, the oldest first.

    Parameters
    ----------
    revisions : sequence of ControllerRevision
    live : collection of str
        Names of those in use.
    limit : int or None
        10 when it is not given.
    """
    idle = [one for one in in_number(revisions) if one.metadata.name not in live]
    excess = max(len(idle) - (DEFAULT_HISTORY_LIMIT if limit is None else limit), 0)
    return tuple(Delete(one) for one in idle[:excess])
