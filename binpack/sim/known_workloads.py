"""Which workloads there are at a step's time, as far as a scenario tells: to find a step that can do nothing before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from binpack.control.apiserver.resources import ApiObject
from binpack.model.defaulting import DEFAULT_NAMESPACE
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from binpack.sim.some_names import some
from binpack.sim.timeline import Apply, Delete, TimelineEvent

_KINDS = (CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet)
_MADE_BY = {"ReplicaSet": "Deployment", "Job": "CronJob"}
"""Kinds that controllers make under names of their own, by the kind for which they do."""

Name = tuple[str, str, str]
"""Kind, namespace, name."""


class KnownWorkloads:
    """Follows what a scenario puts there and takes away.

    Parameters
    ----------
    objects : iterable of objects
        There at the start.
    is_complete : bool
        False if others make workloads, too, of whom nothing is known before the run; then nothing is found missing.
    """

    def __init__(self, objects: Iterable[ApiObject], *, is_complete: bool) -> None:
        self._is_complete = is_complete
        self._containers: dict[Name, tuple[str, ...]] = {}
        for value in objects:
            self._add(value)

    def follow(self, event: TimelineEvent) -> None:
        """Take note of an event that happens from outside."""
        match event:
            case Apply() if isinstance(event.object, _KINDS):
                self._add(event.object)
            case Delete(kind="Namespace"):
                self._containers = {name: held for name, held in self._containers.items() if name[1] != event.name}
            case Delete():
                self._containers.pop((event.kind, event.namespace, event.name), None)

    def missing(self, kind: str, namespace: str, name: str) -> str | None:
        """Say what is wrong with naming a workload; None if it is, or may be, there."""
        if (kind, namespace, name) in self._containers or not self._is_complete or self._may_be_made(kind):
            return None
        others = [f"{one[1]}/{one[2]}" for one in self._containers if one[0] == kind]
        accepted = some(others) or "one that is applied before"
        return f'no {kind} "{name}" in namespace "{namespace}" at that time (accepted: {accepted})'

    def containers(self, kind: str, namespace: str, name: str) -> tuple[str, ...] | None:
        """Return the names of a workload's containers; None if it is not known."""
        return self._containers.get((kind, namespace, name))

    def _may_be_made(self, kind: str) -> bool:
        return any(one[0] == _MADE_BY.get(kind) for one in self._containers)

    def _add(self, value: ApiObject) -> None:
        if not isinstance(value, _KINDS):
            return
        template = value.spec.job_template.spec.template if isinstance(value, CronJob) else value.spec.template
        names = tuple(one.name for one in (*template.spec.containers, *template.spec.init_containers))
        self._containers[value.kind, value.metadata.namespace or DEFAULT_NAMESPACE, value.metadata.name] = names
