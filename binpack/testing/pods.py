"""A builder of pods: `pod("web").request(cpu="500m").label(app="web").tolerates("spot").spread("zone").build()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from binpack.model.base import replace
from binpack.model.meta import Condition, ObjectMeta, OwnerReference
from binpack.model.pod import Container, Pod, PodSchedulingGate, PodSpec, PodTemplateSpec, ResourceRequirements, Toleration
from binpack.model.volumes import PersistentVolumeClaimVolumeSource, Volume
from binpack.testing.containers import ContainerMethods
from binpack.testing.placement import PlacementMethods
from binpack.testing.values import DURATION_ANNOTATION, Amount, moment, quantities_of


@dataclass(frozen=True)
class PodBuilder(ContainerMethods, PlacementMethods):
    """A pod under construction. Each method returns a new builder, so that a half-built pod can be shared by many cases.

    Parameters
    ----------
    draft : Pod
        The pod as built so far.
    """

    draft: Pod

    def build(self) -> Pod:
        """Return the pod."""
        return self.draft

    def template(self) -> PodTemplateSpec:
        """Return labels, annotations and spec as the template of a Deployment or Job."""
        meta = self.draft.metadata
        return PodTemplateSpec(metadata=ObjectMeta(labels=meta.labels, annotations=meta.annotations), spec=self.draft.spec)

    def label(self, labels: Mapping[str, str] | None = None, **named: str) -> Self:
        """Add labels; those whose key is no Python name go into the mapping."""
        return self._meta(labels=self.draft.metadata.labels | dict(labels or {}) | named)

    def annotate(self, annotations: Mapping[str, str]) -> Self:
        """Add annotations."""
        return self._meta(annotations=self.draft.metadata.annotations | dict(annotations))

    def owner(self, kind: str, name: str, *, api_version: str = "apps/v1", uid: str = "") -> Self:
        """Name the controller that owns the pod."""
        reference = OwnerReference(api_version=api_version, kind=kind, name=name, uid=uid, controller=True, block_owner_deletion=True)
        return self._meta(owner_references=(reference,))

    def uid(self, uid: str) -> Self:
        """Set the uid."""
        return self._meta(uid=uid)

    def created(self, at: datetime | float) -> Self:
        """Set the creation time: a moment, or seconds since 2026-01-01."""
        return self._meta(creation_timestamp=moment(at))

    def terminating(self, at: datetime | float = 0) -> Self:
        """Set the deletion time: a moment, or seconds since 2026-01-01."""
        return self._meta(deletion_timestamp=moment(at))

    def priority(self, value: int) -> Self:
        """Set the priority that admission would have resolved."""
        return self._spec(priority=value)

    def priority_class(self, name: str) -> Self:
        """Name a PriorityClass."""
        return self._spec(priority_class_name=name)

    def never_preempts(self) -> Self:
        """Set `preemptionPolicy: Never`."""
        return self._spec(preemption_policy="Never")

    def tolerates(
        self, key: str, value: str | None = None, *, effect: str = "", operator: str | None = None, seconds: int | None = None
    ) -> Self:
        """Add a toleration: of the key with any value, or with the given one; of every effect, or of the given one."""
        chosen = operator if operator is not None else ("Exists" if value is None else "Equal")
        toleration = Toleration(key=key, operator=chosen, value=value or "", effect=effect, toleration_seconds=seconds)
        return self._spec(tolerations=(*self.draft.spec.tolerations, toleration))

    def tolerates_everything(self) -> Self:
        """Add the toleration with an empty key and `Exists`."""
        return self.tolerates("", operator="Exists")

    def claim(self, name: str) -> Self:
        """Add a volume from a PersistentVolumeClaim."""
        volume = Volume(name=f"volume-{len(self.draft.spec.volumes)}", persistent_volume_claim=PersistentVolumeClaimVolumeSource(name))
        return self._spec(volumes=(*self.draft.spec.volumes, volume))

    def pod_level(self, requests: Mapping[str, Amount] | None = None, **named: Amount) -> Self:
        """Set requests of the pod as a whole."""
        return self._spec(resources=ResourceRequirements(requests=quantities_of(requests, **named)))

    def overhead(self, amounts: Mapping[str, Amount] | None = None, **named: Amount) -> Self:
        """Set the overhead that a RuntimeClass would add."""
        return self._spec(overhead=quantities_of(amounts, **named))

    def gate(self, name: str) -> Self:
        """Add a scheduling gate."""
        return self._spec(scheduling_gates=(*self.draft.spec.scheduling_gates, PodSchedulingGate(name)))

    def restarts(self, policy: Literal["Always", "OnFailure", "Never"]) -> Self:
        """Set `restartPolicy`."""
        return self._spec(restart_policy=policy)

    def lasts(self, seconds: float) -> Self:
        """Say, in the annotation that the simulated kubelet reads, how long the pod runs once started."""
        return self.annotate({DURATION_ANNOTATION: f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"})

    def scheduler(self, name: str) -> Self:
        """Name the scheduler that is to place the pod."""
        return self._spec(scheduler_name=name)

    def on(self, node_name: str) -> Self:
        """Bind the pod to a node, and let it run."""
        return self._spec(node_name=node_name).phase("Running")

    def nominated(self, node_name: str) -> Self:
        """Nominate a node, as preemption does."""
        return self._status(nominated_node_name=node_name)

    def started(self, at: datetime | float) -> Self:
        """Set the start time: a moment, or seconds since 2026-01-01."""
        return self._status(start_time=moment(at))

    def phase(self, phase: str) -> Self:
        """Set `status.phase`."""
        return self._status(phase=phase)

    def condition(self, kind: str, status: str, *, reason: str = "") -> Self:
        """Set one condition, in place of the former one of that type."""
        others = tuple(c for c in self.draft.status.conditions if c.type != kind)
        return self._status(conditions=(*others, Condition(type=kind, status=status, reason=reason)))

    def _meta(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, metadata=replace(self.draft.metadata, **changes)))

    def _spec(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, spec=replace(self.draft.spec, **changes)))

    def _status(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, status=replace(self.draft.status, **changes)))


def pod(name: str = "pod", *, namespace: str = "default") -> PodBuilder:
    """Start a pod with one container that requests nothing.

    Examples
    --------
    >>> web = pod("web").request(cpu="500m").tolerates("spot").build()
    >>> web.key, web.spec.tolerations[0].operator
    ('default/web', 'Exists')
    """
    return PodBuilder(Pod(metadata=ObjectMeta(name=name, namespace=namespace), spec=PodSpec(containers=(Container(name="main"),))))
