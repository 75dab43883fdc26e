"""The sync of a StatefulSet: claim, number the revisions, walk over the pods, count them.

Source: pkg/controller/statefulset/stateful_set.go and stateful_set_control.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from binpack.control.actions import Actions, Done, Outcome, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.conditions import is_ready
from binpack.control.controller import Wake
from binpack.control.controllers.ownership import claim, is_controlled_by, selector_of
from binpack.control.controllers.pods import matters_to_owner, next_availability_us
from binpack.control.controllers.revisions import HASH_LABEL, numbered, template_of, to_forget
from binpack.control.controllers.statefulset.identity import is_member, parent_and_ordinal
from binpack.control.controllers.statefulset.status import stateful_set_status
from binpack.control.controllers.statefulset.walking import Templates, walk
from binpack.control.reader import Reader
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.revisions import ControllerRevision
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import StatefulSet
from binpack.units import US_PER_S


class _Sync(NamedTuple):
    """What a sync has found out before it writes the status."""

    stateful_set: StatefulSet
    pods: tuple[Pod, ...]
    revisions: tuple[ControllerRevision, ...]
    current: str
    update: str
    error: str = ""
    is_last: bool = False


class StatefulSetController:
    """Gives every ordinal its pod and claims, one after the other or all at once."""

    name = "statefulset-controller"
    resources: tuple[str, ...] | None = ("StatefulSet", "Pod")
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> None:
        """Return nothing: names are fixed, so nothing can be made twice."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterator[Wake]:
        """Wake a set for its changes and for those of its members."""
        value, former = event.object, event.previous
        if isinstance(value, StatefulSet):
            yield _key(value)
        elif isinstance(value, Pod):
            if event.type == "MODIFIED" and isinstance(former, Pod) and not matters_to_owner(former, value):
                return
            reference = controller_of(value.metadata)
            parent = reference.name if reference is not None and reference.kind == "StatefulSet" else ""
            if reference is None:
                parent = parent_and_ordinal(value.metadata.name)[0]
            owner = reader.find(StatefulSet, parent, value.metadata.namespace) if parent else None
            if owner is None:
                return
            yield _key(owner)
            seconds = owner.spec.min_ready_seconds
            if seconds > 0 and isinstance(former, Pod) and is_ready(value) and not is_ready(former):
                yield _key(owner), (seconds + 1) * US_PER_S

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Claim pods and number the revisions; when there is nothing of that to write, walk."""
        namespace, _, name = key.partition("/")
        found = reader.find(StatefulSet, name, namespace)
        if found is None:
            return Actions()
        uid, selector = found.metadata.uid, selector_of(found.spec.selector)
        owned = [pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid)]
        claims = claim(found, selector, owned, reader.orphans(Pod, namespace, selector), matches=lambda pod: is_member(found, pod))
        if claims.writes:
            return Actions((claims.writes,), note="again")
        revisions = [one for one in reader.dependents(ControllerRevision, uid) if is_controlled_by(one, uid)]
        number = numbered(found, revisions)
        if number.writes and found.metadata.deletion_timestamp is None:
            return Actions((number.writes,), note="again")
        known = {one.metadata.name: one for one in revisions}
        current = known.get(found.status.current_revision, number.update)
        sync = _Sync(found, claims.claimed, tuple(revisions), current.metadata.name, number.update.metadata.name)
        if found.metadata.deletion_timestamp is not None:
            return _write_status(sync, now_us)
        templates = Templates(template_of(current), template_of(number.update), sync.current, sync.update)
        stages, error = walk(
            found, claims.claimed, templates, lambda claim_name: reader.find(PersistentVolumeClaim, claim_name, namespace), now_us
        )
        return Actions(stages, note=sync._replace(error=error))

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Actions | Done:
        """Go on after claiming; write the status after the walk."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        if plan.note is None:
            return Done(error)
        if plan.note == "again":
            return Done(error) if error else self.reconcile(key, reader, memory, now_us)
        sync: _Sync = plan.note
        if sync.is_last:
            return Done(sync.error or error, plan.requeue_after_us)
        return _write_status(sync._replace(error=sync.error or error), now_us)


def _write_status(sync: _Sync, now_us: int) -> Actions:
    owner = sync.stateful_set
    status = stateful_set_status(owner, sync.pods, sync.current, sync.update, now_us)
    writes: list[Write] = [] if status == owner.status else [UpdateStatus(replace(owner, status=status))]
    live = {sync.current, sync.update, *(pod.metadata.labels.get(HASH_LABEL, "") for pod in sync.pods)}
    forgotten = to_forget(sync.revisions, live, owner.spec.revision_history_limit)
    wait_us, seconds = None, owner.spec.min_ready_seconds
    if seconds > 0 and status.ready_replicas != status.available_replicas:
        wait_us = next_availability_us(sync.pods, seconds, now_us) or seconds * US_PER_S
    stages = tuple(stage for stage in (tuple(writes), forgotten) if stage)
    return Actions(stages, requeue_after_us=wait_us, note=sync._replace(is_last=True))


def _key(value: StatefulSet) -> str:
    return f"{value.metadata.namespace}/{value.metadata.name}"
