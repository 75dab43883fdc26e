"""What a kubelet does for its node as a whole: pressure and eviction, the space for images, what the node's status says.

Source: pkg/kubelet/eviction/eviction_manager.go (synchronize), pkg/kubelet/images/image_gc_manager.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.control.apiserver.errors import ApiError
from binpack.control.clock import timestamp_of
from binpack.control.node.allocatable import node_allocatable
from binpack.control.node.api_access import ApiAccess
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.eviction import (
    CONDITION_OF_RESOURCE,
    eviction_condition,
    eviction_message,
    observe_signals,
    over_storage_limit,
    peaks_may_meet,
    ranked,
)
from binpack.control.node.machine import Machine
from binpack.control.node.node_pressure import RESOURCE_OF_SIGNAL, Observation, by_urgency, held_conditions, is_met
from binpack.control.node.node_status import reporting
from binpack.control.node.pod_lifecycle import COMPONENT, PodLifecycle
from binpack.control.node.pod_worker import NEVER, PodWorker
from binpack.control.node.usage import next_change_us
from binpack.control.records import EventSink, Record
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.quantity import Quantity
from binpack.model.requests import EPHEMERAL_STORAGE, PODS
from binpack.units import US_PER_S

_CLEANUP_US = 30 * US_PER_S
_STATUS_PERIOD_US = 10 * US_PER_S


class NodeManager:
    """Looks after nodes.

    Parameters
    ----------
    api : ApiAccess
    sink : EventSink
    configuration : KubeletConfiguration
    lifecycle : PodLifecycle
        Ends the pods that are evicted.
    """

    def __init__(self, api: ApiAccess, sink: EventSink, configuration: KubeletConfiguration, lifecycle: PodLifecycle) -> None:
        self._api = api
        self._store = api.store
        self._sink = sink
        self._configuration = configuration
        self._lifecycle = lifecycle

    def with_allocatable(self, node: Node) -> Node:
        """Return a node with the allocatable that follows from its capacity and the configuration, as far as that says something."""
        configuration = self._configuration
        if configuration.max_pods is not None:
            pods = {PODS: Quantity.of(configuration.max_pods)}
            capacity, allocatable = {**node.status.capacity, **pods}, {**(node.status.allocatable or {}), **pods}
            node = replace(node, status=replace(node.status, capacity=capacity, allocatable=allocatable))
        if configuration.kube_reserved is None and configuration.system_reserved is None:
            return node
        allocatable = node_allocatable(
            node.status.capacity, configuration.kube_reserved or {}, configuration.system_reserved or {}, configuration.eviction
        )
        return replace(node, status=replace(node.status, allocatable=allocatable))

    def next_due_us(self, machine: Machine) -> int:
        """Return when there is something to look at."""
        due_us = min(machine.pressure_due_us, machine.garbage_due_us)
        if machine.images_change_us != NEVER:
            due_us = min(due_us, machine.next_tick_us(machine.images_change_us, _STATUS_PERIOD_US))
        if machine.users or machine.conditions:
            due_us = min(due_us, self._next_look_us(machine))
        return due_us

    def look_around(self, machine: Machine) -> list[PodWorker]:
        """Do what is due, and return the pods that were evicted."""
        node, now_us = self._store.find(Node, machine.name), self._store.clock.now_us
        if node is None:
            return []
        machine.pressure_due_us = NEVER
        evicted = self._look_at_pressure(machine, node, now_us)
        if machine.garbage_due_us <= now_us:
            machine.garbage_due_us = NEVER
            self._collect_images(machine, node, now_us)
        if machine.images_change_us <= now_us:
            self._plan_garbage(machine, node, now_us)
        if machine.reports:
            self._report(machine, node, now_us)
        return evicted

    # The node's status

    def _report(self, machine: Machine, node: Node, now_us: int) -> None:
        pending = [image.here_us for image in machine.images.held.values() if image.here_us > now_us]
        if machine.images_change_us <= now_us:
            machine.images_change_us = min(pending, default=NEVER)
            node = replace(node, status=replace(node.status, images=machine.images.report(now_us)))
        shown = {one.type for one in node.status.conditions if one.status == "True"} & set(CONDITION_OF_RESOURCE.values())
        if shown != set(machine.conditions):
            node = reporting(node, timestamp_of(now_us), machine.conditions)
        self.write_status(machine, node)

    def write_status(self, machine: Machine, node: Node) -> None:
        """Write a node's status; one that is refused is written again later, with the images that there are then."""
        try:
            self._api.writer.update_status(node)
        except ApiError:
            now_us = self._store.clock.now_us
            machine.retry_later(now_us)
            if machine.images.held:
                machine.images_change_us = min(machine.images_change_us, now_us)

    # Images

    def _plan_garbage(self, machine: Machine, node: Node, now_us: int) -> None:
        """Look at the space for images at the next occasion if there is too little."""
        used, capacity = self._disk(machine, node, now_us)
        if capacity and used * 100 >= self._configuration.image_gc_high_percent * capacity:
            machine.garbage_due_us = machine.next_tick_us(now_us + 1, self._configuration.image_gc_period_us)

    def _collect_images(self, machine: Machine, node: Node, now_us: int) -> None:
        used, capacity = self._disk(machine, node, now_us)
        configuration = self._configuration
        if not capacity or used * 100 < configuration.image_gc_high_percent * capacity:
            return
        to_free = used - configuration.image_gc_low_percent * capacity // 100
        self._remove_images(machine, to_free, now_us)
        self._plan_garbage(machine, node, now_us)

    def _remove_images(self, machine: Machine, to_free: int, now_us: int) -> None:
        in_use = {one.container.image for worker in machine.alive() for one in worker.plan.containers}
        if machine.images.collect(to_free, in_use, now_us, self._configuration.image_minimum_age_us):
            machine.images_change_us = min(machine.images_change_us, now_us)

    def _disk(self, machine: Machine, node: Node, now_us: int) -> tuple[int, int]:
        observed = observe_signals(machine, node, self._configuration, now_us).get("imagefs.available")
        return (0, 0) if observed is None else (observed.capacity - observed.available, observed.capacity)

    # Pressure

    def _next_look_us(self, machine: Machine) -> int:
        """Return when the signals may say something else than now."""
        node, now_us = self._store.find(Node, machine.name), self._store.clock.now_us
        if node is None:
            return NEVER
        configuration, record = self._configuration, machine.pressure
        tick_us = machine.next_tick_us(now_us + 1, configuration.eviction_period_us)
        if record.victim:
            return record.waits_until_us
        if record.first_met_us or self._met(observe_signals(machine, node, configuration, now_us), record.met):
            return tick_us
        times = [time_us + configuration.pressure_transition_us for time_us in record.seen_us.values()]
        if any(over_storage_limit(worker, now_us) for worker in machine.alive()):
            times.append(tick_us)
        if peaks_may_meet(machine, node, configuration):
            times += [next_change_us(worker, now_us) for worker in machine.alive() if worker.plan.has_usage]
        soonest = min(times, default=NEVER)
        return NEVER if soonest == NEVER else max(machine.next_tick_us(soonest, configuration.eviction_period_us), tick_us)

    def _met(self, observations: dict[str, Observation], before: Sequence[int]) -> list[int]:
        """Return the numbers of the thresholds that are met; one that was met before, until its reclaim is reached, too."""
        return [
            number
            for number, threshold in enumerate(self._configuration.eviction)
            if threshold.signal in observations and is_met(threshold, observations[threshold.signal], enforces_reclaim=number in before)
        ]

    def _look_at_pressure(self, machine: Machine, node: Node, now_us: int) -> list[PodWorker]:
        configuration, record = self._configuration, machine.pressure
        if not machine.users and not machine.conditions and not machine.images.held:
            return []
        if record.victim and now_us < record.waits_until_us:
            return []
        record.victim = ""
        observations = observe_signals(machine, node, configuration, now_us)
        met = self._met(observations, record.met)
        record.first_met_us = {number: record.first_met_us.get(number, now_us) for number in met}
        for number in met:
            record.seen_us[CONDITION_OF_RESOURCE[RESOURCE_OF_SIGNAL[configuration.eviction[number].signal]]] = now_us
        machine.conditions = tuple(held_conditions(record.seen_us, configuration.pressure_transition_us, now_us))
        record.seen_us = {kind: record.seen_us[kind] for kind in machine.conditions}
        record.met = tuple(number for number in met if now_us - record.first_met_us[number] >= configuration.eviction[number].grace_us)
        over = [worker for worker in machine.alive() if worker.stage != "stopping" and over_storage_limit(worker, now_us)]
        if over:
            for worker in over:
                self._evict(worker, over_storage_limit(worker, now_us), 1, now_us)
            return over
        return self._reclaim(machine, node, record.met, observations, now_us)

    def _reclaim(
        self, machine: Machine, node: Node, met: Sequence[int], observations: dict[str, Observation], now_us: int
    ) -> list[PodWorker]:  # fmt: skip
        """Evict one pod for the most urgent of the thresholds, unless removing images is enough."""
        configuration = self._configuration
        thresholds = {configuration.eviction[number].signal: configuration.eviction[number] for number in reversed(met)}
        for signal in by_urgency(thresholds)[:1]:
            threshold, observed = thresholds[signal], observations[signal]
            resource = RESOURCE_OF_SIGNAL[signal]
            self._sink.record(now_us, COMPONENT, Record(node, "Warning", "EvictionThresholdMet", f"Attempting to reclaim {resource}"))
            if resource == EPHEMERAL_STORAGE:
                self._remove_images(machine, observed.capacity, now_us)
                observed = observe_signals(machine, node, configuration, now_us)[signal]
                if not is_met(threshold, observed, enforces_reclaim=True):
                    return []
            for worker in ranked(machine, resource, now_us):
                grace = 1
                if threshold.grace_us:
                    own = worker.pod.spec.termination_grace_period_seconds or 0
                    grace = max(min(configuration.eviction_max_pod_grace_seconds, own), 1)
                self._evict(worker, eviction_message(worker, resource, threshold, observed, now_us), grace, now_us)
                machine.pressure.victim = worker.uid if worker.is_alive else ""
                machine.pressure.waits_until_us = now_us + _CLEANUP_US
                return [worker]
        return []

    def _evict(self, worker: PodWorker, message: str, grace_seconds: int, now_us: int) -> None:
        worker.reason, worker.message, worker.disruption = "Evicted", message, eviction_condition(message)
        self._sink.record(now_us, COMPONENT, Record(worker.pod, "Warning", "Evicted", message))
        self._lifecycle.stop(worker, grace_seconds, now_us)
