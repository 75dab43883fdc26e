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
from binpack.model.pod import Pod, PodTemplateSpec
from binpack.model.pod_defaults import default_template
from binpack.model.revisions import ControllerRevision, RevisionData, RevisionSpec
from binpack.model.workloads import DaemonSet, StatefulSet

HASH_LABEL = "controller-revision-hash"
DEFAULT_HISTORY_LIMIT = 10
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"


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
        return one.revision, _created(one.metadata), one.metadata.name

    return sorted(revisions, key=order)


def claim_revisions(owner: StatefulSet | DaemonSet, reader: Reader) -> Claims[ControllerRevision]:
    """Return the revisions that are an owner's, or are to be."""
    uid, selector = owner.metadata.uid, selector_of(owner.spec.selector)
    owned = [one for one in reader.dependents(ControllerRevision, uid) if is_controlled_by(one, uid)]
    return claim(owner, selector, owned, reader.orphans(ControllerRevision, owner.metadata.namespace, selector))


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """Return the template that a revision stands for."""
    return PodTemplateSpec() if revision.data is None else revision.data.spec.template


def missing_revisions(reader: Reader) -> list[ControllerRevision]:
    """Return the present revisions of sets that have pods and no revisions, as in a dump of some kinds only.

    Without them a set would take its pods, whose label names a revision that is not there, for pods of a former template, and replace
    them all.
    """
    found = []
    owners: list[StatefulSet | DaemonSet] = [*reader.scan(StatefulSet), *reader.scan(DaemonSet)]
    for owner in owners:
        uid = owner.metadata.uid
        pods = [one for one in reader.dependents(Pod, uid) if is_controlled_by(one, uid)]
        digest = _present_digest(owner, pods)
        if digest and not reader.dependents(ControllerRevision, uid):
            # A StatefulSet's pods name the whole revision, a DaemonSet's its hash.
            name = digest if isinstance(owner, StatefulSet) else f"{owner.metadata.name}-{digest}"
            found.append(_revision(owner, default_template(owner.spec.template), name, digest, 1))
    return found


def _present_digest(owner: StatefulSet | DaemonSet, pods: Sequence[Pod]) -> str:
    """Return the label of the revision that a set's template has, as far as status and pods tell; empty if they do not."""
    if isinstance(owner, StatefulSet) and owner.status.update_revision:
        return owner.status.update_revision
    labelled = [pod for pod in pods if HASH_LABEL in pod.metadata.labels]
    if isinstance(owner, DaemonSet):
        generation = owner.metadata.annotations.get(TEMPLATE_GENERATION)
        labelled = [pod for pod in labelled if pod.metadata.labels.get(GENERATION_LABEL) == generation] or labelled
    latest = max(labelled, key=lambda pod: (_created(pod.metadata), pod.metadata.name), default=None)
    return "" if latest is None else latest.metadata.labels[HASH_LABEL]


def _revision(owner: StatefulSet | DaemonSet, template: PodTemplateSpec, name: str, digest: str, number: int) -> ControllerRevision:
    return ControllerRevision(
        metadata=ObjectMeta(
            name=name,
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, HASH_LABEL: digest},
            owner_references=(controller_reference(owner),),
        ),
        data=RevisionData(RevisionSpec(template)),
        revision=number,
    )


def _created(meta: ObjectMeta) -> float:
    return 0.0 if meta.creation_timestamp is None else meta.creation_timestamp.timestamp()


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
    new = _revision(owner, template, f"{owner.metadata.name}-{digest}", digest, top + 1)
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
