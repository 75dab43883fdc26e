"""From a recorded history to a start and a timeline: what users and machines did stays, what a control plane did it does anew.

What a control plane did in the recording (which node a pod got, which pods a Deployment made) is left out of the timeline and kept for
comparison. Who made a pod decides how it comes back: either its controller makes it, if that is in the recording, too, or it is applied
as it was, without an owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from binpack.control.clock import EPOCH
from binpack.control.controllers.node_lifecycle.health import GRACE_PERIOD_US
from binpack.errors import ManifestError
from binpack.model.kinds import KubernetesObject
from binpack.sim.external import object_of
from binpack.sim.recording.history import UNIX_EPOCH, History, Key, Plain, condition, owner_key, part, parts
from binpack.sim.recording.instances import Instance, binding, instances_of, is_mirror, outages, own_end
from binpack.sim.recording.manifests import as_it_was, manifest, with_annotations
from binpack.sim.recording.recorded_pods import RecordedPod, recorded_pod, run_annotations, run_time_annotations
from binpack.sim.timeline import Apply, Cordon, Delete, Disconnect, Drain, FailNode, Reconnect, RecoverNode, Scale, TimelineEvent
from binpack.units import US_PER_S

Owned = Literal["controllers", "bare"]
CONTROLLED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"})
"""Kinds whose controllers make what they own."""
_ADMISSION = frozenset({"ResourceQuota", "LimitRange"})
_FIRST = frozenset({"Namespace", "PriorityClass", "RuntimeClass", "Node", "StorageClass", "PersistentVolume"})
DEFAULT_SCHEDULER = "default-scheduler"
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")


@dataclass(frozen=True)
class Replay:
    """A recording, ready to be run.

    Parameters
    ----------
    objects : tuple of objects
        There at the start, nodes included.
    events : tuple of TimelineEvent
    until_us : int
        When the recording ends.
    pods : tuple of RecordedPod
    notes : tuple of str
        What was derived, assumed or left out.
    skipped : dict[str, int]
        How many objects are of kinds that are not replayed.
    """

    objects: tuple[KubernetesObject, ...]
    events: tuple[TimelineEvent, ...]
    until_us: int
    pods: tuple[RecordedPod, ...]
    notes: tuple[str, ...]
    skipped: dict[str, int]


def replay_of(history: History, *, owned: Owned = "controllers") -> Replay:
    """Turn a history into a start and a timeline.

    Parameters
    ----------
    history : History
    owned : "controllers" or "bare"
        What becomes of pods whose controller is in the recording: their controllers make them, or they come and go as recorded, and no
        controller of workloads may run (`WITHOUT_WORKLOADS`).

    Raises
    ------
    ManifestError
        If an object is none of its kind, or the recording lacks what is needed.
    """
    return _Replayer(history, instances_of(history), owned).replay()


class _Replayer:
    """Decides for each recorded object what is replayed of it."""

    def __init__(self, history: History, instances: Sequence[Instance], owned: Owned) -> None:
        self._history = history
        self._instances = instances
        self._is_bare = owned == "bare"
        self._by_key = {instance.key: instance for instance in instances}
        self._shift_seconds = -((history.start_us - (EPOCH - UNIX_EPOCH).total_seconds() * US_PER_S) // US_PER_S)
        self._left: Counter[str] = Counter()
        self._drained: set[tuple[str, int]] = set()
        self._ran_us: dict[Key, list[tuple[int, int]]] = {}

    def replay(self) -> Replay:
        self._check_replica_sets()
        self._note_run_times()
        objects: list[KubernetesObject] = []
        events: list[tuple[bool, TimelineEvent]] = []
        for instance in self._instances:
            if self._is_dropped(instance):
                continue
            if instance.is_initial:
                objects.append(self._typed(self._at_start(instance), instance.place))
            events += ((instance.key.kind not in _FIRST, event) for event in self._events(instance))
        objects += self._missing_priority_classes()
        events.sort(key=lambda pair: (pair[1].time_us, pair[0]))
        return Replay(
            objects=tuple(objects),
            events=tuple(event for _, event in events),
            until_us=max(self._history.end_us - self._history.start_us, 0),
            pods=tuple(recorded_pod(one, self._by_key) for one in self._instances if one.key.kind == "Pod"),
            notes=(*self._history.notes, *self._notes()),
            skipped=self._history.skipped,
        )

    # What is replayed

    def _is_dropped(self, instance: Instance) -> bool:
        """Tell whether an object has no part in the replay: what was recorded has passed its quotas already."""
        return self._is_bare and instance.key.kind in _ADMISSION

    def _has_owner(self, instance: Instance) -> bool:
        """Tell whether an object's controller is in the recording."""
        return owner_key(instance.first) in self._by_key

    def _is_owned(self, instance: Instance) -> bool:
        """Tell whether an object is left to a controller that is there in the replay, too.

        At the start it is part of the cluster; what its controller makes or deletes later it makes or deletes by itself.
        """
        owner = owner_key(instance.first)
        return not self._is_bare and owner is not None and owner.kind in CONTROLLED and owner in self._by_key

    def _events(self, instance: Instance) -> Iterator[TimelineEvent]:
        kind, key = instance.key.kind, instance.key
        if self._is_owned(instance):
            if kind == "Pod":
                yield from self._drain(instance)
            self._left[kind] += 1
            return
        if kind == "Node":
            yield from self._of_node(instance)
        elif kind == "Pod":
            yield from self._of_pod(instance)
        else:
            yield from self._of_object(instance)
        if instance.asked_us is not None:
            yield Delete(instance.asked_us, kind, key.name, key.namespace)

    def _of_object(self, instance: Instance) -> Iterator[TimelineEvent]:
        key = instance.key
        former = None
        for time_us, value in self._before_the_end(instance):
            wanted = self._with_run_time(manifest(value), key)
            if former is None and instance.is_initial:
                former = wanted
                continue
            if wanted == former:
                continue
            replicas = None if former is None else _only_scaled(former, wanted)
            if replicas is not None:
                yield Scale(time_us, key.kind, key.name, key.namespace, replicas)
            else:
                yield Apply(time_us, self._typed(wanted, instance.place), is_whole=True)
            former = wanted

    def _of_pod(self, pod: Instance) -> Iterator[TimelineEvent]:
        if pod.is_initial:
            return
        wanted = with_annotations(manifest(pod.first), run_annotations(pod))
        if self._has_owner(pod):
            wanted["metadata"]["ownerReferences"] = part(pod.first, "metadata")["ownerReferences"]
        if is_mirror(pod.first):
            wanted["spec"]["nodeName"] = part(pod.first, "spec").get("nodeName", "")
        yield Apply(pod.created_us, self._typed(wanted, pod.place), is_whole=True)

    def _of_node(self, node: Instance) -> Iterator[TimelineEvent]:
        name, former = node.key.name, manifest(node.first) if node.is_initial else None
        ready_us = 0 if node.is_initial else _first_ready_us(node)
        for time_us, value in self._before_the_end(node):
            if time_us < ready_us:
                continue
            wanted = manifest(value)
            if wanted == former:
                continue
            if former is not None and _without_cordon(former) == _without_cordon(wanted):
                yield Cordon(time_us, name, unschedulable=wanted["spec"]["unschedulable"])
            else:
                yield Apply(time_us, self._typed(wanted, node.place), is_whole=True)
            former = wanted
        for down_us, up_us, has_started_anew in outages(node):
            silent_us = max(down_us - GRACE_PERIOD_US, 0)
            yield FailNode(silent_us, name) if has_started_anew else Disconnect(silent_us, name)
            if up_us is not None:
                yield RecoverNode(up_us, name) if has_started_anew else Reconnect(up_us, name)

    def _drain(self, pod: Instance) -> Iterator[TimelineEvent]:
        """Repeat a drain: somebody evicts a pod that a controller made from a node that is cordoned."""
        bound = binding(pod)
        node = None if bound is None else self._by_key.get(Key("Node", "", bound[0]))
        if node is None:
            return
        for time_us, value in pod.versions:
            evicted = condition(value, "DisruptionTarget")
            if evicted.get("status") != "True" or evicted.get("reason") != "EvictionByEvictionAPI":
                continue
            cordoned_us = _cordoned_since(node, time_us)
            if cordoned_us is not None and (node.key.name, cordoned_us) not in self._drained:
                self._drained.add((node.key.name, cordoned_us))
                yield Drain(time_us, (node.key.name,), force=True)
            return

    def _before_the_end(self, instance: Instance) -> Iterator[tuple[int, Plain]]:
        for time_us, value in instance.versions:
            if instance.asked_us is not None and time_us >= instance.asked_us and value is not instance.first:
                return
            yield time_us, value

    # The start

    def _at_start(self, instance: Instance) -> Plain:
        is_pod = instance.key.kind == "Pod"
        value = as_it_was(instance.first, int(self._shift_seconds), has_owner=self._has_owner(instance), has_controllers=not self._is_bare)
        return with_annotations(value, run_annotations(instance)) if is_pod else self._with_run_time(value, instance.key)

    def _typed(self, value: Plain, place: str) -> KubernetesObject:
        return object_of(value, place=place)  # type: ignore[return-value]

    def _missing_priority_classes(self) -> list[KubernetesObject]:
        """Make the classes that pods name and the recording lacks, with the priorities of these pods."""
        named: dict[str, int] = {}
        for instance in self._instances:
            spec = part(instance.first, "spec")
            name, priority = spec.get("priorityClassName"), spec.get("priority")
            if instance.key.kind == "Pod" and isinstance(name, str) and isinstance(priority, int) and name not in _SYSTEM_CLASSES:
                named.setdefault(name, priority)
        missing = [(name, value) for name, value in sorted(named.items()) if Key("PriorityClass", "", name) not in self._by_key]
        version = "scheduling.k8s.io/v1"
        made = [
            {"apiVersion": version, "kind": "PriorityClass", "metadata": {"name": name}, "value": value} for name, value in missing if name
        ]
        return [self._typed(one, "a PriorityClass that recorded pods name") for one in made]

    # Run times

    def _note_run_times(self) -> None:
        for instance in self._instances:
            owner = owner_key(instance.first)
            if instance.key.kind == "Pod" and owner is not None and owner.kind == "Job" and (ran := own_end(instance)) is not None:
                self._ran_us.setdefault(owner, []).append(ran)

    def _with_run_time(self, value: Plain, key: Key) -> Plain:
        """Let the pods of a Job run as long as its recorded ones did, the median of those that succeeded."""
        runs = self._ran_us.get(key)
        if key.kind != "Job" or not runs:
            return value
        ranked = sorted(ran for ran in runs if ran[1] == 0) or sorted(runs)
        duration_us, exit_code = ranked[len(ranked) // 2]
        return with_annotations(value, run_time_annotations(duration_us, exit_code), of_template=True)

    # What is told

    def _check_replica_sets(self) -> None:
        kinds = {instance.key.kind for instance in self._instances}
        if self._is_bare or "ReplicaSet" in kinds or "Deployment" not in kinds:
            return
        for instance in self._instances:
            owner = owner_key(instance.first)
            if instance.key.kind == "Pod" and owner is not None and owner.kind == "ReplicaSet":
                raise ManifestError(
                    f"{instance.place}: {instance.key} is of {owner}, and no ReplicaSet is in the recording, only Deployments"
                    " (accepted: a recording of replicasets, too, or of pods alone, or pods replayed as bare ones)"
                )

    def _pods(self) -> Iterator[Instance]:
        return (instance for instance in self._instances if instance.key.kind == "Pod")

    def _notes(self) -> list[str]:
        notes = []
        if self._left:
            counted = ", ".join(f"{count} {kind}s" for kind, count in sorted(self._left.items()))
            notes.append(f"left to their controllers, which are in the recording: {counted}")
        if self._is_bare:
            notes.append("no controller of workloads runs: pods come and go as recorded; quotas and limit ranges are left out")
        elif any(instance.key.kind == "CronJob" for instance in self._instances):
            notes.append("CronJobs are suspended: their Jobs come when they came in the recording")
        schedulers = Counter(str(part(one.first, "spec").get("schedulerName") or DEFAULT_SCHEDULER) for one in self._pods())
        if others := ", ".join(f"{name} ({count})" for name, count in sorted(schedulers.items()) if name != DEFAULT_SCHEDULER):
            notes.append(f"pods of other schedulers wait for ever unless a profile has that name: {others}")
        claiming = sum(any("persistentVolumeClaim" in one for one in parts(pod.first, "spec", "volumes")) for pod in self._pods())
        if claiming and not any(instance.key.kind == "PersistentVolumeClaim" for instance in self._instances):
            notes.append(f"{claiming} pods have volumes whose claims are not recorded: those not bound at the start find no node")
        if self._drained:
            notes.append(f"{len(self._drained)} drains: pods were evicted from cordoned nodes")
        return notes


def _only_scaled(former: Plain, wanted: Plain) -> int | None:
    """Return the new number of replicas (a Job's parallelism) if nothing else has changed."""
    name = "parallelism" if wanted.get("kind") == "Job" else "replicas"
    number = part(wanted, "spec").get(name)
    without = [{**one, "spec": {key: value for key, value in part(one, "spec").items() if key != name}} for one in (former, wanted)]
    return number if isinstance(number, int) and without[0] == without[1] and wanted.get("kind") in CONTROLLED else None


def _without_cordon(node: Plain) -> Plain:
    return {**node, "spec": {**node["spec"], "unschedulable": False}}


def _first_ready_us(node: Instance) -> int:
    for time_us, value in node.versions:
        if condition(value, "Ready").get("status") == "True":
            return time_us
    return node.created_us


def _cordoned_since(node: Instance, time_us: int) -> int | None:
    """Return since when a node was cordoned at a time; None if it was not."""
    since = None
    for seen_us, value in node.versions:
        if seen_us > time_us:
            break
        if not part(value, "spec").get("unschedulable"):
            since = None
        elif since is None:
            since = seen_us
    return since
