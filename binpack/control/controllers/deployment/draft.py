"""A plan in the making: the writes of one sync, one after the other, and the objects as they will be when those have succeeded."""

from __future__ import annotations

from binpack.control.actions import Actions, Create, Delete, Update, UpdateStatus, Write
from binpack.control.controllers.deployment.annotations import annotated, sized_annotations
from binpack.control.controllers.deployment.fenceposts import replicas_of
from binpack.control.controllers.deployment.rolling import Resize, resized_to
from binpack.control.records import Record
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.workloads import Deployment, DeploymentStatus, ReplicaSet


class Draft:
    """The writes that a sync has decided on so far. Each needs the success of those before it.

    Parameters
    ----------
    deployment : Deployment
        As it was read.

    Attributes
    ----------
    deployment : Deployment
        As it will be.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._writes: list[Write] = []
        self._records: list[Record] = []
        self._requeue_after_us: int | None = None

    def plan(self) -> Actions:
        """Return the plan."""
        stages = tuple((write,) for write in self._writes)
        return Actions(stages, tuple(self._records), requeue_after_us=self._requeue_after_us)

    def record(self, record: Record) -> None:
        """Send an Event, whatever becomes of the writes."""
        self._records.append(record)

    def requeue_after(self, delay_us: int) -> None:
        """Look again after that time."""
        self._requeue_after_us = delay_us

    def write_status(self, status: DeploymentStatus) -> bool:
        """Write the Deployment's status, and tell whether it differs from the one that it has."""
        if status == self.deployment.status:
            return False
        self.deployment = replace(self.deployment, status=status)
        self._writes.append(UpdateStatus(self.deployment))
        return True

    def write_conditions(self, conditions: tuple[Condition, ...]) -> None:
        """Write the Deployment's conditions, if they differ."""
        self.write_status(replace(self.deployment.status, conditions=conditions))

    def write_deployment(self, changed: Deployment) -> None:
        """Write the Deployment's metadata or spec, if they differ."""
        if changed != self.deployment:
            self.deployment = changed
            self._writes.append(Update(changed))

    def write_replica_set(self, changed: ReplicaSet, former: ReplicaSet) -> None:
        """Write a ReplicaSet, if it differs."""
        if changed != former:
            self._writes.append(Update(changed))

    def create(self, new: ReplicaSet) -> None:
        """Create a ReplicaSet."""
        record = self._scaled(new, 0, replicas_of(new)) if replicas_of(new) > 0 else None
        self._writes.append(Create(new, record))

    def resize(self, resizes: list[Resize]) -> None:
        """Write sizes, and the annotations that say for how many replicas they were chosen."""
        for one, replicas in resizes:
            changed = annotated(resized_to(one, replicas), sized_annotations(self.deployment))
            if changed != one:
                size = replicas_of(one)
                record = self._scaled(one, size, replicas) if size != replicas else None
                self._writes.append(Update(changed, record))

    def forget(self, old: list[ReplicaSet]) -> None:
        """Delete ReplicaSets."""
        self._writes.extend(Delete(one) for one in old)

    def _scaled(self, replica_set: ReplicaSet, old: int, new: int) -> Record:
        direction = "up" if new > old else "down"
        message = f"Scaled {direction} replica set {replica_set.metadata.name} from {old} to {new}"
        return Record(self.deployment, "Normal", "ScalingReplicaSet", message)
