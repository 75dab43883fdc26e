"""ControllerRevisions: the former templates of a StatefulSet or a DaemonSet, numbered, and forgotten when they are too many.

Source: pkg/controller/history/controller_history.go; statefulset/stateful_set_control.go (getStatefulSetRevisions), v1.35.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from binpack.control.actions import Create, Delete, Outcome, Update, UpdateStatus, Write
from binpack.control.apiserver.errors import AlreadyExistsError
from binpack.control.controllers.deployment.revisions import template_hash
from binpack.control.controllers.ownership import Claims, claim, controller_reference, is_controlled_by, selector_of
from binpack.control.reader import Reader
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import PodTemplateSpec
from binpack.model.pod_defaults import default_template
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


def claim_revisions(owner: StatefulSet | DaemonSet, reader: Reader) -> Claims[ControllerRevision]:
    """Return the revisions that are an owner's, or are to be."""
    uid, selector = owner.metadata.uid, selector_of(owner.spec.selector)
    owned = [one for one in reader.dependents(ControllerRevision, uid) if is_controlled_by(one, uid)]
    return claim(owner, selector, owned, reader.orphans(ControllerRevision, owner.metadata.namespace, selector))


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """Return the template that a revision stands for."""
    return PodTemplateSpec() if revision.data is None else revision.data.spec.template


def numbered(owner: StatefulSet | DaemonSet, revisions: Sequence[ControllerRevision]) -> Numbered:
    """Find the revision of the present template; give an older one the highest number, or make a new one."""
    ordered, template = in_number(revisions), default_template(owner.spec.template)
    top = ordered[-1].revision if ordered else 0
    # Compared with its defaults: a revision that was written before a default was known is the same template still.
    equal = next((one for one in reversed(ordered) if default_template(template_of(one)) == template), None)
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


def collision(owner: StatefulSet | DaemonSet, outcomes: Sequence[Outcome], reader: Reader) -> UpdateStatus | None:
    """Return the write that makes the next try take another name, if the name of the new revision is somebody else's; else None."""
    for one in outcomes:
        if isinstance(one.write, Create) and isinstance(one.error, AlreadyExistsError) and isinstance(one.write.object, ControllerRevision):
            new = one.write.object
            holder = reader.find(ControllerRevision, new.metadata.name, new.metadata.namespace)
            mine = holder is not None and is_controlled_by(holder, owner.metadata.uid) and template_of(holder) == template_of(new)
            # A holder that cannot be seen yet is mostly the revision itself, made before the last crash.
            if holder is not None and not mine:
                status = owner.status
                return UpdateStatus(replace(owner, status=replace(status, collision_count=(status.collision_count or 0) + 1)))
    return None


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
