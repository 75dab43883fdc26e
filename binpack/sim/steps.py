"""From the steps of a scenario's timeline to events: what each field means, and which nodes it chooses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from binpack.control.apiserver.resources import ApiObject, is_namespaced
from binpack.model.defaulting import DEFAULT_NAMESPACE
from binpack.model.node import Node
from binpack.sim.components import COMPONENTS
from binpack.sim.known_workloads import KnownWorkloads
from binpack.sim.node_pools import ZONE, pool_nodes
from binpack.sim.scenario_format import DrainOf, NodeChoice, ScaleTo, SetImageOf, SlowImages, Step
from binpack.sim.some_names import some
from binpack.sim.timeline import (
    Apply,
    Cordon,
    Delete,
    Disconnect,
    Drain,
    FailNode,
    LimitPulls,
    Reconnect,
    RecoverNode,
    Scale,
    SetImage,
    SetLatency,
    StartComponents,
    StartKubelet,
    StopComponents,
    StopKubelet,
    TimelineEvent,
)

SCALABLE = ("Deployment", "ReplicaSet", "StatefulSet", "Job")
WITH_IMAGES = ("Deployment", "StatefulSet", "DaemonSet")

Refuse = Callable[[str, str], None]
"""Notes a mistake: the path of a field, and what is wrong with it."""


class StepReader:
    """Turns steps into events. Nodes are chosen among those that are there at a step's time, as far as the file tells.

    Parameters
    ----------
    nodes : sequence of Node
        There at the start.
    workloads : KnownWorkloads
        There at the start.
    recorded : sequence of TimelineEvent
        What a recording lets happen besides, in order of time.
    refuse : callable
        Takes the path of a field and what is wrong with it.
    time : callable
        Reads a duration: takes its path and text, returns microseconds, or None when it has refused it.
    manifests : callable
        Reads an entry of `apply`: takes its path and the entry.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        workloads: KnownWorkloads,
        recorded: Sequence[TimelineEvent] = (),
        *,
        refuse: Refuse,
        time: Callable[[str, str], int | None],
        manifests: Callable[[str, dict[str, object] | str], list[ApiObject]],
    ) -> None:
        self._refuse = refuse
        self._time = time
        self._manifests = manifests
        self._workloads = workloads
        self._recorded = deque(recorded)
        self._labels: dict[str, Mapping[str, str]] = {node.name: node.metadata.labels for node in nodes}

    def read(self, steps: Sequence[Step], until_us: int) -> list[TimelineEvent]:
        """Return the events of all steps, step by step as written."""
        events: dict[int, list[TimelineEvent]] = {}
        times = [self._time(f"timeline[{number}].at", step.at) or 0 for number, step in enumerate(steps)]
        for number in sorted(range(len(steps)), key=times.__getitem__):
            path, step = f"timeline[{number}]", steps[number]
            while self._recorded and self._recorded[0].time_us <= times[number]:
                self._follow(self._recorded.popleft())
            if times[number] > until_us:
                self._refuse(f"{path}.at", f'"{step.at}" (accepted: times up to the duration)')
            readers = (self._of_components, self._of_objects, self._of_nodes)
            events[number] = []
            for event in (event for reader in readers for event in reader(path, step, times[number])):
                self._workloads.follow(event)
                events[number].append(event)
        return [event for number in range(len(steps)) for event in events[number]]

    def _follow(self, event: TimelineEvent) -> None:
        """Take note of what a recording lets happen."""
        self._workloads.follow(event)
        if isinstance(event, Apply) and isinstance(event.object, Node):
            self._labels[event.object.name] = event.object.metadata.labels
        elif isinstance(event, Delete) and event.kind == "Node":
            self._labels.pop(event.name, None)

    def _of_components(self, path: str, step: Step, time_us: int) -> Iterator[TimelineEvent]:
        for number, slow in enumerate(step.slow_images):
            yield from self._slow_images(f"{path}.slowImages[{number}]", slow, time_us)
        for number, one in enumerate(step.api_latency):
            place = f"{path}.apiLatency[{number}]"
            components = one.components or COMPONENTS
            yield SetLatency(time_us, self._time(f"{place}.latency", one.latency) or 0, components)
            if (end_us := self._end(place, one.duration, time_us)) is not None:
                yield SetLatency(end_us, 0, components)
        if step.stop_components or step.restart_components:
            yield StopComponents(time_us, (*step.stop_components, *step.restart_components))
        if step.start_components or step.restart_components:
            yield StartComponents(time_us, (*step.start_components, *step.restart_components))

    def _slow_images(self, path: str, one: SlowImages, time_us: int) -> Iterator[TimelineEvent]:
        bytes_per_second = one.bandwidth.ceil_units()
        if bytes_per_second <= 0:
            self._refuse(f"{path}.bandwidth", f'"{one.bandwidth}" (accepted: bytes a second, above 0)')
        nodes = tuple(self._chosen(f"{path}.nodes", one.nodes))
        yield LimitPulls(time_us, bytes_per_second, nodes)
        if (end_us := self._end(path, one.duration, time_us)) is not None:
            yield LimitPulls(end_us, None, nodes)

    def _end(self, path: str, duration: str | None, time_us: int) -> int | None:
        """Return when something ends that holds for a time; None if it holds to the end."""
        if duration is None:
            return None
        lasts_us = self._time(f"{path}.duration", duration)
        if lasts_us == 0:
            self._refuse(f"{path}.duration", f'"{duration}" (accepted: durations above 0)')
        return None if not lasts_us else time_us + lasts_us

    def _of_objects(self, path: str, step: Step, time_us: int) -> Iterator[TimelineEvent]:
        for number, pool in enumerate(step.add_nodes):
            if pool.count < 1:
                self._refuse(f"{path}.addNodes[{number}].count", f"{pool.count} (accepted: whole numbers from 1)")
            for node in pool_nodes(pool):
                if node.name in self._labels:
                    self._refuse(f"{path}.addNodes[{number}].name", f'node "{node.name}" is there already (accepted: a new name)')
                self._labels[node.name] = node.metadata.labels
                yield Apply(time_us, node)
        for number, entry in enumerate(step.apply):
            for value in self._manifests(f"{path}.apply[{number}]", entry):
                if isinstance(value, Node):
                    self._labels[value.name] = value.metadata.labels
                yield Apply(time_us, value)  # type: ignore[arg-type]
        for one in step.delete:
            if one.kind == "Node":
                self._labels.pop(one.name, None)
            yield Delete(time_us, one.kind, one.name, (one.namespace or DEFAULT_NAMESPACE) if is_namespaced(one.kind) else "")
        for number, target in enumerate(step.scale):
            yield self._scale(f"{path}.scale[{number}]", target, time_us)
        for number, image in enumerate(step.set_image):
            yield self._set_image(f"{path}.setImage[{number}]", image, time_us)

    def _scale(self, path: str, target: ScaleTo, time_us: int) -> Scale:
        if target.kind not in SCALABLE:
            self._refuse(f"{path}.kind", f'"{target.kind}" (accepted: {", ".join(SCALABLE)})')
        if target.replicas < 0:
            self._refuse(f"{path}.replicas", f"{target.replicas} (accepted: whole numbers from 0)")
        if target.kind in SCALABLE:
            self._check_workload(path, target)
        return Scale(time_us, target.kind, target.name, target.namespace or DEFAULT_NAMESPACE, target.replicas)

    def _set_image(self, path: str, one: SetImageOf, time_us: int) -> SetImage:
        if one.kind not in WITH_IMAGES:
            self._refuse(f"{path}.kind", f'"{one.kind}" (accepted: {", ".join(WITH_IMAGES)})')
        if not one.image:
            self._refuse(f"{path}.image", '"" (accepted: the name of an image)')
        if one.kind in WITH_IMAGES:
            self._check_workload(path, one)
            names = self._workloads.containers(one.kind, one.namespace or DEFAULT_NAMESPACE, one.name)
            if names is not None and one.container not in names:
                self._refuse(f"{path}.container", f'no container "{one.container}" in {one.kind} {one.name} (accepted: {", ".join(names)})')
        return SetImage(time_us, one.kind, one.name, one.namespace or DEFAULT_NAMESPACE, one.container, one.image)

    def _check_workload(self, path: str, one: ScaleTo | SetImageOf) -> None:
        problem = self._workloads.missing(one.kind, one.namespace or DEFAULT_NAMESPACE, one.name)
        if problem is not None:
            self._refuse(f"{path}.name", problem)

    def _of_nodes(self, path: str, step: Step, time_us: int) -> Iterator[TimelineEvent]:
        yield from (Cordon(time_us, name) for name in self._chosen(f"{path}.cordon", step.cordon))
        yield from (Cordon(time_us, name, unschedulable=False) for name in self._chosen(f"{path}.uncordon", step.uncordon))
        yield from (self._drain(f"{path}.drain[{number}]", one, time_us) for number, one in enumerate(step.drain))
        yield from (FailNode(time_us, name) for name in self._chosen(f"{path}.failNodes", step.fail_nodes))
        yield from (RecoverNode(time_us, name) for name in self._chosen(f"{path}.recoverNodes", step.recover_nodes))
        yield from (FailNode(time_us, name) for name in self._in_zones(f"{path}.failZones", step.fail_zones))
        yield from (RecoverNode(time_us, name) for name in self._in_zones(f"{path}.healZones", step.heal_zones))
        yield from (StopKubelet(time_us, name) for name in self._chosen(f"{path}.stopKubelets", step.stop_kubelets))
        yield from (StartKubelet(time_us, name) for name in self._chosen(f"{path}.startKubelets", step.start_kubelets))
        yield from (Disconnect(time_us, name) for name in self._chosen(f"{path}.partition", step.partition))
        yield from (Reconnect(time_us, name) for name in self._chosen(f"{path}.heal", step.heal))
        for name in self._chosen(f"{path}.removeNodes", step.remove_nodes):
            self._labels.pop(name, None)
            yield Delete(time_us, "Node", name)

    def _drain(self, path: str, one: DrainOf, time_us: int) -> Drain:
        grace_seconds = one.grace_period_seconds
        if grace_seconds is not None and grace_seconds < 0:
            self._refuse(f"{path}.gracePeriodSeconds", f"{grace_seconds} (accepted: whole numbers from 0)")
        timeout_us = None if one.timeout is None else self._time(f"{path}.timeout", one.timeout)
        if timeout_us == 0:
            self._refuse(f"{path}.timeout", f'"{one.timeout}" (accepted: durations above 0)')
        nodes = self._chosen(f"{path}.nodes", one.nodes)
        if not one.nodes:
            self._refuse(f"{path}.nodes", "[] (accepted: at least one node)")
        return Drain(time_us, tuple(nodes), grace_seconds, timeout_us, one.force)

    def _in_zones(self, path: str, zones: Sequence[str]) -> list[str]:
        return [name for number, zone in enumerate(zones) for name in self._with_labels(f"{path}[{number}]", {ZONE: zone})]

    def _chosen(self, path: str, choices: Sequence[NodeChoice]) -> list[str]:
        """Return the names of chosen nodes, each once, in the order of the choices."""
        names: list[str] = []
        for number, choice in enumerate(choices):
            if isinstance(choice, str):
                if choice not in self._labels:
                    self._refuse(path, f'no node "{choice}" (accepted: {some(self._labels)})')
                names.append(choice)
                continue
            labels = choice.get("matchLabels")
            if set(choice) != {"matchLabels"} or not isinstance(labels, dict) or not labels or not _are_texts(labels):
                accepted = "a node's name, or {matchLabels: {key: value}} with texts"
                self._refuse(f"{path}[{number}]", f"{choice} (accepted: {accepted})")
            else:
                names += self._with_labels(f"{path}[{number}]", labels)
        return list(dict.fromkeys(names))

    def _with_labels(self, path: str, wanted: Mapping[str, str]) -> list[str]:
        found = [name for name, labels in self._labels.items() if wanted.items() <= labels.items()]
        if not found:
            written = ", ".join(f"{key}={value}" for key, value in wanted.items())
            keys = {f"{key}={labels[key]}" for labels in self._labels.values() for key in wanted if key in labels}
            self._refuse(path, f"no node with {written} at that time (accepted: {some(keys) or 'labels of nodes that are there'})")
        return found


def _are_texts(labels: Mapping[object, object]) -> bool:
    return all(isinstance(one, str) for pair in labels.items() for one in pair)
